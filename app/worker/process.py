"""The worker as a child of the gateway: it ends with its parent, and is started again when it ends by itself."""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from app.embedded import make_folder
from app.embedded.logs import ServerLog
from app.embedded.process import Child, run_through, spawn, stopping
from app.embedded.supervision import Watch, keep_alive
from app.errors import StartError
from app.settings import Settings, variable

_LOG = logging.getLogger(__name__)
# It finishes what it is appending; a warehouse that was ended in the middle loses nothing either.
_STOP: Final = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0))
_SECONDS_AFTER_DEATHS: Final = 60.0
_COMMAND: Final = (sys.executable, "-I", "-m", "app", "etl", "stream")


class WorkerProcess:
    """`gateway etl stream` as a server that the supervision watches; it listens where it likes."""

    name = "the ETL worker"

    def __init__(self, settings: Settings) -> None:
        self.port = 0
        self.child: Child | None = None
        self._log = ServerLog(make_folder(settings.data_dir).logs, "worker")
        self._environment = {**os.environ, variable("data_dir"): str(settings.data_dir)}
        self._is_wanted = True

    def starting(self, *, may_move: bool) -> Iterator[float]:  # noqa: ARG002 - it has no port of its own to move from
        """Start it; what it has to wait for it waits for by itself."""
        output = self._log.open()
        try:
            self.child = spawn(
                _COMMAND,
                switch="self",
                # The data folder belongs to whoever serves next, at once.
                death_signal=signal.SIGKILL,
                output=output,
                # Paths in the settings may be relative.
                folder=Path.cwd(),
                environment=self._environment,
            )
        finally:
            os.close(output)
        yield from ()

    def stopping(self) -> Iterator[float]:
        """Let it finish its batch, and end it where that takes too long."""
        self._is_wanted = False
        if self.child is not None:
            yield from stopping(self.child, _STOP)

    def reason(self) -> str:
        """Return the signal that ended it, or the line of its log that says why it ended."""
        status = None if self.child is None else self.child.returncode
        return f"killed by signal {-status}" if status is not None and status < 0 else self._log.reason()

    async def supervise(self, may_start: asyncio.Event) -> None:
        """Start it, and again whenever it ends, until it is stopped; a worker that can't live disturbs nobody else."""
        await may_start.wait()
        watch = Watch(is_wanted=lambda: self._is_wanted, died=lambda: None, is_back=lambda: None)
        while self._is_wanted:
            try:
                run_through(self.starting(may_move=False))
                await keep_alive(self, watch)
            except (StartError, OSError) as error:
                _LOG.error("%s; it is tried again in %.0f s", error, _SECONDS_AFTER_DEATHS)
                await asyncio.sleep(_SECONDS_AFTER_DEATHS)

    async def stop(self) -> None:
        """End it, in its cleanest way within limits."""
        for pause in self.stopping():
            await asyncio.sleep(pause)
