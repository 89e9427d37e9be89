"""Masks: what they leave of values, and that SQL and Python leave the same."""

import psycopg
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import postgresql

from schema.entity import field
from schema.masks import HIDDEN, Mask
from tests.profiles import examples

TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)
ADDRESSES = st.tuples(TEXTS, st.sampled_from(("@", "@@", "@x@", "")), TEXTS).map("".join)


@pytest.mark.parametrize(
    ("mask", "value", "shown"),
    [
        (Mask.LAST_FOUR, "12ABC345000199", "****0199"),
        (Mask.LAST_FOUR, "+55 11 5555-0100", "****0100"),
        (Mask.LAST_FOUR, "12345678", "****5678"),
        (Mask.LAST_FOUR, "1234567", "****"),
        (Mask.LAST_FOUR, "", "****"),
        (Mask.LAST_FOUR, None, None),
        (Mask.MAILBOX, "compras@farmacia.example", "c****@farmacia.example"),
        (Mask.MAILBOX, "a@farmacia.example", "****"),
        (Mask.MAILBOX, "@farmacia.example", "****"),
        (Mask.MAILBOX, '"a@b"@farmacia.example', '"****@farmacia.example'),
        (Mask.MAILBOX, "no address", "****"),
        (Mask.MAILBOX, "", "****"),
        (Mask.MAILBOX, None, None),
    ],
)
def test_what_a_mask_leaves(mask: Mask, value: str | None, shown: str | None) -> None:
    assert mask.masked(value) == shown


@given(TEXTS, TEXTS)
def test_the_length_of_what_is_hidden_does_not_show(one: str, other: str) -> None:
    ending = "x" * 8
    assert Mask.LAST_FOUR.masked(one + ending) == Mask.LAST_FOUR.masked(other + ending) == HIDDEN + "xxxx"


@pytest.mark.parametrize("mask", Mask)
@settings(examples(200), suppress_health_check=list(HealthCheck))
@given(values=st.lists(st.none() | ADDRESSES, min_size=20, max_size=40))
def test_the_database_leaves_the_same(sample_database: str, mask: Mask, values: list[str | None]) -> None:
    expression = mask.shown(sa.column("value", sa.Text())).compile(dialect=postgresql.dialect())
    assert not expression.params
    query = (
        f"select {str(expression).replace('%%', '%')} from unnest(%s::text[]) with ordinality v (value, at) order by at"
    )
    with psycopg.connect(sample_database) as connection:
        found = [row[0] for row in connection.execute(query.encode(), [values])]
    assert found == [mask.masked(value) for value in values]


def test_a_mask_stands_beside_a_capability() -> None:
    with pytest.raises(TypeError, match="mask= needs read="):
        field("Telephone.", mask=Mask.LAST_FOUR)
