"""The result as tables for people."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.goals import findings, ratio
from bench.telling import show_goals, show_machine
from bench.workloads import WORKLOADS

_VERSIONS = {"postgresql": "PostgreSQL", "python": "Python", "node": "Node", "postgraphile": "PostGraphile"}


def show(result: Mapping[str, Any], console: Console) -> bool:
    """Print a result and what came of the goals; return whether all were met."""
    show_machine(result["machine"], _VERSIONS, console)
    console.print(_table(result))
    return show_goals(findings(result), console)


def _table(result: Mapping[str, Any]) -> Table:
    table = Table(title="Requests a second and what they take")
    for name in ("workload", "server"):
        table.add_column(name, no_wrap=True)
    for name in ("requests/s", "gateway is", "p50 ms", "p99 ms", "CPU server", "CPU database", "failed"):
        table.add_column(name, justify="right", no_wrap=True)
    for workload in WORKLOADS:
        measured = result["workloads"].get(workload.key, {})
        for peer, one in measured.items():
            found = ratio(measured, "gateway", peer)
            table.add_row(
                workload.key,
                peer,
                f"{one['rps']:,.0f}",
                "" if peer == "gateway" or found is None else f"{found:.2f} x",
                f"{one['p50_ms']:.1f}",
                f"{one['p99_ms']:.1f}",
                f"{one['server_cpu_s_per_1000']:.2f}",
                f"{one['database_cpu_s_per_1000']:.2f}",
                str(one["errors"] or ""),
            )
        table.add_section()
    memory = ", ".join(f"{peer} {size:.0f}" for peer, size in result["peak_memory_mb"].items())
    table.caption = f"CPU: seconds for 1,000 requests. Peak memory in MB: {memory}"
    return table
