"""Erasure reaches the tables that BigQuery keeps aside, too."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest
from google.api_core import exceptions as google

from etl.changes import Batch, Erase
from etl.warehouses.bigquery.service import Service
from tests.emulator import Emulator
from tests.etl.warehouses.opening import BigQueryOpener
from tests.etl.warehouses.things import INSERT, SHAPE, UPDATE, batch, content

PERSONAL = replace(SHAPE, columns=(*SHAPE.columns[:2], replace(SHAPE.columns[2], personal=True)))
RETYPED = replace(
    PERSONAL, columns=(SHAPE.columns[0], replace(SHAPE.columns[1], type=pa.string()), PERSONAL.columns[2])
)


@pytest.fixture
def opener(bigquery: Emulator, tmp_path: Path) -> Iterator[BigQueryOpener]:
    made = BigQueryOpener(tmp_path, bigquery.place())
    yield made
    made.close()


def put_aside(opener: BigQueryOpener) -> str:
    """Return what is in the tables that were put aside, as a text."""
    dataset = f"{opener.place.project}.{opener.place.raw}"
    names = [table.table_id for table in opener.service.rest.list_tables(dataset) if table.table_id[-14:].isdigit()]
    assert len(names) == 2
    always = "_committed_at >= timestamp '1900-01-01'"
    return str(
        [
            opener.service.query(
                f"select * from {opener.place.name(name)} where {always if 'changes' in name else 'true'}"
            )
            for name in names
        ]
    )


def test_what_was_put_aside_is_erased_too(opener: BigQueryOpener) -> None:
    made = opener([PERSONAL])
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "personal data"), (1, 1, INSERT, 2, None, 0, 2, "of another")], 1))
    content(made)
    opener.close()
    again = opener([RETYPED])
    content(again)
    assert "personal data" in put_aside(opener)
    again.append(Batch(5, control=(Erase("things", 1, 5),)))
    content(again)
    kept = put_aside(opener)
    assert ("personal data" in kept, "of another" in kept) == (False, True)


def test_what_was_written_after_an_erasure_stays_when_bigquery_can_erase_at_last(
    opener: BigQueryOpener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that were just streamed can't be updated; meanwhile what came later is folded into the base."""
    query, refused = Service.query, list[str]()

    def refusing(service: Service, sql: str, seconds: float = 600.0) -> pa.Table:
        if sql.startswith("update") and "things__changes" in sql:
            refused.append(sql)
            raise google.BadRequest("UPDATE or DELETE statement over table would affect rows in the streaming buffer")
        return query(service, sql, seconds)

    made = opener([PERSONAL])
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "personal data")], 1))
    content(made)
    with monkeypatch.context() as patch:
        patch.setattr(Service, "query", refusing)
        made.append(Batch(5, control=(Erase("things", 1, 5),)))
        content(made)
        made.append(batch([(6, 0, UPDATE, 1, None, 0, 1, "nobody")], 6))
        assert content(made) == {1: (1, "nobody")}
        made.compact("things")
        assert content(made) == {1: (1, "nobody")}
        assert refused
    assert content(made) == {1: (1, "nobody")}
    assert "personal data" not in opener.kept("things")
