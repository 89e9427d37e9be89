"""The keys of a key server: fetched when needed, kept for a while, and for longer while it does not answer."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final

import structlog

from security.errors import Unavailable
from security.key_sets import MAX_KEY_ID_LENGTH, PublishedKey, read_key_set
from security.keys import PublicKey, UnusableKey

_LOG: Final = structlog.stdlib.get_logger("security.keys")


class KeyServerFailed(Exception):
    """The key server gave no key set; the text is for the log."""


Fetch = Callable[[], Coroutine[Any, Any, bytes]]
"""Fetches a key set once; raises `KeyServerFailed`."""


@dataclass(frozen=True)
class Patience:
    """How long, in seconds, keys are good and the key server is left alone.

    Keys are asked for again at half of `max_age`, without anybody waiting; older than `max_age` they are waited for;
    while that fails they serve for `grace` more. Two fetches have `pause` between them, whoever asks for them: neither
    made-up key names nor a dead server make a storm.
    """

    max_age: float
    grace: float
    pause: float = 10.0


class KeyServer:
    """A source of keys (`security.tokens.KeySource`) behind one fixed address. Fetches are shared by all who wait."""

    def __init__(self, fetch: Fetch, patience: Patience) -> None:
        self._fetch = fetch
        self._patience = patience
        self._keys: tuple[PublishedKey, ...] = ()
        self._fetched_at = float("-inf")
        self._asked_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def candidates(self, key_id: str | None, algorithm: str) -> Sequence[PublicKey]:
        """Return the keys of this name, or all where a token names none; `Unavailable` where none can be known."""
        await self._be_fresh()
        if key_id is not None and len(key_id) <= MAX_KEY_ID_LENGTH and not self._knows(key_id):
            # A new key may be in use before the set was asked for again. While one without a name may do, nobody waits.
            if self._named(key_id):
                self._begin()
            else:
                await self._ask()
        return [published.key for published in self._named(key_id) if published.signs(algorithm)]

    def _knows(self, key_id: str) -> bool:
        return any(published.key_id == key_id for published in self._keys)

    def _named(self, key_id: str | None) -> list[PublishedKey]:
        return [published for published in self._keys if key_id is None or published.key_id in {None, key_id}]

    async def _be_fresh(self) -> None:
        age = monotonic() - self._fetched_at
        if age < self._patience.max_age / 2:
            return
        if age < self._patience.max_age:
            self._begin()
            return
        await self._ask()
        if monotonic() - self._fetched_at > self._patience.max_age + self._patience.grace:
            raise Unavailable("The keys that verify tokens can't be fetched now: try again later.")

    async def _ask(self) -> None:
        """Fetch, or wait for the fetch that is under way; nothing where the last one was a moment ago."""
        fetching = self._begin()
        if fetching is not None:
            # One who leaves does not end it for the others.
            await asyncio.shield(fetching)

    def _begin(self) -> asyncio.Task[None] | None:
        if self._fetching is None and monotonic() - self._asked_at >= self._patience.pause:
            self._asked_at = monotonic()
            self._fetching = asyncio.create_task(self._refresh())
        return self._fetching

    async def _refresh(self) -> None:
        try:
            self._keys = read_key_set(await self._fetch())
        except Exception as error:  # noqa: BLE001 - whatever it is: those who wait have the keys of before
            is_foreseen = isinstance(error, KeyServerFailed | UnusableKey)
            _LOG.warning("key server failed", reason=str(error) if is_foreseen else type(error).__name__)
        else:
            self._fetched_at = monotonic()
        finally:
            self._fetching = None
