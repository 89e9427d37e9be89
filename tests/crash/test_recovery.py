"""Kill -9 of any part while rows are being written: whatever was acknowledged is there, without a repair by hand."""

import random
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from itertools import cycle
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from tests.crash.processes import running
from tests.servers import ServerProgram, wait_until

WRITER = Path(__file__).with_name("writer.py")
WRITERS = 3
KINDS = ("gateway", "postgres", "valkey", "postgres and valkey", "everything")
TABLES = """\
create table entries (writer int, number bigint, place int, text text, primary key (writer, number, place));
create table sums (writer int primary key, rows bigint not null default 0);
insert into sums (writer) select generate_series(1, 3);
"""


PROCESSES = {"postgres": "postgres", "valkey": "valkey-server"}


def is_alive(process: psutil.Process) -> bool:
    return process.is_running() and process.status() != psutil.STATUS_ZOMBIE


class Site:
    """A gateway's servers on one folder, the writers, and what they were promised."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "data"
        self.notes = [folder / f"acknowledged-{number + 1}" for number in range(WRITERS)]
        self.program = ServerProgram("start", self.folder, tuning="durable").wait()
        self.answer = dict(self.program.answer)
        with psycopg.connect(self.answer["owner_url"]) as connection:
            connection.execute(TABLES)

    def kill(self, kind: str) -> float:
        """Kill the parts at once, as far as a loop can, and start again; returns the seconds until all serve."""
        parts = (
            {"postgres", "valkey"}
            if kind == "everything"
            else {part for part in ("postgres", "valkey") if part in kind}
        )
        servers = [child for part in parts for child in self.program.children(PROCESSES[part])]
        assert len(servers) == len(parts)
        begin = time.monotonic()
        if kind in {"gateway", "everything"}:
            self.program.process.kill()
        for server in servers:
            server.kill()
        if kind in {"gateway", "everything"}:
            self.program.process.wait()
            self.program.close()
            self.program = ServerProgram("start", self.folder, tuning="durable").wait()
            assert dict(self.program.answer) == self.answer
        else:
            wait_until("they are dead", lambda: not any(map(is_alive, servers)))
        wait_until("both servers serve", self.serves, 60)
        return time.monotonic() - begin

    def serves(self) -> bool:
        try:
            psycopg.connect(self.answer["database_url"], connect_timeout=2).close()
            with redis.Redis.from_url(self.answer["redis_url"]) as client:
                return bool(client.ping())
        except (psycopg.Error, redis.RedisError):
            return False

    def missing(self) -> list[tuple[int, int]]:
        """Return acknowledged transactions that are not there."""
        acknowledged = {
            (writer, int(line))
            for writer, note in enumerate(self.notes, start=1)
            for line in (note.read_text().split() if note.exists() else ())
        }
        with psycopg.connect(self.answer["owner_url"]) as connection:
            found = set(connection.execute("select writer, number from entries where place = 1").fetchall())
            torn = connection.execute(
                "select writer from sums"
                " where rows <> (select count(*) from entries where entries.writer = sums.writer)"
            ).fetchall()
        assert torn == []
        return sorted(acknowledged - found)


def writing(site: Site) -> AbstractContextManager[None]:
    numbered = enumerate(site.notes, start=1)
    url = site.answer["owner_url"]
    return running([[sys.executable, str(WRITER), url, str(note), str(number)] for number, note in numbered])


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.program.kill()
    made.program.close()


def promised(site: Site) -> int:
    return sum(len(note.read_text().split()) for note in site.notes if note.exists())


def more_is_promised(site: Site) -> Callable[[], bool]:
    """Return whether rows were promised since now."""
    before = promised(site)
    return lambda: promised(site) > before


@pytest.mark.timeout(1800)
def test_no_acknowledged_row_is_lost(site: Site, crash_rounds: int) -> None:
    dice = random.SystemRandom()
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    with writing(site):
        for _, kind in zip(range(crash_rounds), cycle(KINDS), strict=False):
            wait_until("rows are written", more_is_promised(site))
            time.sleep(dice.uniform(0.0, 1.0))
            times[kind].append(site.kill(kind))
            assert site.missing() == []
    assert site.program.end() == 0
    figures = [f"\n{promised(site)} transactions acknowledged, none lost"]
    figures += [
        f"killed {kind}: {len(seconds)} times, serving again after {statistics.median(seconds):.2f} s"
        f" (at most {max(seconds):.2f} s)"
        for kind, seconds in times.items()
        if seconds
    ]
    sys.stdout.write("\n".join(figures) + "\n")
