"""Bugs at exits: one of the ways to a row forgets the row rule of what it leads to."""

from dataclasses import replace

import sqlalchemy as sa

from resolvers.compiled import groups as compiled_groups
from resolvers.compiled.connections import _Connection
from resolvers.compiled.groups import _Groups
from resolvers.compiled.objects import ObjectCompiler
from resolvers.compiled.rows import RowCompiler
from resolvers.reference import aggregates, resolvers
from resolvers.reference.loaders import CountByParentLoader, PageByParentLoader, RowByKeyLoader
from resolvers.sql.groups import Grouping
from resolvers.sql.scope import all_hold
from resolvers.sql.where import Filters
from schema.derive import inputs
from schema.model import Model
from security.rows import RowRule
from tests.fuzz.gateway import Way
from tests.planted.planting import BOTH_PATHS, COMPILED, REFERENCE, Bug, Patch, Plant, blind, instead, on

_ROLES = ("sales", "customer")
_PHARMACIES = ("Order", "Customer", "Interaction", "OrderItem")


def _exit(
    about: str, plant: Plant, ways: tuple[Way, ...] = COMPILED, kinds: tuple[str, ...] = (), *entities: str
) -> Bug:
    return Bug(about, plant, ways, _ROLES, on(*(entities or _PHARMACIES), kinds=kinds))


def _counting(about: str, plant: Plant, *entities: str, rude: bool = False, builds_schemas: bool = False) -> Bug:
    """Look at what somebody is told of who may count and not read."""
    focus = on(*entities, kinds=("groups",), rude=rude)
    return Bug(about, plant, BOTH_PATHS, ("analyst",), focus, builds_schemas=builds_schemas)


def _mixed(about: str, plant: Plant, *, rude: bool = False, builds_schemas: bool = False) -> Bug:
    """Look at what somebody is told who may read some of the rows that it counts."""
    scopes = (
        *("customers:read:aggregate", "customers:read:territory", "customers.pii:read", "customers.credit:read"),
        *("orders:read:aggregate", "orders:read:territory", "orders.notes:read"),
    )
    focus = on("Customer", "Order", kinds=("groups",), rude=rude)
    return Bug(about, plant, BOTH_PATHS, ("admin",), focus, scopes, builds_schemas=builds_schemas)


def _plant_groups_of_any_size(patch: Patch) -> None:
    for module in (compiled_groups, aggregates):
        patch.setattr(module, "told_groups", lambda groups, *_: groups)


def _plant_keys_to_choose_by(patch: Patch) -> None:
    patch.setattr(Model, "comparable", property(lambda model: model.fields))
    add_filter = inputs._add_filter
    patch.setattr(inputs, "_add_filter", lambda types, model: add_filter(types, replace(model, readable=True)))


BUGS = (
    _counting("groups of one row are told", _plant_groups_of_any_size, "Order", "Customer", "InventoryItem"),
    _counting("orders of one pharmacy are a group", instead(RowRule, "owner", None), "Order", "OrderItem"),
    _counting(
        "who may not read rows counts them in and out by their keys",
        _plant_keys_to_choose_by,
        "Order",
        "Customer",
        rude=True,
        builds_schemas=True,
    ),
    Bug(
        "groups are told of few where others may be read",
        instead(sa.func, "bool_and", lambda _: sa.true()),
        roles=("admin",),
        scopes=("orders:read:aggregate", "orders:read:territory", "customers:read:aggregate"),
        focus=on("Order", kinds=("groups",)),
    ),
    _mixed(
        "groups tell what is sensitive of rows that are only counted",
        instead(Model, "measured", property(lambda model: model.fields)),
        rude=True,
        builds_schemas=True,
    ),
    _mixed(
        "rows that are only counted are chosen by their keys, and by what is sensitive in them",
        instead(Filters, "_of_readable", lambda _self, _model, _source, conditions: all_hold(*conditions)),
    ),
    _exit("a page shows hidden rows", blind(_Connection, "_source"), COMPILED, ("page",)),
    _exit("totals count hidden rows", blind(_Connection, "_count"), COMPILED, ("page",)),
    _exit("a row by its id is shown to anybody", blind(RowCompiler, "root"), COMPILED, ("row",)),
    _exit(
        "a link to one row forgets the rule of what it leads to",
        blind(ObjectCompiler, "_link"),
        COMPILED,
        ("page",),
        "Product",
        "CustomerTier",
        "InventoryItem",
    ),
    _exit(
        "filters look through links at hidden rows",
        blind(Filters, "_exists"),
        COMPILED,
        ("page",),
        "Product",
        "CustomerTier",
    ),
    _exit("groups have hidden rows in them", blind(_Groups, "_groups"), COMPILED, ("groups",)),
    Bug(
        "groups are told of hidden rows that theirs link to",
        blind(Grouping, "joined_source"),
        roles=("admin",),
        scopes=("orders:read", "customers:read:own"),
        people=3,
        focus=on("Order", kinds=("groups",)),
    ),
    _exit("`node` shows hidden rows", blind(RowCompiler, "node"), COMPILED, ("node",)),
    _exit("`nodes` shows hidden rows", blind(RowCompiler, "nodes"), COMPILED, ("node",)),
    _exit("on the reference path `node` shows hidden rows", blind(resolvers, "_any_row"), REFERENCE, ("node",)),
    _exit("on the reference path a page shows hidden rows", blind(resolvers, "root_connection"), REFERENCE, ("page",)),
    _exit("on the reference path groups have hidden rows", blind(resolvers, "groups"), REFERENCE, ("groups",)),
    _exit("a loader of rows forgets the rule", blind(RowByKeyLoader, "batch_load_fn"), REFERENCE, ("row", "node")),
    _exit(
        "a loader of pages forgets the rule",
        blind(PageByParentLoader, "batch_load_fn"),
        REFERENCE,
        ("page",),
        "Product",
        "CustomerTier",
    ),
    _exit(
        "a loader of counts forgets the rule",
        blind(CountByParentLoader, "batch_load_fn"),
        REFERENCE,
        ("page",),
        "Product",
        "CustomerTier",
    ),
)
