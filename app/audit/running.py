"""The audit log of a running gateway: where it is kept, and what runs for it."""

import asyncio
from pathlib import Path
from typing import Final

import structlog

from app.audit.anchors import Anchors
from app.audit.recording import Executor, RecordingExecutor
from app.audit.shipping import Shipping
from app.embedded import make_folder
from app.settings import Settings

_LOG: Final = structlog.stdlib.get_logger("app.audit")


def audit_folder(settings: Settings) -> Path:
    """Return the folder of journals and anchors."""
    return settings.audit_dir or settings.data_dir / "audit"


def anchors(settings: Settings) -> Anchors:
    """Return the anchors of the audit log."""
    return Anchors(audit_folder(settings) / "anchors.jsonl")


def audit_secret(settings: Settings) -> bytes:
    """Return what rows are sealed with."""
    return (settings.audit_secret or make_folder(settings.data_dir).keep_secret("audit-key")).encode()


class Recording:
    """Records what an executor runs, and ships it while the gateway runs."""

    def __init__(self, executor: Executor, settings: Settings, url: str) -> None:
        self._shipping = Shipping(url, audit_folder(settings), anchors(settings), audit_secret(settings))
        self._running = asyncio.create_task(self._shipping.run())
        self.executor = RecordingExecutor(executor, self._shipping, most_lag=settings.audit_lag_seconds)

    @property
    def lag(self) -> float:
        """Seconds for which the database has taken no records."""
        return self._shipping.lag

    async def stop(self) -> None:
        """Ship what is left, if the database takes it now."""
        self.executor.write_held()
        await self._shipping.close(self._running)
        if self.executor.held:
            _LOG.error("audit records are lost: there was no room for them until the end", records=self.executor.held)
