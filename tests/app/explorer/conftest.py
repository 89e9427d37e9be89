"""A built explorer and a browser to look at it."""

import datetime as dt
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import duckdb
import httpx
import pytest
from playwright.async_api import Browser, ConsoleMessage, Page, Request, async_playwright, expect

from app.embedded import make_folder
from app.explorer.build import build_explorer
from app.explorer.location import LIVE, PROJECT
from etl.quality.check import Check, Kind, judged
from etl.quality.keeping import keep_findings, prepare_results
from etl.warehouses.duckdb.serving import ServiceLimits, serve_queries
from tests.app.serving import Gateway, gateway_process

# Five seconds, its default, are not enough for the editor on a machine that does other things too.
expect.set_options(timeout=30_000)

# What keeps Chromium from calling home; none of it touches what a page may do.
QUIET = [
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The machine's Chromium."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    reason = "there is no Chromium on this machine: install the system's package chromium"
    if "CI" in os.environ:
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def built_explorer() -> Path:
    """The explorer as the gateway serves it, built from the sources as they are."""
    build_explorer(print)
    return LIVE


@pytest.fixture
def project(built_explorer: Path, tmp_path: Path) -> Path:
    """A copy of the explorer's sources that a test may break, with the packages installed."""
    copy = tmp_path / "explorer"
    shutil.copytree(PROJECT, copy, ignore=shutil.ignore_patterns("node_modules"))
    (copy / "node_modules").symlink_to(PROJECT / "node_modules")
    return copy


@pytest.fixture(scope="session")
def demo_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway as `make run` starts it: embedded servers with demo data, and a warehouse that was checked."""
    folder = tmp_path_factory.mktemp("demo")
    with checked_warehouse(folder / "data"), gateway_process(folder, "--demo") as gateway:
        yield gateway


@contextmanager
def checked_warehouse(data: Path) -> Iterator[None]:
    """Serve a warehouse of a data folder as its worker does, with the result of a check and nothing else."""
    file = make_folder(data).warehouse / "warehouse.duckdb"
    with duckdb.connect(file) as connection, serve_queries(connection, file, ServiceLimits()):
        prepare_results(connection)
        check = Check(Kind.RANGE, "raw.orders", "total")
        keep_findings(connection, [judged(check, 100, 0)], dt.datetime.now(dt.UTC))
        yield


@pytest.fixture(scope="session")
def gateway_url(demo_gateway: Gateway) -> str:
    """The URL of that gateway."""
    return demo_gateway.url


@pytest.fixture(scope="session")
def demo_token(demo_gateway: Gateway) -> Callable[[str], str]:
    """Return that gateway's demo token of a role."""
    given = httpx.get(f"{demo_gateway.url}/graphql/explorer/demo-tokens").raise_for_status().json()
    tokens = {entry["role"]: entry["token"] for entry in given}
    return tokens.__getitem__


@dataclass
class Visit:
    """A page together with what the browser did and complained about."""

    page: Page
    requests: list[Request] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def hosts(self) -> set[str]:
        return {urlsplit(request.url).netloc for request in self.requests} - {""}

    def operations(self) -> list[Request]:
        return [request for request in self.requests if request.method == "POST"]

    def watch(self) -> None:
        self.page.on("request", self._note)
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _note(self, request: Request) -> None:
        self.requests.append(request)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)


@pytest.fixture(scope="session")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    # Chromium's own sandbox refuses to start as root.
    arguments = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else QUIET
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=arguments)
        yield browser
        await browser.close()


@pytest.fixture
async def visit(browser: Browser, built_explorer: Path) -> AsyncIterator[Visit]:
    context = await browser.new_context()
    visit = Visit(await context.new_page())
    visit.watch()
    yield visit
    await context.close()
