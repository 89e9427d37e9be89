"""One process owns the servers of a folder, others use them, and nothing is left when it ends."""

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from app.embedded import Endpoints, Stack, make_folder, open_stack, start_stack
from app.embedded import stack as stack_module
from app.embedded.binaries import locate
from app.embedded.identity import choose_identity
from app.embedded.ports import LOOPBACK, is_free
from app.embedded.process import find_pids, spawn
from app.embedded.runtime import Owner, Runtime
from app.errors import StartError
from tests.app.embedded.program import DURABLE, QUICK
from tests.servers import ROOT, ServerProgram, wait_until


def processes(folder: Path) -> list[int]:
    token = make_folder(folder).token
    return find_pids("postgres", token) + find_pids("valkey-server", token)


def ports(folder: Path) -> dict[str, int]:
    told: dict[str, int] = json.loads((folder / "ports.json").read_text())
    return told


def write_row(endpoints: Endpoints | str) -> None:
    url = endpoints if isinstance(endpoints, str) else endpoints.owner_url
    with psycopg.connect(url) as connection:
        connection.execute("create table kept as select 7 as number")


def read_row(endpoints: Endpoints | str) -> object:
    url = endpoints if isinstance(endpoints, str) else endpoints.owner_url
    with psycopg.connect(url) as connection:
        row = connection.execute("select number from kept").fetchone()
        return row and row[0]


def test_the_endpoints_lead_to_the_servers(durable_stack: Stack) -> None:
    with psycopg.connect(durable_stack.endpoints.owner_url) as connection:
        assert connection.execute("select current_user::text, current_database()").fetchone() == ("cienty", "cienty")
    with redis.Redis.from_url(durable_stack.endpoints.redis_url) as client:
        assert client.ping()
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "allkeys-lru"}
        assert client.config_get("save") == {"save": ""}
        assert int(client.config_get("maxmemory")["maxmemory"]) == 128 << 20
        assert client.config_get("bind") == {"bind": "127.0.0.1"}


def test_valkey_needs_the_password(durable_stack: Stack) -> None:
    _, _, place = durable_stack.endpoints.redis_url.partition("@")
    with redis.Redis.from_url(f"redis://{place}") as client, pytest.raises(redis.AuthenticationError):
        client.ping()


def test_passwords_are_in_no_representation(durable_stack: Stack) -> None:
    secret = (durable_stack.folder.secrets / "postgres-owner").read_text().strip()
    assert secret in durable_stack.endpoints.owner_url
    assert secret not in repr(durable_stack.endpoints)


def test_what_is_in_the_folder_is_private(durable_stack: Stack) -> None:
    for file in durable_stack.folder.path.rglob("*"):
        if file.is_file():
            assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file


def test_a_second_start_is_refused_by_name(durable_stack: Stack) -> None:
    with pytest.raises(StartError, match=rf"in use by `the tests` \(process {os.getpid()}\): stop it first"):
        start_stack(durable_stack.folder.path, owner="gateway serve")
    psycopg.connect(durable_stack.endpoints.owner_url).close()


def test_a_command_joins_running_servers(durable_stack: Stack) -> None:
    with open_stack(durable_stack.folder.path, owner="gateway load") as joined:
        assert joined.endpoints == durable_stack.endpoints
        joined.stop()
    psycopg.connect(durable_stack.endpoints.owner_url).close()


def test_a_command_starts_servers_for_its_time(data: Path) -> None:
    with open_stack(data, owner="gateway load", tuning=QUICK) as stack:
        write_row(stack.endpoints)
        assert processes(data)
    assert not processes(data)
    with open_stack(data, owner="gateway load", tuning=QUICK) as stack:
        assert read_row(stack.endpoints) == 7


def test_a_failing_command_stops_its_servers(data: Path) -> None:
    with pytest.raises(ZeroDivisionError), open_stack(data, owner="gateway load", tuning=QUICK):
        _ = 1 / 0
    assert not processes(data)


def test_an_owner_waits_for_commands_that_joined(data: Path) -> None:
    with (
        ServerProgram("open", data, "gateway load") as owner,
        ServerProgram("open", data, "gateway seed") as guest,
    ):
        assert guest.answer == owner.answer
        assert owner.process.stdin is not None
        owner.process.stdin.close()
        with pytest.raises(subprocess.TimeoutExpired):
            owner.process.wait(1)
        write_row(guest.answer["owner_url"])
        assert guest.end() == 0
        assert owner.process.wait(60) == 0
    assert not processes(data)


def test_a_serving_gateway_does_not_wait_for_commands_that_joined(data: Path) -> None:
    with (
        ServerProgram("start", data) as owner,
        ServerProgram("open", data, "gateway seed") as guest,
    ):
        assert owner.end() == 0
        assert guest.end() == 0


def test_commands_that_begin_together_share_servers(tmp_path: Path) -> None:
    with contextlib.ExitStack() as exits:
        programs = [ServerProgram("open", tmp_path / "data", f"command {number}") for number in range(3)]
        answers = [exits.enter_context(program).answer for program in programs]
        assert answers[0].get("owner_url")
        assert answers[0] == answers[1] == answers[2]
        for program in programs:
            assert program.process.stdin is not None
            program.process.stdin.close()
        assert [program.process.wait(60) for program in programs] == [0, 0, 0]
    assert not processes(tmp_path / "data")


def test_a_command_begun_while_the_servers_stop_starts_them_again(data: Path) -> None:
    with ServerProgram("start", data) as owner:
        write_row(owner.answer["owner_url"])
        assert owner.process.stdin is not None
        owner.process.stdin.close()
        # Until then a command would join them, and they do not wait for it.
        log = data / "logs" / "postgres.log"
        wait_until("they stop", lambda: "shutdown request" in log.read_text())
        with open_stack(data, owner="gateway load", tuning=QUICK) as stack:
            assert read_row(stack.endpoints) == 7
        assert owner.process.wait(60) == 0


def test_servers_end_with_a_killed_owner_and_the_next_start_finds_every_row(data: Path) -> None:
    with ServerProgram("start", data) as owner:
        write_row(owner.answer["owner_url"])
        owner.kill()
        wait_until("the servers are gone", lambda: not processes(data))
    with open_stack(data, owner="gateway load", tuning=QUICK) as stack:
        assert read_row(stack.endpoints) == 7


ORPHANING = """\
import sys, time; from pathlib import Path
from app.embedded import open_stack, postgres, valkey
from tests.app.embedded.program import DURABLE, QUICK
postgres._DEATH_SIGNAL = valkey._DEATH_SIGNAL = 0
with open_stack(Path(sys.argv[1]), owner="gateway serve", tuning=QUICK):
    print(flush=True)
    time.sleep(60)
"""


def test_servers_that_outlived_their_owner_are_ended_by_the_next_start(data: Path) -> None:
    """As on systems that do not end children with their parent."""
    folder = data
    with subprocess.Popen([sys.executable, "-c", ORPHANING, folder], cwd=ROOT, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        owner.stdout.readline()
        owner.kill()
    orphans = processes(folder)
    assert len(orphans) > 5
    before = ports(folder)
    with open_stack(folder, owner="gateway load", tuning=QUICK) as stack:
        psycopg.connect(stack.endpoints.owner_url).close()
        assert not set(orphans) & set(processes(folder))
        assert ports(folder) == before


def test_a_stranger_with_the_number_of_a_dead_postgresql_is_left_alone(data: Path) -> None:
    """Numbers of processes come again, soon in a container."""
    start_stack(data, owner="gateway serve", tuning=QUICK).stop()
    identity = choose_identity(data, locate())
    stranger = spawn(
        ["/bin/sleep", "60"], switch=identity.switch, death_signal=signal.SIGKILL, output=subprocess.DEVNULL
    )
    cluster = data / "postgres" / "data"
    (cluster / "postmaster.pid").write_text(f"{stranger.pid}\n{cluster}\n1700000000\n5432\n\n127.0.0.1\n")
    try:
        with open_stack(data, owner="gateway load", tuning=QUICK) as stack:
            psycopg.connect(stack.endpoints.owner_url).close()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_stop_leaves_nothing_and_may_be_called_again(data: Path) -> None:
    stack = start_stack(data, owner="gateway serve", tuning=QUICK)
    stack.stop()
    stack.stop()
    assert not processes(data)
    assert not (data / "runtime.json").exists()
    start_stack(data, owner="gateway serve", tuning=QUICK).stop()


def test_ports_are_kept_unless_they_are_taken(data: Path) -> None:
    folder = data
    start_stack(folder, owner="gateway serve", tuning=QUICK).stop()
    first = ports(folder)
    start_stack(folder, owner="gateway serve", tuning=QUICK).stop()
    assert ports(folder) == first
    with socket.socket() as taken, socket.socket() as taken_too:
        for blocker, part in ((taken, "postgres"), (taken_too, "valkey")):
            # Connections of the stopped servers may still linger on the ports.
            blocker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            blocker.bind((LOOPBACK, first[part]))
            blocker.listen()
        with open_stack(folder, owner="gateway load", tuning=QUICK) as stack:
            psycopg.connect(stack.endpoints.database_url).close()
            assert not set(ports(folder).values()) & set(first.values())


def test_a_port_taken_in_the_last_moment_is_replaced(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, 0))
        taken.listen()
        port = taken.getsockname()[1]
        answers = iter([port, port])
        for module in ("postgres", "valkey"):
            monkeypatch.setattr(f"app.embedded.{module}.choose_port", lambda _: next(answers, 0) or free_port())
        with open_stack(data, owner="gateway load", tuning=QUICK) as stack:
            psycopg.connect(stack.endpoints.database_url).close()
            assert port not in ports(data).values()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return int(probe.getsockname()[1])


def test_folders_side_by_side(durable_stack: Stack, data: Path) -> None:
    with open_stack(data, owner="gateway load", tuning=QUICK) as stack:
        write_row(stack.endpoints)
        with psycopg.connect(durable_stack.endpoints.owner_url) as connection:
            assert connection.execute("select to_regclass('kept')").fetchone() == (None,)
    psycopg.connect(durable_stack.endpoints.owner_url).close()


def test_one_part_alone(tmp_path: Path) -> None:
    with open_stack(tmp_path / "data", owner="gateway serve", parts=["valkey"]) as stack:
        assert stack.endpoints.redis_url
        assert (stack.endpoints.owner_url, stack.endpoints.database_url) == ("", "")
        assert not (tmp_path / "data" / "postgres" / "data").exists()
        with (
            pytest.raises(StartError, match=r"without postgres: give this command the same settings"),
            open_stack(tmp_path / "data", owner="gateway load"),
        ):
            pass


def test_a_damaged_cluster_says_where_to_look_and_leaves_nothing(data: Path) -> None:
    start_stack(data, owner="gateway serve", tuning=QUICK).stop()
    (data / "postgres" / "data" / "global" / "pg_control").unlink()
    with pytest.raises(StartError, match=r"PostgreSQL does not start: .*pg_control.*logs/postgres\.log"):
        start_stack(data, owner="gateway serve", tuning=QUICK)
    assert not processes(data)
    with pytest.raises(StartError, match="PostgreSQL does not start"):
        start_stack(data, owner="gateway serve", tuning=QUICK)


def test_a_folder_with_unusual_characters(tmp_path: Path) -> None:
    with open_stack(tmp_path / "dados é 'x' $HOME", owner="gateway load", tuning=QUICK) as stack:
        with psycopg.connect(stack.endpoints.owner_url) as connection:
            (folder,) = connection.execute("show data_directory").fetchone() or ()
        with redis.Redis.from_url(stack.endpoints.redis_url) as client:
            assert client.ping()
    assert Path(folder).is_relative_to(tmp_path / "dados é 'x' $HOME")


def test_a_start_and_a_stop_are_quick(tmp_path: Path) -> None:
    """Many times what they take on a quiet machine: 1.3 s and 0.3 s."""
    begin = time.monotonic()
    start_stack(tmp_path / "data", owner="gateway serve", tuning=DURABLE).stop()
    first = time.monotonic() - begin
    begin = time.monotonic()
    start_stack(tmp_path / "data", owner="gateway serve", tuning=DURABLE).stop()
    assert first < 30
    assert time.monotonic() - begin < 20


def test_servers_are_children_of_their_owner(durable_stack: Stack) -> None:
    names = {child.name() for child in psutil.Process().children()}
    assert {"postgres", "valkey-server"} <= names
    assert not is_free(ports(durable_stack.folder.path)["postgres"])


def test_notes_of_a_killed_owner_are_not_believed() -> None:
    """A new owner may hold the lock a moment before it has replaced them."""
    dead = subprocess.Popen(["/bin/true"])
    dead.wait()
    for pid, is_current in ((os.getpid(), True), (dead.pid, False)):
        owner = Owner(pid=pid, command="gateway serve")
        runtime = Runtime(owner=owner, identity="nobody", servers={})
        assert stack_module._is_current(runtime, owner) is is_current
        assert not stack_module._is_current(runtime, None)
