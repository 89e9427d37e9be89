"""The SQL of a raw table: its log, its base, and the view of both that is the table as it stands."""

from etl.changes import Operation, TableShape


def tail_of(table: str, load_id: int) -> str:
    """Return a query of each row's newest change among those that came after a load.

    What a TRUNCATE took is left out; deletions are in it.
    """
    return f"""
    select * from raw.{table}__log where _load_id > {load_id} and _op <> {Operation.TRUNCATE:d}
      and coalesce(row(_commit_lsn, _seq) > ({epoch_of(table, load_id)}), true)
    qualify row_number() over (partition by _key order by _commit_lsn desc, _seq desc) = 1
    """


def epoch_of(table: str, load_id: int) -> str:
    """Return a query of the last TRUNCATE after a load, as `(commit_lsn, seq)`; null where there is none."""
    return f"""
    select max(row(_commit_lsn, _seq)) from raw.{table}__log
    where _load_id > {load_id} and _op = {Operation.TRUNCATE:d}
    """


def view_of(shape: TableShape, load_id: int) -> str:
    """Return the statement that makes the view, over a base that has everything up to a load."""
    names = ", ".join(f'"{name}"' for name in shape.names)
    return f"""
    create or replace view raw.{shape.table} as
    with tail as materialized ({tail_of(shape.table, load_id)})
    select {names} from raw.{shape.table}__base
    where "{shape.key}" not in (select _key from tail) and ({epoch_of(shape.table, load_id)}) is null
    union all
    select {names} from tail where _op <> {Operation.DELETE:d}
    """
