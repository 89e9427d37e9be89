"""One connection to PostgreSQL: what is known to be set on it, and the statements that it has prepared."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Final

import asyncpg

State = tuple[tuple[str, str], ...]
"""Settings of a session, with their values."""

_MOST_PREPARED: Final = 100
"""Statements that a connection keeps, as many as asyncpg does; the server forgets those that are used no more."""

_MOST_CHARACTERS: Final = 400_000
"""Characters of these statements: the server takes some 35 bytes for each, 1.7 MB for one with a large filter."""

_OUTDATED: Final = (asyncpg.InvalidCachedStatementError, asyncpg.OutdatedSchemaCacheError)


class Connection:
    """A connection of asyncpg's, and the settings that it is known to have; None where they are not known."""

    __slots__ = ("_characters", "_prepared", "_protocol", "driver", "state")

    def __init__(self, driver: Any) -> None:
        self.driver = driver
        self.state: State | None = None
        self._protocol = driver._protocol  # noqa: SLF001 - see `fetch`
        self._prepared: OrderedDict[str, Any] = OrderedDict()
        self._characters = 0

    @property
    def is_at_rest(self) -> bool:
        """Tell whether it is open, with no transaction, and nothing runs on it."""
        protocol = self._protocol
        # Written out: it is asked once a request.
        is_busy = protocol._is_cancelling() or protocol.is_in_transaction()  # noqa: SLF001 - see `fetch`
        return bool(protocol.is_connected()) and not is_busy

    @property
    def is_cancelling(self) -> bool:
        """Tell whether what was cancelled on it may still run; asyncpg knows nothing of its transactions meanwhile."""
        return bool(self._protocol._is_cancelling())  # noqa: SLF001 - see `fetch`

    async def end_of_cancelling(self) -> None:
        """Wait until nothing of what was cancelled runs any more, or the connection is lost."""
        await self._protocol._wait_for_cancellation()  # noqa: SLF001 - see `fetch`

    async def show(self, state: State) -> None:
        """Have these settings; costs a round trip where the last user had others."""
        if self.state == state:
            return
        # Until it has worked nothing is known: a fault or a cancellation in between must not leave another's view.
        self.state = None
        told = ", ".join(f"set_config('{name}', ${at}, false)" for at, (name, _) in enumerate(state, 1))
        await self.driver.fetchrow(f"select {told}", *(value for _, value in state))
        self.state = state

    async def fetch(self, sql: str, arguments: Sequence[Any]) -> Any:
        """Run a statement outside of a transaction, prepared at its first run, and return its rows.

        asyncpg keeps statements too, but a look at what it keeps costs more than to run what is at hand. A prepared
        statement's own `fetch` comes to the same by way of three coroutines and as many checks of what the pool has
        checked, which costs a small request a twentieth of its time. The project is bound to this version of asyncpg
        for what this module takes of it that is not public.
        """
        prepared = self._prepared.get(sql)
        if prepared is None:
            prepared = await self._prepare(sql)
        else:
            self._prepared.move_to_end(sql)
        try:
            return await self._protocol.bind_execute(prepared._state, arguments, "", 0, False, None)  # noqa: SLF001 - see above
        except _OUTDATED:
            # Somebody has changed a table under it: asyncpg prepares it again.
            self._prepared.clear()
            self._characters = 0
            return await self.driver.fetch(sql, *arguments)

    async def _prepare(self, sql: str) -> Any:
        prepared = self._prepared[sql] = await self.driver.prepare(sql)
        self._characters += len(sql)
        while len(self._prepared) > _MOST_PREPARED or self._characters > _MOST_CHARACTERS:
            text, _ = self._prepared.popitem(last=False)
            self._characters -= len(text)
        return prepared
