"""Shipping: records go from journals into the database, in batches, as often as it takes and each of them once."""

import asyncio
import contextlib
import errno
import itertools
import os
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import structlog

from app.audit.anchors import Anchors
from app.audit.journal import ROOM, Entries, Journal, entries, journals, left_behind, remove_unfinished
from security.audit import sealing

_BATCH_BYTES = 1 << 19
_SEALED_AT_ONCE = 50
_PAUSE_SECONDS = 0.25
_PAUSE_AFTER_FAULT_SECONDS = 1.0
_TIMEOUT_SECONDS = 10.0
_MOST_JOURNALS = 64
"""Journals that wait for the database at the most: 1 GiB, in which some two million operations are."""
# As texts, because asyncpg asks of each item of an array whether it is an array too. No record has a line end in it.
_APPEND = """select row_id, row_link
    from gateway_audit($1, string_to_array($2, ',')::bigint[], string_to_array($3, E'\\n'), $4)"""
_LOG = structlog.stdlib.get_logger("app.audit")


class Shipping:
    """Owns the journal of this process, and brings what is in it, and in those left behind, into the database."""

    def __init__(self, url: str, folder: Path, anchors: Anchors, secret: bytes) -> None:
        remove_unfinished(folder)
        self.journal = Journal(folder)
        self._url = url
        self._folder = folder
        self._anchors = anchors
        self._secret = secret
        self._connection: Any = None
        self._shipped: dict[Path, int] = {}
        self._caught_up = time.monotonic()
        self._is_faulty = False
        self._largest_refused = 0
        self._has_no_room = False
        self._ended = asyncio.Event()
        self._on_room: Callable[[], object] = lambda: None

    def on_room(self, call: Callable[[], object]) -> None:
        """Have this called when another journal is begun, which takes what the last one did not."""
        self._on_room = call

    @property
    def lag(self) -> float:
        """Seconds since all records were in the database."""
        return time.monotonic() - self._caught_up

    def append(self, record: bytes) -> None:
        """Append a record to the journal; OSError where there is no room for it, until another one is begun."""
        try:
            self.journal.append(record)
        except OSError:
            self._largest_refused = max(self._largest_refused, len(record))
            raise

    async def run(self) -> None:
        """Ship until closed."""
        while not self._ended.is_set():
            pause = _PAUSE_SECONDS if await self.ship() else _PAUSE_AFTER_FAULT_SECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._ended.wait()

    async def ship(self) -> bool:
        """Bring what is there into the database; False where that did not succeed, to be tried again."""
        has_succeeded = await self._try_to_ship()
        # Without the database too: what it doesn't take waits on the disk.
        await self._follow_on()
        return has_succeeded

    async def _try_to_ship(self) -> bool:
        begun = time.monotonic()
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                await asyncio.to_thread(self.journal.sync)
                for path in left_behind(self._folder):
                    try:
                        await self._ship(path)
                    except FileNotFoundError:
                        # Another process has shipped it first, and taken it away.
                        self._shipped.pop(path, None)
                await self._ship(self.journal.path)
        except Exception as fault:  # noqa: BLE001 - whatever it is: a task that ended would ship nothing any more
            await self._disconnect()
            if not self._is_faulty:
                _LOG.error("audit records can't be brought into the database", error=type(fault).__name__)
            self._is_faulty = True
            return False
        if self._is_faulty:
            _LOG.info("audit records are brought into the database again")
        self._is_faulty, self._caught_up = False, begun
        return True

    async def close(self, running: Awaitable[None]) -> None:
        """Ship what is left, if that is possible now, and end; what is not shipped waits for the next process."""
        self._ended.set()
        await running
        await self.ship()
        self.journal.close()
        await self._disconnect()

    async def _ship(self, path: Path) -> None:
        while True:
            before = self._shipped.get(path, 0)
            found, after = await asyncio.to_thread(entries, path, before, _BATCH_BYTES)
            if not found.records:
                break
            for run in self._runs(path, found):
                await self._append(path.stem, run)
            self._shipped[path] = after
            if path == self.journal.path and after - before < _BATCH_BYTES:
                # What has come meanwhile waits to be more: a batch costs as much as thirty records do.
                break
        if path != self.journal.path:
            await asyncio.to_thread(path.unlink, missing_ok=True)
            self._shipped.pop(path, None)

    def _runs(self, path: Path, found: Entries) -> Iterable[Entries]:
        """Return the records to ship, in runs that stand behind each other in their journal."""
        if path == self.journal.path:
            return (found,)
        # What the machine's end left of a journal may be anything.
        whole = [at for at, record in enumerate(found.records) if _is_whole(record)]
        runs = itertools.groupby(enumerate(whole), key=lambda one: one[1] - one[0])
        places = ([at for _, at in run] for _, run in runs)
        return (Entries([found.positions[at] for at in run], [found.records[at] for at in run]) for run in places)

    async def _append(self, journal: str, run: Entries) -> None:
        """Append records to the log, of which those that are there already are left out, and note the last link."""
        if self._connection is None:
            self._connection = await asyncpg.connect(
                self._url, server_settings={"application_name": "cienty-gateway audit", "search_path": "public"}
            )
        seals = await self._seals(journal, run)
        positions, records = ",".join(map(str, run.positions)), b"\n".join(run.records).decode()
        last = await self._connection.fetchrow(_APPEND, journal, positions, records, seals)
        if last is not None and last["row_id"]:
            await asyncio.to_thread(self._anchors.note, last["row_id"], last["row_link"])

    async def _seals(self, journal: str, run: Entries) -> bytes:
        seal = sealing(self._secret, journal)
        seals: list[bytes] = []
        for at in range(0, len(run.records), _SEALED_AT_ONCE):
            # Requests that wait are answered in between.
            await asyncio.sleep(0)
            part = slice(at, at + _SEALED_AT_ONCE)
            seals += map(seal, run.positions[part], run.records[part])
        return b"".join(seals)

    async def _follow_on(self) -> None:
        """Begin another journal where this one has grown large; the old one is then shipped as one left behind."""
        if not self.journal.is_filling and not self._largest_refused:
            return
        following = await self._begun()
        if following is None:
            return
        full, self.journal = self.journal, following
        self._on_room()
        # Apart, because a flush that takes long may still be under way.
        await asyncio.to_thread(full.close)

    async def _begun(self) -> Journal | None:
        """Return a new journal, with room for the largest record that this one did not take; None where none may be."""
        if len(list(journals(self._folder))) >= _MOST_JOURNALS:
            self._note_no_room(errno.ENOSPC)
            return None
        try:
            begun = await asyncio.to_thread(Journal, self._folder, room=max(ROOM, 4 * self._largest_refused))
        except OSError as fault:
            self._note_no_room(fault.errno)
            return None
        self._largest_refused, self._has_no_room = 0, False
        return begun

    def _note_no_room(self, reason: int | None) -> None:
        if not self._has_no_room:
            _LOG.error("there is no room for another audit journal", errno=reason)
        self._has_no_room = True

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                await connection.close(timeout=1)
            except Exception:  # noqa: BLE001 - of a connection that failed it may be anything
                connection.terminate()


def _is_whole(record: bytes) -> bool:
    """Tell whether a line is a record; one that the disk had no room for was never answered for."""
    if not record:
        return False
    try:
        orjson.loads(record)
    except orjson.JSONDecodeError:
        _LOG.error("a torn audit record was left out", bytes=len(record), pid=os.getpid())
        return False
    return True
