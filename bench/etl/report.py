"""The result as tables for people."""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.etl.goals import findings
from bench.telling import show_goals, show_machine

_VERSIONS = {"postgresql": "PostgreSQL", "python": "Python", "duckdb": "DuckDB"}


def show(result: Mapping[str, Any], console: Console) -> bool:
    """Print a result and what came of the goals; return whether all were met."""
    show_machine(result["machine"], _VERSIONS, console)
    rates = Table("what", "by whom", title="Rates")
    for name in ("a second", "CPU s/million", "CPU database", "peak MB"):
        rates.add_column(name, justify="right", no_wrap=True)
    for what, who, one in _rates(result):
        rates.add_row(
            *(what, who, f"{one.get('changes_per_s') or one['rows_per_s']:,}", f"{one['processor_s_per_million']:.1f}"),
            *(f"{one.get('database_processor_s_per_million', '')}", f"{one['peak_memory_mb'] or ''}"),
        )
    if rates.row_count:
        console.print(rates)
    return show_goals(findings(result), console)


def _rates(result: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    parts = {f"stream, {kind}": one for kind, one in result.get("stream", {}).items()}
    if "copy" in result:
        parts["copy"] = result["copy"]
    for what, part in parts.items():
        for who, one in part.items():
            if isinstance(one, Mapping):
                yield what, who, one
