"""Tables whose every change is audited in its own transaction, and the shapes in which they land."""

from typing import Final

import pyarrow as pa

from etl.changes import TableShape
from tests.etl.command_table import COMMAND_TABLE
from tests.etl.sources.recording import shape_of

TABLES: Final = ("ledger", "journal")
SLOT: Final = "crash_etl"
PUBLICATION: Final = "crash_etl"

SCHEMA: Final = f"""
{COMMAND_TABLE}
create table ledger (id bigint primary key, n bigint not null, amount numeric(14,2), at timestamptz, note text);
create table journal (like ledger including all);
-- Never compressed: what is longer than a page's quarter is not sent when it did not change.
alter table ledger alter note set storage external;
alter table journal alter note set storage external;
create table audit (
    number bigint generated always as identity primary key,
    table_name text, what text, old_id bigint, id bigint, n bigint, amount numeric(14,2), at timestamptz, note text
);
create function audit() returns trigger language plpgsql as $$
begin
    insert into audit (table_name, what, old_id, id, n, amount, at, note) select
        tg_table_name, tg_op, case when tg_op in ('UPDATE', 'DELETE') then old.id end,
        new.id, new.n, new.amount, new.at, md5(new.note);
    return null;
end $$;
create function audit_truncate() returns trigger language plpgsql as $$
begin
    insert into audit (table_name, what) values (tg_table_name, tg_op);
    return null;
end $$;
create trigger audited after insert or update or delete on ledger for each row execute function audit();
create trigger audited after insert or update or delete on journal for each row execute function audit();
create trigger emptied after truncate on journal for each statement execute function audit_truncate();
"""


def shapes() -> list[TableShape]:
    """Return how both tables land."""
    kinds = {
        "id": pa.int64(),
        "n": pa.int64(),
        "amount": pa.decimal128(14, 2),
        "at": pa.timestamp("us", "UTC"),
        "note": pa.string(),
    }
    return [shape_of(table, **kinds) for table in TABLES]
