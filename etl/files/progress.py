"""What a load tells while it runs."""

from typing import Protocol


class Progress(Protocol):
    """Told of each step of a load, often; whoever shows it decides how much of it."""

    def note(self, text: str) -> None:
        """Something that is to be known, in a sentence."""

    def reading(self, file: str, done: int, size: int) -> None:
        """So many bytes of a file were read and checked."""

    def writing(self, table: str, done: int, count: int) -> None:
        """So many of all tables are written; now comes this one."""
