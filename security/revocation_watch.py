"""What keeps a process's revocations in step with the list in Redis."""

import asyncio
from typing import Final

import structlog

from security.revocation import Revocations
from security.revocation_list import RevocationList, RevocationListFailed

INTERVAL: Final = 1.0
"""Seconds between two looks: for so long, and that of one answer, a revoked token may still be taken."""

_LOG: Final = structlog.stdlib.get_logger("security.revocation")
# A look that was not even refused, in the worst of cases, counts as none for so long.
_CURRENT_SECONDS: Final = 5.0
_NEVER_SEEN: Final = "never seen"


class RevocationWatch:
    """Looks at the list once a second: one small question, and the whole list only where it has changed.

    What this process knows and the list does not, because Redis lost it, is written there again.
    """

    def __init__(self, known: Revocations, shared: RevocationList) -> None:
        self._known = known
        self._shared = shared
        self._version: str | None = _NEVER_SEEN
        self._is_failing = False
        known.doubt()

    async def run(self) -> None:
        """Look for as long as the task lives."""
        while True:
            await self.look()
            await asyncio.sleep(INTERVAL)

    async def look(self) -> None:
        """Bring the process in step; where that fails, its list is in doubt."""
        try:
            await self._follow()
        except Exception as error:  # noqa: BLE001 - whatever it is: nobody would look any more
            self._known.doubt()
            if not self._is_failing:
                is_foreseen = isinstance(error, RevocationListFailed)
                _LOG.warning("revocations unknown", reason=str(error) if is_foreseen else type(error).__name__)
            self._is_failing = True
        else:
            self._known.confirm(_CURRENT_SECONDS)
            if self._is_failing:
                _LOG.info("revocations known again")
            self._is_failing = False

    async def _follow(self) -> None:
        # Read before the list: a change in between is then read once more, and never missed.
        version = await self._shared.version()
        if version == self._version:
            return
        listed = await self._shared.entries()
        self._known.learn(listed)
        await self._shared.add(self._known.missing_from(listed))
        self._version = version
