"""What the gateway keeps of documents: ever new ones must not make it grow."""

import http.client
import json
from typing import Any, Final

from bench.servers import Running

_FULL: Final = 2_000
"""Documents after which whatever is kept of them is full."""


def ask_distinct(server: Running, count: int) -> dict[str, Any]:
    """Ask that many different documents, one after the other, and return what memory was taken on the way."""
    document = server.peer.wording.documents["feed"]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    before = full = _memory(server)
    for number in range(count):
        query = document.replace("query Feed", f"query Feed{number}", 1)
        body = json.dumps({"query": query, "variables": {"first": 1}}).encode()
        connection.request("POST", "/graphql", body, server.headers)
        response = connection.getresponse()
        told = response.read()
        if response.status != http.client.OK:
            raise RuntimeError(f"document {number} was answered {response.status}: {told[:300]!r}")
        if number + 1 == _FULL:
            full = _memory(server)
    connection.close()
    return {
        "count": count,
        "memory_mb_before": before,
        "memory_mb_when_full": full,
        "memory_mb_at_the_end": _memory(server),
    }


def _memory(server: Running) -> float:
    return round(sum(process.memory_info().rss for process in server.processes()) / 1e6, 1)
