"""Groups have the members, measures and order that they have when rows are put together one at a time."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.model import Model
from tests.graph import MAX_PAGE_SIZE, Asking
from tests.model.filters import matches
from tests.model.groups import Path, groups, path_of
from tests.model.told import told_to
from tests.model.viewers import ADMIN, ANALYST, CUSTOMER, SALES, SALES_AND_ANALYST, Viewer
from tests.model.world import GRAPH, World
from tests.operations import Choices, Given, orders_of_groups
from tests.profiles import examples

VIEWERS = (ADMIN, SALES, CUSTOMER, ANALYST, SALES_AND_ANALYST)
CHOICES = {viewer: Choices(GRAPH.seen_by(viewer.principal.capabilities)) for viewer in VIEWERS}


@pytest.mark.parametrize("viewer", VIEWERS, ids=str)
@examples(40)
@given(data=st.data())
async def test_groups_are_those_of_the_model(ask_unguarded: Asking, viewer: Viewer, data: st.DataObject) -> None:
    choices = CHOICES[viewer]
    model = choices.graph[data.draw(choices.countable(), label="entity")]
    group_by = data.draw(choices.groupings(model.name), label="groupBy")
    order_by = data.draw(orders_of_groups(model), label="orderBy")
    where = data.draw(st.one_of(st.just({}), choices.filters(model.name, 2)), label="where")
    first = data.draw(st.sampled_from([None, 1, 5]), label="first")

    told = await ask_unguarded(
        f"""query($groupBy: [{model.name}GroupBy!], $orderBy: [{model.name}AggregateOrderBy!],
                  $where: {model.name}Filter, $first: Int) {{
            groups: {model.plural}Aggregate(groupBy: $groupBy, orderBy: $orderBy, where: $where, first: $first) {{
                {_key([path_of(model, entry) for entry in group_by])} count {_measures(model)}
            }}
        }}""",
        viewer.principal,
        {"groupBy": group_by, "orderBy": order_by, "where": where, "first": first},
    )

    world = World(viewer.counts, viewer.sees) if model.counts_unseen else World(viewer.sees)
    rows = [row for row in world.rows(model) if matches(world, model, row, where)]
    expected = groups(world, model, rows, group_by, order_by, is_told=told_to(viewer, model))
    assert told.data["groups"] == expected[: first or MAX_PAGE_SIZE]
    assert len(told.statements) == 1


def _key(paths: list[Path]) -> str:
    """Return the selection of a key that is made of the paths."""
    if not paths:
        return ""
    return "key " + _selection(paths)


def _selection(paths: list[Path]) -> str:
    inner: dict[str, list[Path]] = {}
    for name, *rest in paths:
        inner.setdefault(name, [])
        if rest:
            inner[name].append(tuple(rest))
    parts = (f"{name} {_selection(below)}" if below else name for name, below in inner.items())
    return "{ " + " ".join(parts) + " }"


def _measures(model: Model) -> str:
    numbers = " ".join(field.name for field in model.measured.values() if field.kind.is_number)
    ordered = " ".join(field.name for field in model.measured.values() if field.kind.is_ordered)
    told = f"sum {{ {numbers} }} avg {{ {numbers} }}" if numbers else ""
    return told + (f" min {{ {ordered} }} max {{ {ordered} }}" if ordered else "")


async def refusal(ask: Asking, selection: str) -> Any:
    told = await ask(f"{{ {selection} }}")
    assert told.refusal == "BAD_USER_INPUT"
    [message] = {error["message"] for error in told.errors}
    return message


async def test_no_rows_are_one_empty_group(ask_unguarded: Asking) -> None:
    told = await ask_unguarded(
        """{ ordersAggregate(where: {id: {in: []}}) {
            count sum { total } avg { total } min { total orderDate } max { total orderDate }
        } }"""
    )
    nothing: Given = {"total": None}
    assert told.data["ordersAggregate"] == [
        {
            "count": 0,
            "sum": nothing,
            "avg": nothing,
            "min": nothing | {"orderDate": None},
            "max": nothing | {"orderDate": None},
        }
    ]


async def test_no_rows_are_no_groups_of_a_field(ask_unguarded: Asking) -> None:
    told = await ask_unguarded("{ ordersAggregate(where: {id: {in: []}}, groupBy: {field: STATUS}) { count } }")
    assert told.data["ordersAggregate"] == []


async def test_the_row_that_a_group_stands_for_is_given(ask_unguarded: Asking) -> None:
    told = await ask_unguarded(
        """{ orderItemsAggregate(groupBy: [{product: {manufacturer: {field: ID}}}], orderBy: {field: COUNT}) {
            count key { product { manufacturer { id node { id name } } } }
        } }"""
    )
    keys = [group["key"]["product"]["manufacturer"] for group in told.data["orderItemsAggregate"]]
    assert {key["id"] is None for key in keys} == {True, False}
    assert all((key["node"] or {"id": None})["id"] == key["id"] for key in keys)


async def test_a_key_that_groups_do_not_have_is_refused(ask_unguarded: Asking) -> None:
    grouped = "ordersAggregate(groupBy: {customer: {field: REGION}})"
    assert await refusal(ask_unguarded, f"{grouped} {{ key {{ status }} }}") == (
        "The groups have no status: name it in `groupBy` to select it."
    )
    assert await refusal(ask_unguarded, f"{grouped} {{ key {{ customer {{ name }} }} }}") == (
        "The groups have no customer.name: name it in `groupBy` to select it."
    )
    assert await refusal(ask_unguarded, f"{grouped} {{ key {{ customer {{ node {{ id }} }} }} }}") == (
        "The groups have no customer.id: name it in `groupBy` to select it."
    )
    assert await refusal(ask_unguarded, "orderItemsAggregate { key { order { customer { region } } } }") == (
        "The groups have no order: name it in `groupBy` to select it."
    )


@pytest.mark.parametrize(
    ("group_by", "message"),
    [
        ("[{field: STATUS}, {field: STATUS}]", "`groupBy` names status twice: name each thing once."),
        (
            "[{field: ORDER_DATE, by: DAY}, {field: ORDER_DATE, by: YEAR}]",
            "`groupBy` names orderDate twice: name each thing once.",
        ),
        (
            "[{customer: {field: REGION}}, {customer: {field: REGION}}]",
            "`groupBy` names customer.region twice: name each thing once.",
        ),
        ("{field: ORDER_DATE}", "`groupBy`: orderDate needs `by`, a span of time."),
        ("{field: STATUS, by: DAY}", "`groupBy`: status is no time and has no `by`."),
        ("{by: DAY, customer: {field: CREATED_AT}}", "`by` stands beside the `field` that it is for."),
        ("{}", "An entry of `groupBy` names one thing: a `field`, or one link and a field of its rows."),
        ("{field: null}", "An entry of `groupBy` names one thing: a `field`, or one link and a field of its rows."),
        ("{customer: {}}", "An entry of `groupBy` names one thing: a `field`, or one link and a field of its rows."),
        (
            "{field: STATUS, customer: {field: REGION}}",
            "An entry of `groupBy` names one thing: a `field`, or one link and a field of its rows.",
        ),
    ],
)
async def test_a_grouping_that_makes_no_sense_is_refused(ask_unguarded: Asking, group_by: str, message: str) -> None:
    assert await refusal(ask_unguarded, f"ordersAggregate(groupBy: {group_by}) {{ count }}") == message


@pytest.mark.parametrize("first", ["-1", "0", "201", "2147483647"])
async def test_how_many_groups_has_limits(ask_unguarded: Asking, first: str) -> None:
    message = await refusal(ask_unguarded, f"ordersAggregate(groupBy: {{field: ID}}, first: {first}) {{ count }}")
    assert message.startswith(f"`first: {first}` is out of range: ask for 1 to 200 groups.")
