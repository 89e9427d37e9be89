"""Mutants of the declarations, made from them one by one: each right of each role, each rule and each gated field."""

from collections.abc import Iterator

from schema.model import Model
from security import roles
from security.capabilities import Capabilities
from security.rows import RowRule, _Both, _Either
from tests.fuzz.chance import Focus
from tests.fuzz.rights import NEEDS, NEEDS_MORE
from tests.model.world import GRAPH
from tests.planted.planting import Bug, Patch, Plant, on, rows_of, ungated


def mutants() -> Iterator[Bug]:
    """Yield a mutant for each capability of each role, each word of each row rule, and each `read=`."""
    yield from _of_roles()
    for model in GRAPH:
        yield from _of_rules(model)
        for name, field in model.fields.items():
            if field.read:
                yield Bug(
                    f"{model.name}.{name} without read=",
                    ungated(model.name, name),
                    roles=("admin",),
                    scopes=(model.rows.capability,),
                    people=3,
                    focus=on(model.name, kinds=("page",), rude=True),
                    builds_schemas=True,
                )


def _of_roles() -> Iterator[Bug]:
    for role, capabilities in roles.ROLES.items():
        # Other rights open no entity; their own tests try them.
        for capability in (name for name in capabilities if _name(name) in _OPENING):
            yield Bug(
                f"{role} without {capability}",
                _with_role(role, capabilities.granted - {capability}),
                roles=(role,),
                scopes=tuple(capabilities),
                people=3,
                focus=_about(capability),
                builds_schemas=True,
            )


def _with_role(role: roles.Role, granted: frozenset[str]) -> Plant:
    def plant(patch: Patch) -> None:
        patch.setitem(roles.ROLES, role, Capabilities.of(granted))

    return plant


def _about(capability: str) -> Focus:
    """Look at the entities that a capability opens, or has fields of."""
    name = _name(capability)
    opened = [entity for entity, needed in NEEDS.items() if needed == name]
    return on(*(opened or dict.fromkeys(entity for (entity, _), needed in NEEDS_MORE.items() if needed == name)))


def _name(capability: str) -> str:
    """Return a capability without its reach."""
    return ":".join(capability.split(":")[:2])


_OPENING = {*NEEDS.values(), *NEEDS_MORE.values()}
"""The capabilities that open entities or fields of them."""


def _of_rules(model: Model) -> Iterator[Bug]:
    for rule in _without_a_word(model.rows):
        try:
            _ = rule.capability
        except TypeError:
            # Such an entity does not import.
            continue
        yield Bug(
            f"{model.name} with rows={rule}",
            rows_of(model.name, rule),
            roles=("sales", "customer", "operations"),
            people=18,
            focus=on(model.name),
            builds_schemas=True,
        )


def _without_a_word(rule: RowRule) -> Iterator[RowRule]:
    """Yield the rule without each of its words, and with `|` and `&` in each other's place."""
    if isinstance(rule, _Either | _Both):
        yield from (rule.left, rule.right)
        kind, other = type(rule), _Both if isinstance(rule, _Either) else _Either
        yield other(rule.left, rule.right)
        yield from (kind(left, rule.right) for left in _without_a_word(rule.left))
        yield from (kind(rule.left, right) for right in _without_a_word(rule.right))
