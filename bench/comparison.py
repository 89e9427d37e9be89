"""The comparison: all servers on one database, one after the other, round by round."""

import contextlib
from collections.abc import Callable, Collection, Sequence
from typing import Any

from bench.agreement import check
from bench.database import Measured
from bench.documents import ask_distinct
from bench.machine import describe
from bench.measure import Plan, Sample, sample, summary
from bench.peers import peers
from bench.servers import Peer, Running, running
from bench.workloads import WORKLOADS

Report = Callable[[str], None]


def compare(
    database: Measured,
    plan: Plan,
    *,
    role: str,
    workloads: Collection[str],
    servers: Collection[str],
    documents: int,
    report: Report,
) -> dict[str, Any]:
    """Measure the servers on the workloads and return the result as it is written down."""
    machine = describe(database.endpoints.owner_url)
    chosen = [peer for peer in peers(database, role) if peer.key in servers]
    keys = [workload.key for workload in WORKLOADS if workload.key in workloads]
    with contextlib.ExitStack() as stack:
        started = [_started(stack, peer, report) for peer in chosen]
        sizes = {}
        for key in keys:
            count = check(key, started)
            sizes[key] = {server.peer.key: len(server.ask(server.requests(key))) for server in started}
            report(f"{key}: all give the same {count:,} values")
        samples = _rounds(started, keys, database, plan, report)
        result: dict[str, Any] = {
            "machine": machine,
            "plan": {**vars(plan), "role": role},
            "workloads": {
                key: {server.peer.key: summary(samples[key, server.peer.key]) for server in started} for key in keys
            },
            "answer_bytes": sizes,
            "peak_memory_mb": {server.peer.key: round(server.peak_bytes / 1e6, 1) for server in started},
        }
        if documents:
            report(f"{documents:,} distinct documents")
            result["documents"] = ask_distinct(started[0], documents)
    return result


def _started(stack: contextlib.ExitStack, peer: Peer, report: Report) -> Running:
    report(f"starting {peer.title}")
    return stack.enter_context(running(peer))


def _rounds(
    servers: Sequence[Running], keys: Sequence[str], database: Measured, plan: Plan, report: Report
) -> dict[tuple[str, str], list[Sample]]:
    """Measure in rounds, each server first in turn, so that what the machine does meanwhile falls on all alike."""
    samples: dict[tuple[str, str], list[Sample]] = {(key, one.peer.key): [] for key in keys for one in servers}
    for number in range(plan.rounds):
        for key in keys:
            at = number % len(servers)
            for server in (*servers[at:], *servers[:at]):
                found = sample(server, key, database, plan)
                samples[key, server.peer.key].append(found)
                report(
                    f"round {number + 1} of {plan.rounds}: {key:<10} {server.peer.key:<17} {found.load.rate:8,.0f}/s"
                )
    return samples
