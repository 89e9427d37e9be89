"""Cursors open where they were given, unchanged, and nowhere else."""

import base64
import datetime as dt
import tracemalloc
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.cursors import Cursors, belonging
from resolvers.sql.order import Ordering, ordering
from security.errors import BadUserInput
from tests.graph import Asking
from tests.model.viewers import ADMIN, CUSTOMER, rows_of
from tests.model.world import GRAPH, as_id
from tests.profiles import examples

CURSORS = Cursors(b"secret")
ORDER = ordering(GRAPH["Order"], [{"field": "total", "direction": "desc"}])
HERE = belonging("Query.orders", ORDER, {"status": {"eq": "paid"}})
REFUSAL = "The cursor does not belong here: pass one that this field gave with the same `orderBy` and `where`."

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "orderDate": st.datetimes(timezones=st.just(dt.UTC)),
    "total": st.decimals(allow_nan=False, allow_infinity=False, places=2),
    "status": st.sampled_from(["paid", "shipped"]),
    "notes": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    "databaseId": st.integers(-(2**63), 2**63 - 1),
}


@st.composite
def places(draw: st.DrawFn) -> tuple[Ordering, list[Any]]:
    """Return an ordering and a place in it."""
    names = draw(st.lists(st.sampled_from([name for name in VALUES if name != "databaseId"]), unique=True))
    order = ordering(GRAPH["Order"], [{"field": name, "direction": "asc"} for name in names])
    fields = [step.field for step in order.steps]
    values = [draw(st.none() | VALUES[field.name] if field.nullable else VALUES[field.name]) for field in fields]
    return order, values


@given(places())
def test_a_cursor_has_the_values_that_were_put_into_it(place: tuple[Ordering, list[Any]]) -> None:
    order, values = place
    cursor = CURSORS.seal(HERE, values)
    assert CURSORS.open(HERE, order, cursor) == values
    assert CURSORS.seal(HERE, values) == cursor


@given(st.text(max_size=200))
def test_no_text_opens_by_chance(text: str) -> None:
    with pytest.raises(BadUserInput) as refused:
        CURSORS.open(HERE, ORDER, text)
    assert refused.value.message == REFUSAL


@examples(300)
@given(st.integers(0, 60), st.characters())
def test_a_cursor_that_was_changed_does_not_open(at: int, character: str) -> None:
    cursor = CURSORS.seal(HERE, [Decimal("10.00"), 5])
    at %= len(cursor)
    changed = cursor[:at] + character + cursor[at + 1 :]
    for text in (changed, cursor[:at], cursor[at:] if at else cursor + "=", character + cursor, cursor + character):
        if text != cursor:
            with pytest.raises(BadUserInput):
                CURSORS.open(HERE, ORDER, text)


def test_a_cursor_that_is_known_opens_as_it_would_without_that() -> None:
    giving, another = Cursors(b"secret"), Cursors(b"secret")
    cursor = giving.seal_end(HERE, b'[ "10.00", 5]').decode()
    assert cursor == giving.seal_end(HERE, b'[ "10.00", 5]').decode() == CURSORS.seal(HERE, [Decimal("10.00"), 5])
    for cursors in (giving, another):
        assert cursors.open(HERE, ORDER, cursor) == [Decimal("10.00"), 5]
        for belongs_to, text in ((belonging("Query.orders", ORDER, None), cursor), (HERE, cursor + "=")):
            with pytest.raises(BadUserInput):
                cursors.open(belongs_to, ORDER, text)


def test_what_is_known_of_cursors_takes_little_memory() -> None:
    """However many are given, and however long their values are."""
    cursors = Cursors(b"secret")
    tracemalloc.start()
    try:
        for key in range(5000):
            last = cursors.seal_end(HERE, b'["10.00",%d]' % key).decode()
        for key in range(500):
            cursors.seal_end(HERE, b'["%b",%d]' % (b"x" * 10_000, key))
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 2 << 20
    assert cursors.open(HERE, ORDER, last) == [Decimal("10.00"), 4999]


def test_a_cursor_has_one_spelling() -> None:
    """Bits that base64 leaves unused can't be set, nor the other alphabet's characters used."""
    for key in range(100):
        cursor = CURSORS.seal(HERE, [Decimal("10.00"), key])
        sealed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        spellings = {base64.b64encode(sealed).decode(), base64.b64encode(sealed).decode().rstrip("="), cursor + "="}
        alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
        for text in (spellings | {cursor[:-1] + last for last in alphabet}) - {cursor}:
            with pytest.raises(BadUserInput):
                CURSORS.open(HERE, ORDER, text)


def test_a_cursor_belongs_to_a_field_an_ordering_and_a_filter() -> None:
    cursor = CURSORS.seal(HERE, [Decimal("10.00"), 5])
    key_order = ordering(GRAPH["Order"], None)
    elsewhere = [
        belonging("Customer.orders", ORDER, {"status": {"eq": "paid"}}),
        belonging("Query.orders", ORDER.reversed, {"status": {"eq": "paid"}}),
        belonging("Query.orders", key_order, {"status": {"eq": "paid"}}),
        belonging("Query.orders", ORDER, {"status": {"ne": "paid"}}),
        belonging("Query.orders", ORDER, {"status": {"eq": "shipped"}}),
        belonging("Query.orders", ORDER, None),
    ]
    assert len({HERE, *elsewhere}) == len(elsewhere) + 1
    for other in elsewhere:
        with pytest.raises(BadUserInput):
            CURSORS.open(other, ORDER, cursor)
    with pytest.raises(BadUserInput):
        Cursors(b"another secret").open(HERE, ORDER, cursor)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"total": {"eq": Decimal(1)}}, {"total": {"eq": "1"}}),
        ({"total": {"eq": Decimal(1)}}, {"total": {"eq": 1}}),
        ({"orderDate": {"eq": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}}, {"orderDate": {"eq": dt.date(2026, 1, 1)}}),
        ({"a": None}, {}),
        ({"a": True}, {"a": 1}),
        ({"a": ["x", "y"]}, {"a": ["y", "x"]}),
    ],
)
def test_filters_that_differ_are_told_apart(one: Any, other: Any) -> None:
    assert belonging("Query.orders", ORDER, one) != belonging("Query.orders", ORDER, other)


def test_the_order_of_conditions_does_not_matter() -> None:
    one, other = {"a": 1, "b": {"c": 2, "d": 3}}, {"b": {"d": 3, "c": 2}, "a": 1}
    assert belonging("Query.orders", ORDER, one) == belonging("Query.orders", ORDER, other)


async def cursor_of(ask: Asking, field: str) -> str:
    told = await ask(f"{{ rows: {field} {{ pageInfo {{ endCursor }} }} }}")
    return str(told.data["rows"]["pageInfo"]["endCursor"])


@pytest.mark.parametrize(
    "field",
    [
        "products(first: 2, {})",
        "orders(first: 2, orderBy: {{field: TOTAL}}, {})",
        "orders(first: 2, orderBy: {{field: DATABASE_ID, direction: DESC}}, {})",
        "orders(first: 2, where: {{status: {{eq: SHIPPED}}}}, {})",
    ],
)
async def test_a_cursor_from_elsewhere_is_refused(ask: Asking, field: str) -> None:
    cursor = await cursor_of(ask, "orders(first: 2)")
    for argument in ("after", "before"):
        told = await ask("{ " + field.format(f'{argument}: "{cursor}"') + " { totalCount } }")
        assert told.refusal == "BAD_USER_INPUT"
        assert told.errors[0]["message"] == REFUSAL


@pytest.mark.parametrize("cursor", ["", "=", "x", "AAAA", "a" * 100_000, "€", "Zm9v", "-_-_", " ", "null"])
async def test_garbage_is_refused(ask: Asking, cursor: str) -> None:
    document = """query($cursor: String) {
        orders(after: $cursor) { totalCount } customers { nodes { orders(before: $cursor) { totalCount } } }
    }"""
    told = await ask(document, variables={"cursor": cursor})
    assert told.refusal == "BAD_USER_INPUT"
    assert {error["message"] for error in told.errors} == {REFUSAL}


async def test_a_cursor_of_linked_rows_does_not_open_at_the_root(ask: Asking) -> None:
    told = await ask(
        """{ customer(id: "Q3VzdG9tZXI6MTQ=") { orders(first: 1) { pageInfo { endCursor } } } }""", CUSTOMER.principal
    )
    cursor = told.data["customer"]["orders"]["pageInfo"]["endCursor"]
    told = await ask(f'{{ orders(after: "{cursor}") {{ totalCount }} }}', CUSTOMER.principal)
    assert told.refusal == "BAD_USER_INPUT"


async def test_a_cursor_that_was_passed_on_opens_no_rows(ask: Asking) -> None:
    """Row rules hold on every page, whoever got the cursor."""
    cursor = await cursor_of(ask, "orders(first: 5)")
    document = f'{{ orders(after: "{cursor}", first: 200) {{ nodes {{ id }} }} }}'
    model = GRAPH["Order"]
    seen = [as_id(model, row) for row in rows_of("orders", CUSTOMER.sees) if row["id"] > 5]
    told = await ask(document, CUSTOMER.principal)
    assert [node["id"] for node in told.data["orders"]["nodes"]] == seen
    assert len((await ask(document, ADMIN.principal)).data["orders"]["nodes"]) > len(seen)
