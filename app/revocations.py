"""Revocations of a running gateway: kept in step with Redis and, where Redis is embedded, over its stops."""

import asyncio
import contextlib
import json
import os
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Self

from app.embedded import DataFolder, make_folder
from app.settings import Settings
from security.revocation import Revocation, Revocations
from security.revocation_list import RevocationList
from security.revocation_watch import RevocationWatch


@dataclass(frozen=True)
class RevocationJournal:
    """A file of the data folder, a line an entry: the embedded Redis keeps nothing on disk."""

    folder: DataFolder

    def write(self, entries: Iterable[Revocation]) -> None:
        """Add entries; they are on disk when this returns."""
        # Line ends come first, so that nothing is added to a line that a crash has cut off.
        lines = "".join("\n" + json.dumps(asdict(entry)) for entry in entries)
        # One write to the end of the file: another process's can't come in between.
        descriptor = os.open(self.folder.revocations, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(lines)
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> list[Revocation]:
        """Return what was written and is not over yet; a line that a crash cut off is passed over."""
        with contextlib.suppress(FileNotFoundError):
            lines = self.folder.revocations.read_text(encoding="utf-8").splitlines()
            found = (_entry(line) for line in lines)
            return [entry for entry in found if entry is not None and entry.until > time.time()]
        return []


@dataclass(frozen=True)
class FollowedRevocations:
    """What was revoked, and the task that keeps it in step."""

    known: Revocations
    shared: RevocationList
    following: asyncio.Task[None]

    @classmethod
    async def start(cls, settings: Settings, redis_url: str) -> Self:
        """Read the list, if it can be read, and follow it from now on."""
        known = Revocations()
        if settings.redis_url is None:
            known.learn(RevocationJournal(make_folder(settings.data_dir)).read())
        shared = RevocationList.at(redis_url)
        watch = RevocationWatch(known, shared)
        await watch.look()
        return cls(known, shared, asyncio.create_task(watch.run()))

    async def stop(self) -> None:
        """Follow no more."""
        self.following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.following
        await self.shared.close()


def _entry(line: str) -> Revocation | None:
    try:
        return Revocation(**json.loads(line))
    except (ValueError, TypeError):
        return None
