"""The operational database that the gateway serves: the configured one, or the embedded one, in step."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from app import migration
from app.embedded import Part, Stack, start_stack
from app.settings import Settings


@dataclass(frozen=True)
class Operational:
    """Where the database serves, where its owner signs in, Redis, and the servers of this process, if it has any."""

    url: str
    owner_url: str
    redis_url: str
    stack: Stack | None


@contextmanager
def operational(settings: Settings, report: Callable[[str], None]) -> Iterator[Operational]:
    """Start what is embedded, and give the database once its migrations are in step; stop it all at the end.

    An embedded database is migrated. A configured one is never changed: one that is behind or ahead is a StartError.
    """
    parts = _embedded_parts(settings)
    stack = start_stack(settings.data_dir, owner="gateway serve", parts=parts, report=report) if parts else None
    try:
        found = _found(settings, stack)
        if settings.is_embedded:
            migration.upgrade(found.owner_url, report=report)
        else:
            migration.require_in_step(found.url)
        yield found
    finally:
        if stack is not None:
            report("stopping the embedded servers")
            stack.stop()


def _embedded_parts(settings: Settings) -> list[Part]:
    configured: dict[Part, str | None] = {"postgres": settings.database_url, "valkey": settings.redis_url}
    return [part for part, url in configured.items() if url is None]


def _found(settings: Settings, stack: Stack | None) -> Operational:
    redis_url = settings.redis_url or (stack.endpoints.redis_url if stack else "")
    if settings.database_url is not None:
        owner_url = settings.admin_database_url or settings.database_url
        return Operational(settings.database_url, owner_url, redis_url, stack)
    if stack is None:
        raise RuntimeError("neither a configured nor an embedded database")
    return Operational(stack.endpoints.database_url, stack.endpoints.owner_url, redis_url, stack)
