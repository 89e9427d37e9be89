"""Servers under measurement: starting them, asking them, watching what they take."""

import contextlib
import http.client
import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil

from app.errors import StartError
from app.settings import PREFIX
from bench.places import LOGS, ROOT
from bench.workloads import DEEP, STEP, Requests, Wording

_ACCEPT: Final = "application/graphql-response+json, application/json;q=0.9"
"""Under the first of these types a request that failed has a status of failure, which the load counts."""

_READY_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Peer:
    """A server that is measured; `{port}` in its command and its environment stands for its port."""

    key: str
    title: str
    wording: Wording
    command: Sequence[str]
    environment: Mapping[str, str]
    folder: Path = ROOT
    token: str | None = field(default=None, repr=False)


@dataclass
class Running:
    """A server that answers."""

    peer: Peer
    port: int
    process: psutil.Process
    peak_bytes: int = 0
    _cursor: str | None = field(default=None, repr=False)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """What each request has in its head."""
        headers = {"Content-Type": "application/json", "Accept": _ACCEPT}
        return headers | ({"Authorization": f"Bearer {self.peer.token}"} if self.peer.token else {})

    def requests(self, workload: str) -> Requests:
        """Return the requests of a workload."""
        if workload == "deep_page" and self._cursor is None:
            for _ in range(DEEP // STEP):
                answer = json.loads(self.ask(self.peer.wording.step(self._cursor)))
                self._cursor = answer["data"]["orders"]["pageInfo"]["endCursor"]
        return self.peer.wording.requests(workload, self._cursor)

    def ask(self, requests: Requests, at: int = 0) -> bytes:
        """Send one of the requests and return its answer, which must be without errors."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            connection.request("POST", requests.path, requests.bodies[at], self.headers)
            response = connection.getresponse()
            body = response.read()
        if response.status != http.client.OK or "errors" in json.loads(body):
            raise RuntimeError(f"{self.peer.key} answered {response.status}: {body[:500].decode(errors='replace')}")
        return body

    def processes(self) -> list[psutil.Process]:
        """Return its process and those that it has started."""
        return [self.process, *self.process.children(recursive=True)]

    def note_memory(self) -> None:
        """Note what it has taken of memory at the most until now."""
        self.peak_bytes = max(self.peak_bytes, sum(map(peak_memory, self.processes())))


@contextlib.contextmanager
def running(peer: Peer) -> Iterator[Running]:
    """Start a server and give it once it answers; stop it at the end."""
    port = _free_port()
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{peer.key}.log"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    environment = {name: value.format(port=port) for name, value in peer.environment.items()}
    with log.open("wb") as output:
        process = subprocess.Popen(
            [part.format(port=port) for part in peer.command],
            cwd=peer.folder,
            env=inherited | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            found = Running(peer, port, psutil.Process(process.pid))
            _wait(found, process, log)
            yield found
        finally:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def peak_memory(process: psutil.Process) -> int:
    """Return the most memory that a process has had, in bytes; where the system doesn't keep that, what it has now."""
    try:
        found = re.search(r"^VmHWM:\s+(\d+) kB$", Path(f"/proc/{process.pid}/status").read_text(), re.MULTILINE)
    except FileNotFoundError:
        found = None
    return int(found[1]) * 1024 if found else int(process.memory_info().rss)


def _wait(server: Running, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    requests = server.peer.wording.requests("point")
    while True:
        if process.poll() is None:
            with contextlib.suppress(ConnectionError):
                server.ask(requests)
                return
        if process.poll() is not None or time.monotonic() > deadline:
            last = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise StartError(f"{server.peer.title} does not start:\n{last}")
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
