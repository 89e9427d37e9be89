"""Running gateways for tests: the whole program as a process, or its server around an application of the test's."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvloop
from starlette.types import ASGIApp

from app.identity import DevelopmentKey
from app.server import Server, bind, url_of
from app.settings import PREFIX, Settings
from security.principal import Principal
from security.roles import Role

GATEWAY = (sys.executable, "-c", "from app.cli import main; main()")
READY_SECONDS = 60


@dataclass
class Gateway:
    """A `gateway serve` in a process of its own."""

    process: subprocess.Popen[str]
    folder: Path
    url: str
    settings: Settings

    def token(self, role: Role = Role.ADMIN) -> str:
        """Return a token that this gateway accepts."""
        return DevelopmentKey.of(self.settings).sign(Principal(f"test-{role}", frozenset({role})))

    def client(self, role: Role | None = Role.ADMIN) -> httpx.Client:
        """Return an HTTP client, signed in unless the role is None."""
        headers = {} if role is None else {"Authorization": f"Bearer {self.token(role)}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    @property
    def port(self) -> int:
        return httpx.URL(self.url).port or 0

    @property
    def log(self) -> str:
        """What it wrote to standard error so far."""
        return (self.folder / "err").read_text()

    def logged(self, request_id: str) -> dict[str, Any]:
        """Return the line about a request, which is written after the response is out."""
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for line in map(json.loads, self.log.splitlines()):
                if line["event"] == "request" and line["request_id"] == request_id:
                    found: dict[str, Any] = line
                    return found
            time.sleep(0.01)
        raise AssertionError(f"no line about {request_id} in:\n{self.log}")

    @property
    def printed(self) -> str:
        return (self.folder / "out").read_text()

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and return the exit status."""
        self.process.send_signal(number)
        return self.process.wait(60)


def environment(**settings: object) -> dict[str, str]:
    """Return this process's environment with these settings and no others."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return kept | {PREFIX + name.upper(): str(value) for name, value in settings.items()}


@contextmanager
def gateway_process(folder: Path, *arguments: str, **settings: Any) -> Iterator[Gateway]:
    """Run `gateway serve` until the end of the block; it is ready when the block begins.

    It has no ETL worker unless the settings ask for one.
    """
    folder.mkdir(exist_ok=True)
    given: dict[str, Any] = {"data_dir": folder / "data", "port": 0, "etl_worker": False} | settings
    with (folder / "out").open("w") as out, (folder / "err").open("w") as err:
        process = subprocess.Popen(
            [*GATEWAY, "serve", *arguments], env=environment(**given), stdout=out, stderr=err, text=True
        )
    gateway = Gateway(process, folder, "", Settings(data_dir=given["data_dir"]))
    try:
        gateway.url = _wait_until_ready(gateway)
        yield gateway
    finally:
        process.terminate()
        try:
            process.wait(60)
        finally:
            process.kill()
            process.wait()


def _wait_until_ready(gateway: Gateway) -> str:
    deadline = time.monotonic() + READY_SECONDS
    while "Ctrl-C stops it." not in gateway.printed:
        if gateway.process.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(f"the gateway did not start:\n{gateway.printed}\n{gateway.log}")
        time.sleep(0.02)
    line = next(line for line in gateway.printed.splitlines() if "GraphQL" in line)
    return line.split()[1].removesuffix("/graphql")


@contextmanager
def serving(app: ASGIApp, *, stopped: Callable[[], None] = lambda: None, **changes: Any) -> Iterator[str]:
    """Serve an application by the gateway's server, in a thread of its own; give its URL.

    `stopped` is called when the server has stopped; what runs then is ended by force.
    """
    settings = Settings(port=0, **changes)
    started = threading.Event()
    with bind(settings) as listener:
        server = Server(app, settings, started=started.set, stopping=lambda: None)

        async def serve() -> None:
            await server.serve([listener])
            stopped()

        def run() -> None:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(serve())

        thread = threading.Thread(target=run)
        thread.start()
        try:
            assert started.wait(60)
            yield url_of(listener, settings)
        finally:
            server.drain()
            thread.join(30)
            assert not thread.is_alive()
