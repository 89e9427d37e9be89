"""The list of revocations in Redis, which all processes of a deployment share."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any, Final

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from security.revocation import Revocation

KEY: Final = "gateway:revocations"

# The member that changes with every other one.
_VERSION: Final = "version"
_SECONDS: Final = 0.5


class RevocationListFailed(Exception):
    """The list can't be read or written now; the text names the fault and no address."""


class RevocationList:
    """One hash: entries with the time when each may be forgotten. It expires with the last of them.

    What is over is told by Redis's clock, which all processes share: one whose own is ahead forgets nothing for others.
    It lies in one key so that it is lost as a whole or not at all: `RevocationWatch` then sees its version gone.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    @classmethod
    def at(cls, url: str) -> "RevocationList":
        """Return the list of the Redis at the URL; nothing is connected yet."""
        # One more try at once: a server that was started again has closed the connection that was kept.
        redis = Redis.from_url(
            url,
            decode_responses=True,
            encoding_errors="replace",
            socket_timeout=_SECONDS,
            socket_connect_timeout=_SECONDS,
            retry=Retry(NoBackoff(), retries=1),
        )
        return cls(redis)

    async def version(self) -> str | None:
        """Return a word that is another one after each change; None where nothing was ever revoked."""
        async with _reached():
            found = await self._redis.hget(KEY, _VERSION)
            return None if found is None else str(found)

    async def entries(self) -> list[Revocation]:
        """Return the whole list; members that are no entries are passed over."""
        async with _reached():
            now = await self._now()
            return [entry for entry in await self._entries() if entry.until > now]

    async def add(self, entries: Iterable[Revocation]) -> None:
        """Add entries, all or none, and take out those whose time is over."""
        added: dict[Any, Any] = {_member(entry): entry.until for entry in entries}
        if not added:
            return
        last = max(added.values())
        async with _reached():
            now = await self._now()
            over = [_member(entry) for entry in await self._entries() if entry.until <= now]
            async with self._redis.pipeline(transaction=True) as pipeline:
                if over:
                    pipeline.hdel(KEY, *over)
                pipeline.hset(KEY, mapping=added | {_VERSION: secrets.token_hex(8)})
                # The first sets an end where there is none, the second moves it, and only to a later one.
                pipeline.expireat(KEY, last, nx=True)
                pipeline.expireat(KEY, last, gt=True)
                await pipeline.execute()

    async def close(self) -> None:
        """Close its connections."""
        await self._redis.aclose()

    async def _now(self) -> int:
        seconds, _ = await self._redis.time()
        return int(seconds)

    async def _entries(self) -> list[Revocation]:
        members = await self._redis.hgetall(KEY)
        found = (_entry(str(member), str(until)) for member, until in members.items() if member != _VERSION)
        return [entry for entry in found if entry is not None]


@asynccontextmanager
async def _reached() -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(3 * _SECONDS):
            yield
    except (RedisError, OSError, TimeoutError) as error:
        raise RevocationListFailed(type(error).__name__) from error


def _member(entry: Revocation) -> str:
    return entry.digest if entry.issued_before is None else f"{entry.digest}:{entry.issued_before}"


def _entry(member: str, until: str) -> Revocation | None:
    digest, _, issued_before = member.partition(":")
    try:
        return Revocation(digest, int(issued_before) if issued_before else None, int(until))
    except ValueError:
        return None
