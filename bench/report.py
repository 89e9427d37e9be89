"""The result as tables for people."""

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.goals import findings, ratio
from bench.workloads import WORKLOADS


def show(result: Mapping[str, Any], console: Console) -> bool:
    """Print a result and what came of the goals; return whether all were met."""
    machine = result["machine"]
    console.print(
        f"\n{machine['cpu']}, {machine['cores']} cores, {machine['memory_gb']} GB; {machine['system']};"
        f" PostgreSQL {machine['postgresql']}, Python {machine['python']}, Node {machine['node']},"
        f" PostGraphile {machine['postgraphile']}; load average before {machine['load_average']}"
    )
    console.print(_table(result))
    told = list(findings(result))
    goals = Table("goal", "found", "", title="Goals")
    for one in told:
        goals.add_row(one.goal, one.found, "[green]met" if one.is_met else "[red]missed")
    console.print(goals)
    return all(one.is_met for one in told)


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
