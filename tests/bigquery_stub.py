"""BigQuery's REST interface as far as a query needs it, for limits, faults and lost answers.

It knows no SQL. Every query answers one row, `{"n": 1}`; what it was asked is kept.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

LOST = "lost"
Fault = str | tuple[int, str]
"""The query is taken, and the connection ends before the answer."""


@dataclass
class Stub:
    """What it does next, and what it was asked.

    `faults` come before answers to new queries, each once: `LOST`, or a status with a reason. `kind` is what a dry run
    says of statements; `is_slow` queries never end; `problem` is how the result of queries fails, and `deafness` how
    cancelling does. Each request takes `seconds`. A result has so many `pages`, each of one `cell`.
    """

    faults: list[Fault] = field(default_factory=list)
    kind: str = "SELECT"
    is_slow: bool = False
    problem: tuple[int, str] | None = None
    deafness: tuple[int, str] | None = None
    seconds: float = 0.0
    pages: int = 1
    cell: str = "1"
    asked: list[dict[str, Any]] = field(default_factory=list)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)
    read: int = 0
    url: str = ""


@contextmanager
def stub() -> Iterator[Stub]:
    """Listen for the time of the block."""
    state = Stub()
    handler = type("Handler", (_Handler,), {"state": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        state.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield state
        finally:
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    state: ClassVar[Stub]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        time.sleep(self.state.seconds)
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or b"{}")
        if self.path.split("?")[0].endswith("/cancel"):
            name = self.path.split("/")[-2]
            self.state.cancelled.append(name)
            if self.state.deafness is not None:
                self._refuse(*self.state.deafness)
                return
            self._answer(200, {"job": self.state.jobs[name]})
            return
        self.state.asked.append(body)
        if body["configuration"].get("dryRun"):
            self._answer(200, self._job(body))
            return
        fault = self.state.faults.pop(0) if self.state.faults else None
        if isinstance(fault, tuple):
            self._refuse(*fault)
            return
        name = body["jobReference"]["jobId"]
        if name in self.state.jobs:
            self._refuse(409, "duplicate")
            return
        self.state.jobs[name] = self._job(body)
        if fault == LOST:
            self.close_connection = True
            return
        self._answer(200, self.state.jobs[name])

    def do_GET(self) -> None:
        time.sleep(self.state.seconds)
        name = self.path.split("?")[0].split("/")[-1]
        if "/queries/" not in self.path:
            self._answer(200, self.state.jobs[name])
        elif self.state.problem is not None:
            self._refuse(*self.state.problem)
        else:
            self._answer(200, self._rows(name))

    def _job(self, body: dict[str, Any]) -> dict[str, Any]:
        state = "RUNNING" if self.state.is_slow else "DONE"
        reference = {"projectId": "test", "jobId": "dry", "location": "US"} | body.get("jobReference", {})
        return {
            **body,
            "jobReference": reference,
            "status": {"state": state},
            "statistics": {"query": {"statementType": self.state.kind, "totalBytesProcessed": "0"}},
        }

    def _rows(self, name: str) -> dict[str, Any]:
        if self.state.is_slow:
            return {"jobComplete": False, "jobReference": self.state.jobs[name]["jobReference"]}
        self.state.read += 1
        kind = "INTEGER" if self.state.cell.isdecimal() else "STRING"
        following = {"pageToken": str(self.state.read)} if self.state.read < self.state.pages else {}
        return following | {
            "jobComplete": True,
            "jobReference": self.state.jobs[name]["jobReference"],
            "schema": {"fields": [{"name": "n", "type": kind, "mode": "NULLABLE"}]},
            "rows": [{"f": [{"v": self.state.cell}]}],
            "totalRows": str(self.state.pages),
        }

    def _refuse(self, status: int, reason: str) -> None:
        told = {"message": f"because of {reason}", "reason": reason}
        self._answer(status, {"error": {"code": status, "message": told["message"], "errors": [told]}})

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass
