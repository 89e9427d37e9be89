"""The SQL of a raw table in BigQuery: its history, the table as it stands, and folding the one into the other."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from etl.changes import Operation
from etl.warehouses.bigquery.service import Place

# A condition that prunes nothing, for tables that ask for one on their partition.
_ALWAYS: Final = "_committed_at >= timestamp '1900-01-01'"

FENCED: Final = "another worker has taken over"


@dataclass(frozen=True)
class Standing:
    """Where a table stands.

    That is the mirror's epoch, the load up to which its base has everything, and the oldest commit's time behind that.
    """

    epoch: int
    compacted: int
    horizon: dt.datetime


def log_view(place: Place, table: str) -> str:
    """Return the statement of `<table>__log`: each change of a finished load, once."""
    return f"""
    create or replace view {place.name(f"{table}__log")} as
    with finished as (select epoch, max(load_id) as load_id from {place.name("checkpoint")} group by epoch)
    select changes.* except (_epoch)
    from {place.name(f"{table}__changes")} as changes
    inner join finished on finished.epoch = changes._epoch and changes._load_id <= finished.load_id
    where {_ALWAYS}
    qualify row_number() over (
      partition by changes._epoch, changes._load_id, changes._commit_lsn, changes._seq, changes._key
      order by changes._op
    ) = 1
    """


def table_view(place: Place, table: str, key: str, names: Iterable[str], standing: Standing) -> str:
    """Return the statement of `<table>`: the newest change of each row over the base."""
    columns = quoted(names)
    return f"""
    create or replace view {place.name(table)} as
    with {_tail(place, table, standing)}
    select {columns} from {place.name(f"{table}__base")} as base
    where _epoch = {standing.epoch}
      and not exists (select 1 from emptied)
      and not exists (select 1 from tail where tail._key = base.`{key}`)
    union all
    select {columns} from tail where _op <> {Operation.DELETE:d}
    """


def folding(
    place: Place, table: str, key: str, names: Iterable[str], standing: Standing, upto: int, *, anew: bool, owner: int
) -> str:
    """Return the script that brings the base up to a load; `anew` empties it first.

    It fails with `FENCED` where somebody has taken over from the `owner`: within the transaction, so that a base is
    never changed by two.
    """
    base, columns = place.name(f"{table}__base"), list(names)
    assigned = ", ".join(f"`{name}` = newest.`{name}`" for name in columns)
    values = ", ".join(f"newest.`{name}`" for name in columns)
    empty = f"delete from {base} where true;" if anew else ""
    return f"""
    begin transaction;
    select if((select max(epoch) from {place.name("owner")}) > {owner}, error('{FENCED}'), 'ours');
    {empty}
    merge {base} as base
    using (
      with {_tail(place, table, standing, upto)}
      select * from tail
    ) as newest
    on base.`{key}` = newest._key
    when matched and newest._op = {Operation.DELETE:d} then delete
    when matched then update set {assigned}
    when not matched and newest._op <> {Operation.DELETE:d} then
      insert ({quoted(columns)}, _epoch) values ({values}, {standing.epoch});
    commit transaction;
    """


def quoted(names: Iterable[str]) -> str:
    """Return columns' names as they stand in a query."""
    return ", ".join(f"`{name}`" for name in names)


def _tail(place: Place, table: str, standing: Standing, upto: int | None = None) -> str:
    """Return queries of each row's newest change behind the base, and of the last TRUNCATE there."""
    finished = f"(select max(load_id) from {place.name('checkpoint')} where epoch = {standing.epoch})"
    return f"""
    seen as (
      select * from {place.name(f"{table}__changes")}
      where _committed_at >= timestamp '{standing.horizon.isoformat()}' and _epoch = {standing.epoch}
        and _load_id > {standing.compacted} and _load_id <= {finished if upto is None else upto}
    ),
    emptied as (
      select _commit_lsn as lsn, _seq as seq from seen where _op = {Operation.TRUNCATE:d}
      order by lsn desc, seq desc limit 1
    ),
    tail as (
      select seen.* from seen left join emptied on true
      where seen._op <> {Operation.TRUNCATE:d} and seen._key is not null
        and (emptied.lsn is null or seen._commit_lsn > emptied.lsn
          or (seen._commit_lsn = emptied.lsn and seen._seq > emptied.seq))
      qualify row_number() over (
        partition by seen._key order by seen._commit_lsn desc, seen._seq desc, seen._load_id desc
      ) = 1
    )
    """
