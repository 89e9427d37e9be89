"""Restarting servers that die under a running gateway."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from app.embedded.server import Server
from app.errors import StartError

_LOG = logging.getLogger(__name__)
_LOOK_EVERY = 0.1
_MAX_DEATHS = 5
_WINDOW_SECONDS = 60.0
_FIRST_PAUSE = 0.25


@dataclass(frozen=True)
class Watch:
    """What the supervision asks and tells the owner of a server."""

    is_wanted: Callable[[], bool]
    died: Callable[[], None]
    is_back: Callable[[], None]


async def keep_alive(server: Server, watch: Watch) -> None:
    """Start the server again on its port whenever it has ended, as long as it is wanted.

    The first restart comes at once, the next ones after growing pauses; StartError when it died five times
    within a minute.
    """
    deaths: deque[float] = deque()
    while watch.is_wanted():
        await asyncio.sleep(_LOOK_EVERY)
        if not watch.is_wanted() or server.child is None or server.child.poll() is None:
            continue
        watch.died()
        now = time.monotonic()
        deaths.append(now)
        while deaths[0] < now - _WINDOW_SECONDS:
            deaths.popleft()
        status = server.child.returncode
        if len(deaths) >= _MAX_DEATHS:
            raise StartError(
                f"{server.name} died {len(deaths)} times within {_WINDOW_SECONDS:.0f} s (last with status"
                f" {status}: {server.reason()}); mend what its log names and start again"
            )
        _LOG.error("%s ended with status %s, starting it again: %s", server.name, status, server.reason())
        if len(deaths) > 1:
            await asyncio.sleep(_FIRST_PAUSE * 2 ** (len(deaths) - 2))
        await _start_again(server, watch)


async def _start_again(server: Server, watch: Watch) -> None:
    begin = time.monotonic()
    try:
        for pause in server.starting(may_move=False):
            await asyncio.sleep(pause)
            # Stopped meanwhile: what was started is gone, and nothing may be started any more.
            if not watch.is_wanted():
                return
    except (StartError, OSError) as error:
        # Its process has ended, so the next look counts this as another death.
        _LOG.error("%s", error)
    else:
        watch.is_back()
        _LOG.warning("%s serves again after %.1f s", server.name, time.monotonic() - begin)
