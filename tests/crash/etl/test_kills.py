"""Kill -9 of the worker and of PostgreSQL under concurrent writers: nothing lost, nothing doubled, nothing wrong."""

import contextlib
import multiprocessing
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager
from itertools import cycle
from multiprocessing.process import BaseProcess
from pathlib import Path

import psutil
import psycopg
import pytest

from etl.worker.failpoints import POINTS
from tests.crash.etl.checking import verdict
from tests.crash.etl.source import SCHEMA
from tests.crash.etl.worker import work
from tests.crash.processes import running
from tests.etl.source_log import log_end
from tests.servers import ServerProgram, awaited, wait_until

# Processes that have imported everything when they begin: a kill takes a moment, and not a start of Python.
FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(["tests.crash.etl.worker"])
HERE = Path(__file__).parent
WRITERS = 3
KINDS = ("worker", *POINTS, "postgres", "worker and postgres")
# How often the long form compares everything; each time everything that was audited is looked at.
CHECK_EVERY = 100


class Site:
    """A durable PostgreSQL, a worker on it, and its warehouse."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "warehouse.duckdb"
        self.dice = random.SystemRandom()
        self.program = ServerProgram("start", folder / "data", tuning="killed").wait()
        self.url = str(self.program.answer["owner_url"])
        with psycopg.connect(self.url) as connection:
            connection.execute(SCHEMA)
        self.worker = self.start()

    def start(self, fail_point: str | None = None) -> BaseProcess:
        said = f"{fail_point}:{self.dice.randint(1, 5)}" if fail_point else None
        process = FORKS.Process(target=work, args=(self.url, self.path, self.status, said))
        process.start()
        return process

    @property
    def status(self) -> Path:
        return self.folder / "status"

    def told(self) -> tuple[int, int]:
        """Return how far the warehouse is, and how often changes were lost."""
        position, _, losses = self.status.read_text().partition(" ") if self.status.exists() else ("0", "", "0")
        return int(position), int(losses)

    def go_on(self, seconds: float) -> None:
        """Wait until the warehouse has more than now."""
        before = self.told()[0]
        wait_until("changes arrive", lambda: self.told()[0] > before, seconds)

    def kill(self, kind: str) -> None:
        """End parts without a warning, and let them start again."""
        if kind in POINTS:
            self.end_worker()
            self.worker = self.start(kind)
            self.worker.join(60)
            assert self.worker.exitcode == -signal.SIGKILL
        else:
            self.go_on(60)
            time.sleep(self.dice.uniform(0, 0.5))
            if "postgres" in kind:
                self.kill_postgres()
            if "worker" in kind:
                self.end_worker()
        if not self.worker.is_alive():
            self.worker = self.start()

    def kill_postgres(self) -> None:
        found = awaited("it is there", lambda: self.program.children("postgres"))[0]
        # One that did not come up may be gone already.
        with contextlib.suppress(psutil.NoSuchProcess):
            found.kill()
            wait_until("it is dead", lambda: found.status() == psutil.STATUS_ZOMBIE)

    def connected(self) -> psycopg.Connection:
        """Connect, when PostgreSQL has come back."""
        until = time.monotonic() + 60
        while True:
            try:
                return psycopg.connect(self.url, autocommit=True)
            except psycopg.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.1)

    def end_worker(self) -> None:
        self.worker.kill()
        self.worker.join()

    def catch_up(self) -> None:
        """Let the worker take in everything that was committed, and end."""
        with self.connected() as connection:
            end = log_end(connection)
            # Something to be told of behind the last change.
            connection.execute("select pg_logical_emit_message(true, 'crash', '')")
            connection.execute("""select pg_logical_emit_message(true, 'cienty.heartbeat', '{"at": "2026-01-01"}')""")
        # Writers may be far ahead; what matters is that it goes on.
        while self.told()[0] < end - 1:
            self.go_on(120)
        self.worker.terminate()
        self.worker.join(30)
        assert self.worker.exitcode == 0

    def close(self) -> None:
        self.end_worker()
        self.program.kill()
        self.program.close()


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    try:
        wait_until("the empty tables are copied", lambda: made.path.exists() and made.status.exists(), 60)
        yield made
    finally:
        made.close()


def writing(url: str) -> AbstractContextManager[None]:
    return running([[sys.executable, str(HERE / "writer.py"), url, str(number)] for number in range(WRITERS)])


@pytest.mark.timeout(0)
def test_no_change_is_lost_doubled_or_wrong(site: Site, etl_kills: int) -> None:
    done: Counter[str] = Counter()
    kinds = cycle(KINDS)
    while done.total() < etl_kills:
        with writing(site.url):
            for _ in range(min(CHECK_EVERY, etl_kills - done.total())):
                kind = next(kinds)
                site.kill(kind)
                done[kind] += 1
        site.catch_up()
        found = verdict(site.url, site.path)
        sys.stdout.write(f"\n{done.total()} kills, {found}")
        assert found.is_good, found
        assert found.changes > done.total()
        assert site.told()[1] == 0
        site.worker = site.start()
    sys.stdout.write(f"\n{dict(done)}\n")
