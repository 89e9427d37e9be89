"""What can be wrong with files that are to be loaded, told so that it can be found and mended."""

import difflib
import json
from collections.abc import Iterable
from dataclasses import dataclass

PERSONAL = "(personal data, not shown)"
_LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Fault:
    """One thing that cannot be taken, and where it stands.

    `line` counts the lines of the file from 1; `value` is what may be shown of the cell.
    """

    file: str
    reason: str
    line: int | None = None
    column: str | None = None
    value: str | None = None

    def __str__(self) -> str:
        where = [self.file]
        if self.line is not None:
            where.append(f"line {self.line}")
        if self.column is not None:
            where.append(f"column {self.column}")
        if self.value is not None:
            where.append(f"value {self.value}")
        return f"{', '.join(where)}: {self.reason}"


class LoadRefused(Exception):
    """The load cannot be done as it is; the database is as it was before."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(map(str, faults)))
        self.faults = faults


def shown(value: str, *, personal: bool) -> str:
    """Return a cell's value for a message: quoted, with odd characters escaped, cut when long."""
    if personal:
        return PERSONAL
    cut = value if len(value) <= _LONGEST_SHOWN else value[: _LONGEST_SHOWN - 1] + "…"
    quoted = json.dumps(cut, ensure_ascii=False)
    # Bytes that are not UTF-8 were read as half characters, which cannot be printed.
    return quoted.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def nearest(name: str, names: Iterable[str]) -> str:
    """Return a question that names the nearest of the known names, or nothing when none is near."""
    found = difflib.get_close_matches(name.strip().lower(), list(names), n=1, cutoff=0.5)
    return f"; did you mean {found[0]}?" if found else ""
