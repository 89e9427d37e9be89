"""Values that can't be used, and those that are missing: told alike on both paths."""

from typing import Any

import pytest

from schema.global_id import global_id
from tests.graph import Asking
from tests.model.viewers import ADMIN

PAGE = """query($first: Int = 2, $after: String, $order: [OrderOrderBy!], $where: OrderFilter) {
    orders(first: $first, after: $after, orderBy: $order, where: $where) { nodes { id total } pageInfo { endCursor } }
}"""
ROW = "query($id: ID!) { order(id: $id) { id } node(id: $id) { id } }"
GROUPS = "query($by: [OrderGroupBy!], $first: Int) { ordersAggregate(groupBy: $by, first: $first) { count } }"
ELSEWHERE = "{ customers(first: 1) { pageInfo { endCursor } } orders(last: 1) { pageInfo { startCursor } } }"

SIZES: list[Any] = [0, -1, 201, 10**6, 2**31, 2**63, "2", 2.5, None, True, []]
CASES: list[tuple[str, dict[str, Any]]] = [
    *((PAGE, {"first": size}) for size in SIZES),
    (PAGE, {}),
    (PAGE, {"order": None, "where": None, "after": None}),
    (PAGE, {"order": [], "where": {}}),
    (PAGE, {"order": [{"field": "NOTHING"}]}),
    (PAGE, {"order": [{"field": "total"}]}),
    (PAGE, {"order": {"field": "TOTAL", "direction": "DESC"}}),
    (PAGE, {"order": [{"field": "TOTAL"}, {"field": "TOTAL"}]}),
    (PAGE, {"where": {"status": {"eq": "NOWHERE"}}}),
    (PAGE, {"where": {"status": {"in": ["PENDING", None]}}}),
    (PAGE, {"where": {"total": {"gte": "much"}}}),
    (PAGE, {"where": {"total": None}}),
    (PAGE, {"where": {"total": {"eq": None}}}),
    (PAGE, {"where": {"orderDate": {"lt": "yesterday"}}}),
    (PAGE, {"where": {"nothing": {"eq": 1}}}),
    (PAGE, {"where": {"customer": {"name": {"contains": "\0"}}}}),
    (PAGE, {"after": ""}),
    (PAGE, {"after": "bm90IGEgY3Vyc29y"}),
    (PAGE, {"after": 5}),
    (ROW, {}),
    (ROW, {"id": None}),
    (ROW, {"id": ""}),
    (ROW, {"id": 7}),
    (ROW, {"id": global_id("Customer", 11)}),
    (ROW, {"id": global_id("Order", 2**63 - 1)}),
    (GROUPS, {"first": 0}),
    (GROUPS, {"by": None, "first": None}),
    (GROUPS, {"by": [{}]}),
    (GROUPS, {"by": [{"field": "ORDER_DATE"}]}),
    (GROUPS, {"by": [{"field": "STATUS", "by": "MONTH"}]}),
]


@pytest.mark.parametrize(("document", "variables"), CASES, ids=str)
async def test_both_paths_say_the_same(
    ask_compiled: Asking, ask_reference: Asking, document: str, variables: dict[str, Any]
) -> None:
    compiled = await ask_compiled(document, ADMIN.principal, variables)
    reference = await ask_reference(document, ADMIN.principal, variables)
    assert (compiled.status, compiled.answer.body) == (reference.status, reference.answer.body)


@pytest.mark.parametrize("where", [None, {"total": {"gte": "1"}}], ids=["of another field", "of another filter"])
async def test_cursors_from_elsewhere(ask_compiled: Asking, ask_reference: Asking, where: Any) -> None:
    told = (await ask_compiled(ELSEWHERE)).data
    cursor = told["customers" if where is None else "orders"]["pageInfo"][
        "endCursor" if where is None else "startCursor"
    ]
    asked = (PAGE, ADMIN.principal, {"after": cursor, "where": where})
    compiled, reference = await ask_compiled(*asked), await ask_reference(*asked)
    assert compiled.refusal == "BAD_USER_INPUT"
    assert (compiled.status, compiled.answer.body) == (reference.status, reference.answer.body)
