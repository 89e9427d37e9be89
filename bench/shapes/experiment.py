"""Runs the candidates in turn on one connection, and tells the processor time of each."""

import datetime as dt
import os
import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import asyncpg
import psutil
from rich.table import Table

from bench.shapes.gateway import own_statements
from bench.shapes.statements import AGGREGATE, FEED, FLAT

_BRASILIA: Final = dt.timezone(dt.timedelta(hours=-3))
_MOMENTS: Final = [dt.datetime(2026, month, 1, tzinfo=_BRASILIA) for month in (1, 7)]
_CANDIDATES: Final[Mapping[str, tuple[Mapping[str, str], Sequence[Any]]]] = {
    "feed": (FEED, [50]),
    "flat": (FLAT, [1000]),
    "aggregate": (AGGREGATE, [["shipped", "delivered"], *_MOMENTS]),
}
PLANS: Final = ("force_custom_plan", "force_generic_plan", "auto")
_UNTIL_GENERIC: Final = 6
"""Runs after which PostgreSQL has decided whether to go on planning for each value."""


async def experiment(url: str, serving_url: str, rounds: int) -> list[Table]:
    """Return a table for each kind of answer: milliseconds of the database's processor, and of the client's.

    All statements run as the owner, whom no policy concerns; only the gateway itself asks as the role that serves.
    """
    own = await own_statements(serving_url)
    return [
        await _compared(url, kind, statements, arguments, own.get(kind), rounds)
        for kind, (statements, arguments) in _CANDIDATES.items()
    ]


async def _compared(
    url: str,
    kind: str,
    statements: Mapping[str, str],
    arguments: Sequence[Any],
    own: tuple[str, Sequence[Any]] | None,
    rounds: int,
) -> Table:
    candidates = {name: (sql, arguments) for name, sql in statements.items()}
    if own is not None:
        candidates["what the gateway sends"] = own
    table = Table(title=kind)
    table.add_column("statement", no_wrap=True)
    for title in ("database ms: custom plan", "generic", "as it chooses", "client ms", "bytes"):
        table.add_column(title, justify="right")
    found = {plans: await _measured(url, candidates, plans, rounds) for plans in PLANS}
    for name in candidates:
        spent = [f"{found[plans][name][0]:.2f}" for plans in PLANS]
        _, client, size = found["auto"][name]
        table.add_row(name, *spent, f"{client:.2f}", f"{size:,}" if size else "")
    return table


async def _measured(
    url: str, candidates: Mapping[str, tuple[str, Sequence[Any]]], plans: str, rounds: int
) -> dict[str, tuple[float, float, int]]:
    connection = await asyncpg.connect(url, server_settings={"plan_cache_mode": plans})
    try:
        await connection.set_type_codec(
            "varchar", schema="pg_catalog", format="binary", encoder=str.encode, decoder=bytes
        )
        backend = connection.get_server_pid()
        prepared = {name: await connection.prepare(sql) for name, (sql, _) in candidates.items()}
        database: dict[str, list[float]] = {name: [] for name in candidates}
        client: dict[str, list[float]] = {name: [] for name in candidates}
        size = dict.fromkeys(candidates, 0)
        for number in range(rounds + _UNTIL_GENERIC):
            for name, statement in prepared.items():
                before, own = processor_ms(backend), time.process_time()
                rows = await statement.fetch(*candidates[name][1])
                own_after, after = time.process_time(), processor_ms(backend)
                if number >= _UNTIL_GENERIC:
                    database[name].append(after - before)
                    client[name].append((own_after - own) * 1000)
                size[name] = sum(len(row[0]) for row in rows if isinstance(row[0], bytes))
    finally:
        await connection.close()
    return {
        name: (statistics.median(database[name]), statistics.median(client[name]), size[name]) for name in candidates
    }


def processor_ms(pid: int) -> float:
    """Return the milliseconds that a process has run; Linux tells them to the nanosecond, others to the tick."""
    schedule = Path(f"/proc/{pid}/schedstat")
    if os.path.exists(schedule):  # noqa: PTH110  asked between two measurements
        return int(schedule.read_text().split()[0]) / 1e6
    times = psutil.Process(pid).cpu_times()
    return (times.user + times.system) * 1000
