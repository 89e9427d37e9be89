"""Health: whether the process lives, and whether it can do its work now."""

import asyncio
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app import migration
from app.errors import StartError
from resolvers.database import Database
from security.errors import GatewayError

SECONDS: Final = 2.0
"""How long the database may take to answer."""

_STANDING_SECONDS: Final = 10.0


class Readiness:
    """Whether requests can be answered, asked of the parts themselves.

    Probes that come while one is being answered share its answer, so that no number of them loads the database.
    """

    def __init__(self, database: Database, database_url: str) -> None:
        self._database = database
        self._url = database_url
        self._asking: asyncio.Task[dict[str, str]] | None = None
        self._standing = ("", -_STANDING_SECONDS)
        self._is_stopping = False

    def stop(self) -> None:
        """Say no from now on: the gateway is about to end."""
        self._is_stopping = True

    async def faults(self) -> dict[str, str]:
        """Return what is wrong, by part; nothing where all is well. No address or credential is in it."""
        if self._is_stopping:
            return {"gateway": "stopping"}
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        return await asyncio.shield(self._asking)

    async def _ask(self) -> dict[str, str]:
        faults = {
            "database": await _fault(self._database.ping, "does not answer"),
            "migrations": await _fault(self._check_standing, "cannot be read"),
        }
        return {part: fault for part, fault in faults.items() if fault}

    async def _check_standing(self) -> None:
        """Raise `StartError` unless migrations are in step; looked up again every few seconds."""
        fault, since = self._standing
        if monotonic() - since > _STANDING_SECONDS:
            found = await asyncio.to_thread(migration.status, self._url)
            fault = "" if found.standing is migration.Standing.IN_STEP else found.advice
            # What is out of step is looked up at once again: somebody is mending it.
            self._standing = (fault, -_STANDING_SECONDS if fault else monotonic())
        if fault:
            raise _Fault(fault)


class _Fault(Exception):
    """A part is not ready; says why in words that anybody may read."""


async def _fault(check: Callable[[], Coroutine[Any, Any, None]], otherwise: str) -> str | None:
    try:
        async with asyncio.timeout(SECONDS):
            await check()
    except _Fault as error:
        return str(error)
    except (TimeoutError, OSError, StartError, GatewayError):
        # Their texts may say where the database is.
        return otherwise
    return None


def health_routes(readiness: Readiness) -> list[Route]:
    """Return `/healthz` (200 while the process lives) and `/readyz` (503 with the reasons where it can't serve)."""

    async def healthz(_request: Request) -> JSONResponse:
        return JSONResponse({"status": "ok"})

    async def readyz(_request: Request) -> JSONResponse:
        faults = await readiness.faults()
        if faults:
            return JSONResponse({"status": "unavailable", "faults": faults}, 503)
        return JSONResponse({"status": "ok"})

    return [Route("/healthz", healthz), Route("/readyz", readyz)]
