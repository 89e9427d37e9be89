"""Bugs in what is kept between operations and in who asks: cache keys, cursors, connections, scopes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from resolvers import pages
from resolvers.compiled import paging, slots
from resolvers.compiled.operation import CompiledOperation
from resolvers.compiled.roots import ReadableTypes
from resolvers.connection import Connection, State
from resolvers.cursors import belonging
from resolvers.documents import Documents
from resolvers.reference import resolvers
from schema.global_id import parse_global_id
from security import principal
from security.capabilities import Capabilities
from security.principal import Principal
from security.roles import ROLES, capabilities_of
from security.rows import Claim
from tests.model.world import GRAPH
from tests.planted.planting import COMPILED, POLICIES, REFERENCE, Bug, Patch, Plant, instead, on, wrapped

_ROLES = ("sales", "customer")
_CLAIMS = 3
"""Parts of a plan's key that tell which claims somebody has."""


def _documents_of_everybody(prepare: Callable[..., Any]) -> Callable[..., Any]:
    first: dict[str, Any] = {}
    return lambda self, text, name, seen, **named: prepare(self, text, name, first.setdefault(text, seen), **named)


def _cursors_without(part: int) -> Plant:
    """Let a cursor not belong to its field (0), ordering (1) or filter (2)."""

    def plant(patch: Patch) -> None:
        empty: list[Any] = ["", None, None]

        def broken(*arguments: Any) -> bytes:
            if part == 1:
                return belonging(arguments[0], replace(arguments[1], steps=arguments[1].steps[-1:]), *arguments[2:])
            return belonging(*(empty[at] if at == part else one for at, one in enumerate(arguments)))

        patch.setattr(pages, "belonging", broken)
        patch.setattr(paging, "belonging", broken)

    return plant


def _never_again(show: Callable[..., Any]) -> Callable[..., Any]:
    async def shown(self: Connection, state: State) -> None:
        if self.state is None:
            await show(self, state)

    return shown


def _by_rights(show: Callable[..., Any]) -> Callable[..., Any]:
    async def shown(self: Connection, state: State) -> None:
        if self.state is None or self.state[0] != state[0]:
            await show(self, state)

    return shown


def _settings_without(name: str) -> property:
    settings = vars(Principal)["settings"].func
    return property(lambda self: tuple((n, "" if n == name else value) for n, value in settings(self)))


def _settings_unquoted() -> property:
    settings = vars(Principal)["settings"].func
    return property(lambda self: tuple((name, value.replace("\\", "")) for name, value in settings(self)))


def _same_number(self: Capabilities, other: object) -> bool:
    return isinstance(other, Capabilities) and len(self.granted) == len(other.granted)


async def _row_of_any_entity(running: Any, text: str) -> Any:
    type_name, key = parse_global_id(text)
    return await resolvers._row(running, GRAPH[type_name], key)


def _without_scopes(roles: Any, _scopes: Any) -> Capabilities:
    return Capabilities.of(name for role in roles for name in ROLES[role].granted)


def _scopes_add(roles: Any, scopes: Any) -> Capabilities:
    return Capabilities.of([*_without_scopes(roles, None), *(scopes or ())])


def _plant_equal_sets(patch: Patch) -> None:
    patch.setattr(Capabilities, "__eq__", _same_number)
    patch.setattr(Capabilities, "__hash__", lambda self: len(self.granted))


BUGS = (
    Bug(
        "documents are kept without the capabilities that they were valid for",
        wrapped(Documents, "prepare", _documents_of_everybody),
        focus=on("Order", "Customer"),
    ),
    Bug(
        "plans are kept without the shape of claims",
        wrapped(CompiledOperation, "_shape", lambda shape: lambda *asked: shape(*asked)[:-_CLAIMS]),
        roles=_ROLES,
        focus=on("Customer", "Order", kinds=("page",)),
    ),
    Bug(
        "plans have claims of whoever asked first in them",
        wrapped(slots, "is_open", lambda is_open: lambda operand: not isinstance(operand, Claim) and is_open(operand)),
        roles=("customer",),
        people=9,
        focus=on("Customer", "Order", kinds=("page",)),
    ),
    Bug("schemas are kept by the number of capabilities", _plant_equal_sets, people=30, builds_schemas=True),
    Bug(
        "cursors belong to no field",
        _cursors_without(0),
        roles=("admin",),
        focus=on("Order", "Customer", kinds=("page",)),
    ),
    Bug("cursors belong to no ordering", _cursors_without(1), roles=("admin",), focus=on("Order", kinds=("page",))),
    Bug("cursors belong to no filter", _cursors_without(2), roles=("admin",), focus=on("Order", kinds=("page",))),
    Bug(
        "a connection is told only once who looks",
        wrapped(Connection, "show", _never_again),
        POLICIES,
        _ROLES,
        on("Customer", "Order"),
    ),
    Bug(
        "a connection is told who looks only where rights differ",
        wrapped(Connection, "show", _by_rights),
        POLICIES,
        _ROLES,
        on("Customer", "Order"),
    ),
    *(
        Bug(
            f"the policies are not told of {name}",
            instead(Principal, "settings", _settings_without(f"gateway.{name}")),
            POLICIES,
            roles,
            on("Customer", "Price", "Warehouse"),
        )
        for name, roles in (
            ("capabilities", ("admin",)),
            ("customer_id", ("customer",)),
            ("regions", ("sales",)),
            ("warehouse_ids", ("operations",)),
        )
    ),
    Bug(
        "quotes in claims are not escaped for the policies",
        instead(Principal, "settings", _settings_unquoted()),
        POLICIES,
        ("sales",),
        on("Customer"),
        people=30,
    ),
    Bug(
        "`node` takes ids of entities that do not exist for the asker",
        instead(ReadableTypes, "__getitem__", lambda types, name: types.make(GRAPH[name])),
        COMPILED,
        ("support", "customer"),
        on("PurchaseOrder", "Warehouse", "Order", kinds=("node",)),
    ),
    Bug(
        "on the reference path `node` takes ids of entities that do not exist for the asker",
        instead(resolvers, "_any_row", _row_of_any_entity),
        REFERENCE,
        ("support", "customer"),
        on("PurchaseOrder", "Warehouse", "Order", kinds=("node",)),
    ),
    Bug(
        "scopes are ignored",
        instead(principal, "capabilities_of", _without_scopes),
        roles=("agent",),
        focus=on("Customer", "Order"),
        builds_schemas=True,
    ),
    Bug(
        "scopes add to what roles grant",
        instead(principal, "capabilities_of", _scopes_add),
        roles=("agent", "support"),
        builds_schemas=True,
    ),
    Bug(
        "an agent has the rights of whom it acts for",
        lambda patch: patch.setattr(
            Principal,
            "capabilities",
            property(lambda self: capabilities_of(self.roles, self.scopes)),
        ),
        roles=("admin",),
        builds_schemas=True,
    ),
)
