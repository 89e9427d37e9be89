"""What the demo data knows of medicines and of Brazil: a table a file, columns separated by semicolons."""

import csv
from functools import cache
from importlib.resources import files


def table(name: str) -> list[dict[str, str]]:
    """Return the rows of a table of this folder; lines that begin with `#` explain it."""
    text = (files(__name__) / f"{name}.csv").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return list(csv.DictReader(lines, delimiter=";"))


def names(use: str) -> list[tuple[str, float]]:
    """Return what things of a kind are called, each with its weight."""
    return [(row["name"], float(row["weight"])) for row in _names() if row["use"] == use]


@cache
def _names() -> list[dict[str, str]]:
    return table("names")
