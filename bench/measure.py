"""Measuring a server under load: rate, latencies, processor time, memory."""

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import psutil

from bench.database import Measured
from bench.load import Load, load
from bench.servers import Running

_LEAST_BYTES: Final = 0.98
"""Of an answer's length; what comes to less on the average was not always the answer."""
_SETTLED_SECONDS: Final = 20.0
_PAUSE: Final = 0.2
_IDLE: Final = 0.1
"""Share of one processor that idle servers may use."""


@dataclass(frozen=True)
class Sample:
    """One time of load on one server; processor time in seconds for 1,000 requests."""

    load: Load
    server_cpu: float
    database_cpu: float


@dataclass(frozen=True)
class Plan:
    """How long and how hard to measure."""

    rounds: int
    seconds: int
    warm_up: int
    connections: int


def sample(server: Running, workload: str, database: Measured, plan: Plan) -> Sample:
    """Put a server under load, first to warm it up and then to measure."""
    requests = server.requests(workload)
    least = min(len(server.ask(requests, at)) for at in range(0, len(requests.bodies), 100)) * _LEAST_BYTES
    load(server, requests, connections=plan.connections, seconds=plan.warm_up)
    _settle([*server.processes(), *database.processes()])
    server_before, database_before = _cpu(server.processes()), _cpu(database.processes())
    found = load(server, requests, connections=plan.connections, seconds=plan.seconds)
    server_after, database_after = _cpu(server.processes()), _cpu(database.processes())
    server.note_memory()
    _settle([*server.processes(), *database.processes()])
    if found.requests >= plan.connections and len(requests.bodies) == 1 and found.bytes_each < least:
        raise RuntimeError(f"{server.peer.key}, {workload}: answers of {found.bytes_each:.0f} bytes, not {least:.0f}")
    thousands = max(found.requests, 1) / 1000
    return Sample(
        found,
        server_cpu=_spent(server_before, server_after) / thousands,
        database_cpu=_spent(database_before, database_after) / thousands,
    )


def summary(samples: Sequence[Sample]) -> dict[str, Any]:
    """Return the medians of a server's samples, as they are written down."""

    def median(value: Callable[[Sample], float], digits: int) -> float:
        return round(statistics.median(value(one) for one in samples), digits)

    return {
        "rps": median(lambda one: one.load.rate, 1),
        "p50_ms": median(lambda one: one.load.p50, 2),
        "p99_ms": median(lambda one: one.load.p99, 2),
        "errors": sum(one.load.failed for one in samples),
        "server_cpu_s_per_1000": median(lambda one: one.server_cpu, 3),
        "database_cpu_s_per_1000": median(lambda one: one.database_cpu, 3),
        "rounds_rps": [round(one.load.rate, 1) for one in samples],
    }


def _settle(processes: Sequence[psutil.Process]) -> None:
    """Wait until the processes are idle: some go on with requests whose client has left."""
    deadline = time.monotonic() + _SETTLED_SECONDS
    before = _cpu(processes)
    while time.monotonic() < deadline:
        time.sleep(_PAUSE)
        after = _cpu(processes)
        if _spent(before, after) < _PAUSE * _IDLE:
            return
        before = after


Times = dict[tuple[int, float], float]


def _cpu(processes: Iterable[psutil.Process]) -> Times:
    """Return the processor time that each process has spent."""
    found: Times = {}
    for process in processes:
        try:
            times = process.cpu_times()
            found[process.pid, process.create_time()] = times.user + times.system
        except psutil.NoSuchProcess:
            continue
    return found


def _spent(before: Times, after: Times) -> float:
    return sum(seconds - before.get(process, 0.0) for process, seconds in after.items())
