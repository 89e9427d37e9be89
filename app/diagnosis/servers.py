"""The database and the Redis: embedded or external, which version, and fit for the gateway or not."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import psycopg
import redis
from psycopg.rows import dict_row

from app import migration
from app.diagnosis.change_log import look_at_change_log
from app.diagnosis.fence import gaps
from app.diagnosis.finding import Facts, Finding, Health, problem
from app.embedded import Inspection, Part, find_folder, inspect, open_stack
from app.errors import StartError
from app.postgres import connect, place
from app.settings import Settings

_PATIENCE = 2.0
_LITTLE_SPACE = 1 << 30


@dataclass(frozen=True)
class _Origin:
    """Where a server comes from, in words and as a fact."""

    fact: str
    text: str


_EXTERNAL = _Origin("external", "external")
_NAMES: dict[Part, str] = {"postgres": "postgresql", "valkey": "redis"}


def look_at_servers(settings: Settings, report: Callable[[str], None]) -> Iterator[Finding]:
    """Tell of the data folder and of each server."""
    configured: dict[Part, str | None] = {"postgres": settings.database_url, "valkey": settings.redis_url}
    embedded = [part for part, url in configured.items() if url is None]
    if settings.database_url is not None:
        yield from _look_at_postgres(settings.database_url, _EXTERNAL, settings.etl_slot)
        yield from _look_at_admin(settings)
    if settings.redis_url is not None:
        yield _look_at_redis(settings.redis_url, _EXTERNAL)
    if embedded:
        yield from _look_at_embedded(settings, embedded, report)


def _look_at_embedded(settings: Settings, parts: list[Part], report: Callable[[str], None]) -> Iterator[Finding]:
    found = inspect(settings.data_dir)
    yield from (problem("data folder", text) for text in found.problems)
    try:
        folder = find_folder(settings.data_dir)
    except StartError:
        # One of the problems that were just told.
        return
    yield _look_at_folder(found, is_made=folder is not None)
    if folder is None:
        for part in parts:
            version = found.versions.get(part, "")
            facts: Facts = {"origin": "embedded", "version": version, "running": False}
            yield Finding(_NAMES[part], Health.OK, f"{version}, embedded, to be made by `gateway serve`", facts=facts)
        return
    started = "started for this look" if found.owner is None else f"running under {found.owner}"
    origin = _Origin("embedded", f"embedded, {started}")
    try:
        with open_stack(found.path, owner="gateway doctor", parts=parts, report=report) as stack:
            if "postgres" in parts:
                yield from _look_at_postgres(stack.endpoints.database_url, origin, settings.etl_slot)
            if "valkey" in parts:
                yield _look_at_redis(stack.endpoints.redis_url, origin)
    except StartError as error:
        yield problem("embedded servers", error, f"the servers' logs are in {found.path / 'logs'}")


def _look_at_folder(found: Inspection, *, is_made: bool) -> Finding:
    facts: Facts = {
        "path": str(found.path),
        "made": is_made,
        "used_by": found.owner.command if found.owner else None,
        "bytes": found.size_bytes,
    }
    if not is_made:
        return Finding("data folder", Health.OK, f"{found.path}, to be made by `gateway serve`", facts=facts)
    used = f"in use by {found.owner}" if found.owner else "in use by nothing"
    text = f"{found.path}, {found.size_bytes / 1e6:,.0f} MB, {used}"
    free = shutil.disk_usage(found.path).free
    if free >= _LITTLE_SPACE:
        return Finding("data folder", Health.OK, text, facts=facts)
    text += f", and {free / 1e6:,.0f} MB are left on its disk"
    return Finding("data folder", Health.NOTE, text, "make room, or move it and set GATEWAY_DATA_DIR", facts)


def _look_at_postgres(url: str, origin: _Origin, slot: str) -> Iterator[Finding]:
    """Look at a database as the role that serves, and at whether its tables are those of this version."""
    try:
        with connect(url) as connection:
            facts = _facts(connection)
            found = gaps(connection)
            log = look_at_change_log(connection, slot)
    except (StartError, psycopg.Error) as error:
        yield problem("postgresql", error)
        return
    vector = f"with pgvector {facts['pgvector']}" if facts["pgvector"] else "without pgvector"
    text = f"{facts['version']} {vector}, {place(url)}; {origin.text}"
    told = {**facts, "origin": origin.fact}
    if powers := [name for name in ("superuser", "bypassrls") if facts[name]]:
        advice = "serve as a role without that: access rules of the database do not hold for it (docs/operations.md)"
        yield Finding("postgresql", Health.PROBLEM, f"{text}; its role has {' and '.join(powers)}", advice, told)
    else:
        yield Finding("postgresql", Health.OK, text, facts=told)
    yield _look_at_fence(found)
    yield log
    yield _look_at_migrations(url, origin)


def _look_at_fence(found: Sequence[str]) -> Finding:
    """Tell what the row policies leave open to the role that serves."""
    if not found:
        return Finding("row policies", Health.OK, "hold for everything that may be read", facts={"gaps": 0})
    advice = "run `gateway migrate`, and drop or restrict what did not come from it (docs/security.md)"
    return Finding("row policies", Health.PROBLEM, "; ".join(found), advice, {"gaps": len(found)})


def _facts(connection: psycopg.Connection) -> Facts:
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(
            "select split_part(current_setting('server_version'), ' ', 1) as version,"
            " (select default_version from pg_available_extensions where name = 'vector') as pgvector,"
            " rolsuper as superuser, rolbypassrls as bypassrls from pg_roles where rolname = current_user"
        ).fetchone()
    return dict(found or {})


def _look_at_migrations(url: str, origin: _Origin) -> Finding:
    try:
        status = migration.status(url)
    except (StartError, psycopg.Error) as error:
        return problem("migrations", error)
    facts = {"standing": status.standing.value, "revision": status.revision, "head": status.head}
    if status.standing is migration.Standing.IN_STEP:
        return Finding("migrations", Health.OK, status.advice, facts=facts)
    if origin is not _EXTERNAL and status.standing in {migration.Standing.EMPTY, migration.Standing.BEHIND}:
        return Finding("migrations", Health.NOTE, status.advice, "or the next `gateway serve` does it", facts)
    return Finding("migrations", Health.PROBLEM, status.advice, facts=facts)


def _look_at_admin(settings: Settings) -> Iterator[Finding]:
    """See whether the role that migrates and loads can sign in."""
    if settings.admin_database_url is None:
        return
    try:
        connect(settings.admin_database_url).close()
    except StartError as error:
        yield problem("administration", error)
    else:
        yield Finding("administration", Health.OK, place(settings.admin_database_url))


def _look_at_redis(url: str, origin: _Origin) -> Finding:
    parts = urlsplit(url)
    where = parts.path if parts.scheme == "unix" else f"{parts.hostname}:{parts.port or 6379}"
    client = redis.Redis.from_url(url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE)
    try:
        about = client.info("server")
    except (redis.RedisError, OSError) as error:
        return problem("redis", f"{where} does not answer: {error}", "start it, or correct GATEWAY_REDIS_URL")
    finally:
        client.close()
    is_valkey = "valkey_version" in about
    name, version = ("Valkey", about["valkey_version"]) if is_valkey else ("Redis", about["redis_version"])
    facts = {"origin": origin.fact, "server": name, "version": str(version), "address": where}
    return Finding("redis", Health.OK, f"{name} {version}, {where}; {origin.text}", facts=facts)
