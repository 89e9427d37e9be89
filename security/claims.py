"""What a verified token claims, read strictly: a claim of an unexpected type refuses the token."""

import re
from collections.abc import Mapping
from typing import Any, Final

from security.principal import Actor, Principal
from security.roles import Role

MAX_SUBJECT_LENGTH: Final = 255
MAX_TOKEN_ID_LENGTH: Final = 255
MAX_LISTED: Final = 200
MAX_REGION_LENGTH: Final = 100
MAX_ID: Final = 2**63 - 1

# What an actor is whose claim says no more than who it is.
_ACTOR_ROLES: Final = frozenset({Role.AGENT})

# RFC 6749, section 3.3.
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+")


class MalformedClaims(Exception):
    """A claim is missing or has a value that it can't have; the text names the claim and never its value."""


def principal_of(claims: Mapping[str, Any]) -> Principal:
    """Return the principal that the claims describe."""
    scopes = _scopes(claims["scope"]) if "scope" in claims else None
    return Principal(
        subject=subject_of(claims["sub"]),
        roles=_roles(claims["roles"]),
        scopes=scopes,
        customer_id=_id(claims["customer_id"], "customer_id") if "customer_id" in claims else None,
        regions=tuple(_region(region) for region in _list(claims.get("regions", []), "regions")),
        warehouse_ids=_warehouse_ids(claims["warehouse_ids"]) if "warehouse_ids" in claims else (),
        actor=_actor(claims["act"], scopes) if "act" in claims else None,
    )


def claims_of(principal: Principal) -> dict[str, Any]:
    """Return the claims that describe the principal: the reverse of `principal_of`."""
    claims: dict[str, Any] = {"sub": principal.subject, "roles": sorted(principal.roles)}
    if principal.scopes is not None:
        claims["scope"] = " ".join(sorted(principal.scopes))
    if principal.customer_id is not None:
        claims["customer_id"] = principal.customer_id
    if principal.regions:
        claims["regions"] = list(principal.regions)
    if principal.warehouse_ids:
        claims["warehouse_ids"] = list(principal.warehouse_ids)
    if principal.actor is not None:
        claims["act"] = _claims_of_actor(principal.actor)
    return claims


def _actor(value: object, scopes: frozenset[str] | None) -> Actor:
    """Return who acts; its scopes are the token's unless its own claim has others."""
    if not isinstance(value, dict):
        raise MalformedClaims("act is no object")
    if "act" in value:
        # RFC 8693, 4.1, lets a chain of earlier actors be told, who have no say in the rights.
        raise MalformedClaims("act holds another act")
    try:
        return Actor(
            subject=subject_of(value.get("sub")),
            roles=_roles(value["roles"]) if "roles" in value else _ACTOR_ROLES,
            scopes=_scopes(value["scope"]) if "scope" in value else scopes,
        )
    except MalformedClaims as error:
        raise MalformedClaims(f"act whose {error}") from None


def _claims_of_actor(actor: Actor) -> dict[str, Any]:
    claims: dict[str, Any] = {"sub": actor.subject, "roles": sorted(actor.roles)}
    if actor.scopes is not None:
        claims["scope"] = " ".join(sorted(actor.scopes))
    return claims


def subject_of(value: object) -> str:
    """Return a `sub`; `MalformedClaims` where it is no name."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_SUBJECT_LENGTH or not value.isprintable():
        raise MalformedClaims("sub is no name")
    return value


def token_id_of(value: object) -> str:
    """Return a `jti`; `MalformedClaims` where it is no name."""
    if not isinstance(value, str) or not 0 < len(value) <= MAX_TOKEN_ID_LENGTH:
        raise MalformedClaims("jti is no name")
    return value


def _roles(value: object) -> frozenset[Role]:
    names = _list(value, "roles")
    known = {str(role) for role in Role}
    if not names or any(not isinstance(name, str) or name not in known for name in names):
        raise MalformedClaims("roles names no role or one that does not exist")
    return frozenset(Role(name) for name in names)


def _scopes(value: object) -> frozenset[str]:
    if not isinstance(value, str):
        raise MalformedClaims("scope is no text")
    scopes = value.split(" ") if value else []
    if len(scopes) > MAX_LISTED or not all(_SCOPE.fullmatch(scope) for scope in scopes):
        raise MalformedClaims("scope is no list of scopes with single spaces between")
    return frozenset(scopes)


def _region(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= MAX_REGION_LENGTH or not value.isprintable():
        raise MalformedClaims("regions holds something else than names")
    return value


def _warehouse_ids(value: object) -> tuple[int, ...]:
    ids = tuple(_id(number, "warehouse_ids") for number in _list(value, "warehouse_ids"))
    if not ids:
        # Who may use no warehouse must not be taken for somebody whom none was named for, and who sees all.
        raise MalformedClaims("warehouse_ids is empty")
    return ids


def _id(value: object, claim: str) -> int:
    # `True` is an int to isinstance, and would be pharmacy 1.
    if type(value) is not int or not 0 < value <= MAX_ID:
        raise MalformedClaims(f"{claim} holds something else than ids")
    return value


def _list(value: object, claim: str) -> list[Any]:
    if not isinstance(value, list) or len(value) > MAX_LISTED:
        raise MalformedClaims(f"{claim} is no list, or one too long")
    return value
