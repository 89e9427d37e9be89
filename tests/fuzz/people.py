"""Random principals: any roles, claims and scopes that a token can have, not only those that make sense."""

import random
from dataclasses import replace

from security.principal import Actor, Principal
from security.roles import Role
from tests.fuzz.data import REGIONS
from tests.fuzz.rights import CAPABILITIES, GRANTS, REACHES
from tests.rows import Data

_ACTED_FOR = 0.15
_ALIKE = 3
"""Principals with the same roles and scopes and other claims, who share whatever is kept for their capabilities."""


def random_people(
    chance: random.Random, data: Data, number: int, roles: tuple[str, ...] = (), scopes: tuple[str, ...] = ()
) -> list[Principal]:
    """Return principals, some of whom differ in claims only; of the roles and with the scopes named, if any."""
    found: list[Principal] = []
    while len(found) < number:
        held = frozenset(Role(name) for name in _roles(chance, roles or tuple(GRANTS)))
        own = frozenset(scopes) if scopes else _scopes(chance, held)
        actor = _actor(chance) if chance.random() < _ACTED_FOR and not scopes else None
        for _ in range(_ALIKE):
            somebody = _somebody(chance, data, len(found))
            found.append(replace(somebody, roles=held, scopes=own, actor=actor))
    return found[:number]


def _roles(chance: random.Random, among: tuple[str, ...]) -> list[str]:
    return chance.sample(among, min(len(among), chance.choice((1, 1, 1, 2, 3))))


def _scopes(chance: random.Random, roles: frozenset[Role]) -> frozenset[str] | None:
    if chance.random() < (0.1 if Role.AGENT in roles else 0.7):
        return None
    granted = sorted({f"{name}" for role in roles for name in GRANTS[role]})
    if chance.random() < 0.75:
        # All that is useful to the roles, but for a few.
        return frozenset(name for name in granted if chance.random() < 0.85)
    some = chance.sample(CAPABILITIES, chance.randint(0, 8))
    return frozenset(name if chance.random() < 0.6 else f"{name}:{chance.choice(REACHES)}" for name in some)


def _actor(chance: random.Random) -> Actor:
    roles = frozenset({Role.AGENT} if chance.random() < 0.7 else map(Role, _roles(chance, tuple(GRANTS))))
    return Actor("somebody's agent", roles, _scopes(chance, roles))


def _somebody(chance: random.Random, data: Data, number: int) -> Principal:
    """Return somebody with claims and without rights."""
    pharmacies = [row["id"] for row in data.tables["customers"]]
    warehouses = [row["id"] for row in data.tables["warehouses"]]
    return Principal(
        subject=f"somebody {number}",
        roles=frozenset(),
        customer_id=chance.choice([*pharmacies, 999_999]) if chance.random() < 0.7 else None,
        regions=tuple(chance.sample(REGIONS, chance.choice((0, 0, 1, 1, 2, 3)))),
        warehouse_ids=tuple(chance.sample(warehouses, chance.choice((0, 0, 1, 2)))),
    )
