"""How copying tells of its progress."""

from typing import Protocol


class Progress(Protocol):
    """Somebody who watches tables being copied."""

    def note(self, text: str) -> None:
        """Hear of a step."""

    def copying(self, table: str, done: int, total: int) -> None:
        """Hear how many rows of a table were copied, of about how many."""


class Silent:
    """Watches nothing."""

    def note(self, text: str) -> None:
        """Hear and forget."""

    def copying(self, table: str, done: int, total: int) -> None:
        """Hear and forget."""
