"""Whatever a client sends is answered or refused; never is it a fault of ours."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.graph import Asking, Told
from tests.model.viewers import ADMIN, CUSTOMER
from tests.model.world import GRAPH
from tests.operations import Choices, orderings
from tests.profiles import examples

CHOICES = Choices(GRAPH.seen_by(ADMIN.principal.capabilities))
TEXTS = st.text(st.characters(), max_size=10) | st.sampled_from(
    ["\ud800", "\0", "%", "'", '"', "\\", "NaN", "1e999", ""]
)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.sampled_from([2**31, 2**63, -(2**63) - 1]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
DOCUMENT = """query Orders($first: Int, $after: String, $where: OrderFilter, $orderBy: [OrderOrderBy!], $id: ID = "x",
                     $groupBy: [OrderGroupBy!], $groups: [OrderAggregateOrderBy!], $with: Boolean! = true) {
    orders(first: $first, after: $after, where: $where, orderBy: $orderBy) @include(if: $with) {
        totalCount
        nodes { ...Row items(last: 2) { nodes { quantity product { name prices(first: 1) { nodes { price } } } } } }
        pageInfo { endCursor }
    }
    ordersAggregate(where: $where, groupBy: $groupBy, orderBy: $groups) @skip(if: $with) { count sum { total } }
    node(id: $id) { __typename ... on Order { ...Row } }
}
fragment Row on Order { id status customer { name tier { name } } }"""


def check(told: Told) -> None:
    codes = {error["extensions"]["code"] for error in told.response.get("errors", ())}
    assert codes <= {"BAD_USER_INPUT", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"}, told.response
    assert told.status == (400 if codes else 200)
    assert len(told.answer.body) < 200_000


@st.composite
def spoiled(draw: st.DrawFn, whole: Any) -> Any:
    """Return a value with one of its parts replaced by anything."""
    if isinstance(whole, dict) and whole and draw(st.integers(0, 3)):
        name = draw(st.sampled_from(list(whole)))
        return whole | {name: draw(spoiled(whole[name]))}
    if isinstance(whole, list) and whole and draw(st.integers(0, 3)):
        at = draw(st.integers(0, len(whole) - 1))
        return [*whole[:at], draw(spoiled(whole[at])), *whole[at + 1 :]]
    return draw(ANYTHING)


@examples(150)
@given(data=st.data())
async def test_variables(ask: Asking, data: st.DataObject) -> None:
    good = {
        "where": data.draw(CHOICES.filters("Order")),
        "orderBy": data.draw(orderings(GRAPH["Order"])),
        "groupBy": data.draw(CHOICES.groupings("Order")),
        "first": 2,
        "with": data.draw(st.booleans()),
    }
    name = data.draw(
        st.sampled_from(["where", "where", "orderBy", "groupBy", "first", "after", "id", "groups", "with"])
    )
    variables = good | {name: data.draw(spoiled(good.get(name)))}
    check(await ask(DOCUMENT, CUSTOMER.principal, variables))


@examples(100)
@given(data=st.data())
async def test_documents(ask: Asking, data: st.DataObject) -> None:
    """A document with a piece taken out, doubled, or something else put in its place."""
    start = data.draw(st.integers(0, len(DOCUMENT)))
    end = data.draw(st.integers(start, min(len(DOCUMENT), start + 40)))
    piece = data.draw(st.just("") | st.just(DOCUMENT[start:end] * 2) | TEXTS | st.sampled_from('{}()[]!@$&|:."#,'))
    check(await ask(DOCUMENT[:start] + piece + DOCUMENT[end:], CUSTOMER.principal, {"first": 1}))


@examples(100)
@given(document=st.text(st.characters(), max_size=50))
async def test_any_text(ask: Asking, document: str) -> None:
    check(await ask(document))
