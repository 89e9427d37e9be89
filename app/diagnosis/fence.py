"""The second fence as it stands in a database: what the serving role could read past the row policies, or command."""

from collections.abc import Sequence
from typing import Final, LiteralString

import psycopg

from app.migration import STATE_TABLE, VERSION_TABLE
from app.row_policies import edited

DEFINERS: Final = ("gateway_audit", "gateway_customer_tier")
"""Functions that run with their owner's rights, and are meant to: one appends to the audit log, one tells a tier."""

_OPEN_TABLES: Final = (VERSION_TABLE, STATE_TABLE)
"""Tables that hold nothing of anybody."""

_ANY: LiteralString = (
    " from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " where n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'"
    " and has_schema_privilege(n.oid, 'usage')"
)
_OWN: LiteralString = _ANY + " and has_any_column_privilege(c.oid, 'select')"
_HOLDS: LiteralString = (
    " p.polrelid = c.oid and p.polcmd in ('r', '*')"
    " and exists (select from unnest(p.polroles) r where r = 0 or pg_has_role(r, 'member'))"
)
_RESTRICTED: LiteralString = (
    "exists (select from pg_policy p where not p.polpermissive"
    " and pg_get_expr(p.polqual, p.polrelid) <> 'true' and" + _HOLDS + ")"
)
_PERMISSIVE: LiteralString = (
    " and exists (select from pg_policy p where p.polpermissive and"
    + _HOLDS
    + " and pg_get_expr(p.polqual, p.polrelid)"
)
_QUERIES: Final[Sequence[tuple[str, LiteralString]]] = (
    (
        "{} may be read without a row policy",
        "select c.relname" + _OWN + " and c.relkind in ('r', 'p', 'f') and c.relname <> all (%(open)s)"
        " and not (c.relrowsecurity and c.relforcerowsecurity"
        " and exists (select from pg_policy p where p.polrelid = c.oid and p.polcmd in ('r', '*'))) order by 1",
    ),
    (
        "{} is owned by the role that serves",
        "select c.relname" + _OWN + " and pg_has_role(c.relowner, 'member') and c.relkind in ('r', 'p', 'v', 'm')"
        " order by 1",
    ),
    (
        "{} has a row policy that shows every row, and none that restricts it",
        "select c.relname" + _OWN + " and not " + _RESTRICTED + _PERMISSIVE + " = 'true') order by 1",
    ),
    (
        "{} has no restrictive row policy, so that others beside it show more",
        "select c.relname" + _OWN + " and not " + _RESTRICTED + _PERMISSIVE + " <> 'true'"
        " and p.polname = 'gateway_reader') order by 1",
    ),
    (
        "{} is a view with its owner's rights: make it security_invoker",
        "select c.relname" + _OWN + " and c.relkind = 'v'"
        " and not coalesce(c.reloptions::text[] && '{security_invoker=true,security_invoker=on}', false) order by 1",
    ),
    (
        "{} is a materialized view, which row policies do not hold for",
        "select c.relname" + _OWN + " and c.relkind = 'm'",
    ),
    (
        "{} may be written: rows could be erased from the warehouse by it",
        "select c.relname" + _ANY + " and c.relname = 'gateway_command' and c.relkind = 'r'"
        " and has_any_column_privilege(c.oid, 'insert, update')",
    ),
    (
        "{}() runs with its owner's rights",
        (
            "select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace where p.prosecdef"
            " and n.nspname not in ('pg_catalog', 'information_schema') and has_function_privilege(p.oid, 'execute')"
            " and p.proname <> all (%(definers)s) order by 1"
        ),
    ),
)


def gaps(connection: psycopg.Connection) -> list[str]:
    """Return a sentence for each way around the fence that the connection's role has; none where all is well."""
    names = {"open": list(_OPEN_TABLES), "definers": list(DEFINERS)}
    found = []
    for sentence, query in _QUERIES:
        rows = connection.execute(query, names).fetchall()
        found += [sentence.format(name) for (name,) in rows]
    # What is named already differs from what was put up, of course.
    return found or [f"{table} has row policies that `gateway migrate` did not put up" for table in edited(connection)]
