"""What the gateway would run on here, part by part: what each part is, and what is wrong with it."""

from collections.abc import Callable

from app.diagnosis.finding import Finding, Health
from app.diagnosis.machine import (
    look_at_cursors,
    look_at_explorer,
    look_at_machine,
    look_at_port,
    look_at_tokens,
)
from app.diagnosis.servers import look_at_servers
from app.settings import Settings

__all__ = ["Finding", "Health", "diagnose", "look_at_machine"]


def diagnose(settings: Settings, report: Callable[[str], None]) -> list[Finding]:
    """Look at every part that the settings name; `report` is told of steps that take a moment.

    Embedded servers that are not running are started for the look and stopped again. Nothing is made that is not
    there: no data folder, no key.
    """
    return [
        *look_at_machine(),
        *look_at_servers(settings, report),
        look_at_tokens(settings),
        look_at_cursors(settings),
        look_at_explorer(),
        look_at_port(settings),
    ]
