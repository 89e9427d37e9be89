"""Row policies of a database: put up as the declarations say, and compared with what stands there."""

import hashlib
from collections.abc import Callable
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from schema.model import Graph
from schema.policies import policy_statements

_KEY: Final = "policies"
"""Where `gateway_state` tells what was put up."""
_STANDING: LiteralString = (
    "select tablename, encode(sha256(convert_to(string_agg("
    "format('%%L %%L %%L %%L %%L %%L', policyname, permissive, roles, cmd, qual, with_check),"
    " E'\\n' order by policyname), 'UTF8')), 'hex')"
    " from pg_policies where schemaname = %s and starts_with(policyname, 'gateway_') group by tablename"
)


def put_up(connection: psycopg.Connection, graph: Graph, reader: str, report: Callable[[str], None]) -> None:
    """Put up the row policies of this version of the gateway, unless they stand; they are derived and have no steps."""
    if connection.execute("select from pg_roles where rolname = %s", [reader]).fetchone() is None:
        return
    statements = list(policy_statements(graph, reader, restrictive=not _holds_owner(connection, reader)))
    wanted = {"reader": reader, "digest": hashlib.sha256("\n".join(statements).encode()).hexdigest()}
    if _noted(connection) == {**wanted, "standing": _standing(connection)}:
        return
    for statement in statements:
        connection.execute(sql.SQL(statement))
    connection.execute(
        "insert into gateway_state (key, value) values (%s, %s) on conflict (key) do update set value = excluded.value",
        [_KEY, Jsonb({**wanted, "standing": _standing(connection)})],
    )
    report(f"row policies for the role {reader}")


def edited(connection: psycopg.Connection) -> list[str]:
    """Return the tables of which the gateway's policies are not what was put up; none where nothing ever was."""
    known = connection.execute("select has_table_privilege(to_regclass('gateway_state'), 'select')").fetchone()
    noted = _noted(connection) if known and known[0] else None
    if noted is None:
        return []
    meant, standing = noted.get("standing", {}), _standing(connection)
    return sorted(table for table in meant.keys() | standing.keys() if meant.get(table) != standing.get(table))


def _noted(connection: psycopg.Connection) -> dict[str, Any] | None:
    found = connection.execute("select value from gateway_state where key = %s", [_KEY]).fetchone()
    return None if found is None else found[0]


def _standing(connection: psycopg.Connection) -> dict[str, str]:
    """Return a digest of each table's policies, as the database itself writes them."""
    with connection.transaction(force_rollback=True):
        schema = connection.execute(
            "select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where c.oid = 'gateway_state'::regclass"
        ).fetchone()
        # Names are written with their schemas, or without them, by what the path of the connection leads to.
        connection.execute("set local search_path = pg_catalog")
        return dict(connection.execute(_STANDING, schema).fetchall())


def _holds_owner(connection: psycopg.Connection, reader: str) -> bool:
    """Whether a policy for the serving role holds for the owner too, which has that role's rights, or is the same."""
    found = connection.execute(
        "select pg_has_role(%s, 'usage') and not (rolsuper or rolbypassrls) from pg_roles where rolname = current_user",
        [reader],
    ).fetchone()
    return found is not None and bool(found[0])
