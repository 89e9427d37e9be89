"""Gaps in the history: times whose changes the source no longer had, of which only the difference is known."""

from collections.abc import Iterable

import duckdb

from etl.warehouses.duckdb.statements import first_row


def note_gap(cursor: duckdb.DuckDBPyConnection, tables: Iterable[str], position: int | None) -> None:
    """Note that changes are missing from the newest known one until now, because all tables are copied again.

    Copies that were cut off have reached no position; beginning them anew makes the same gap longer.
    """
    if not position:
        cursor.execute("update raw.gap set until = now() where until = (select max(until) from raw.gap)")
        return
    newest = " union all ".join(f"select max(_committed_at) as moment from raw.{table}__log" for table in tables)
    found = first_row(cursor, f"select max(moment) from ({newest})") if newest else None
    if found and found[0] is not None:
        cursor.execute("insert into raw.gap values (?, now())", [found[0]])
