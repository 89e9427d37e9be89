"""Children end with their parent, in whatever way that ends."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psutil
import pytest

from app.embedded.process import find_pids, reaping, run_through, spawn, stopping
from tests.servers import ROOT, wait_until

LAUNCHER = ROOT / "app" / "embedded" / "launch.py"
PARENT = """\
import signal, subprocess, sys
from app.embedded.process import spawn
child = spawn(["/bin/sleep", sys.argv[1]], switch="self", death_signal=signal.SIGQUIT, output=subprocess.DEVNULL)
print(child.pid, flush=True)
child.wait()
"""
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="other systems do not end orphans")
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@contextmanager
def spawned(*command: str | Path, switch: str = "self") -> Iterator[subprocess.Popen[bytes]]:
    """Start a program, which the end of the block ends."""
    child = spawn(command, switch=switch, death_signal=signal.SIGKILL, output=subprocess.PIPE)
    with child:
        try:
            yield child
        finally:
            child.kill()


def asleep(seconds: str = "60") -> AbstractContextManager[subprocess.Popen[bytes]]:
    return spawned("/bin/sleep", seconds)


def said(*command: str, switch: str = "self") -> tuple[int, bytes]:
    """Run a program to its end; return its exit status and what it said."""
    with spawned(*command, switch=switch) as child:
        output = child.communicate()[0]
    return child.returncode, output


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@linux_only
def test_a_child_dies_with_its_killed_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, "61.25"], stdout=subprocess.PIPE, cwd=ROOT) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        wait_until("the program runs", lambda: "61.25" in psutil.Process(child).cmdline()[-1:])
        wait_until("it is no launcher any more", lambda: psutil.Process(child).name() == "sleep")
        parent.kill()
        parent.wait()
        wait_until("the child is gone", lambda: is_gone(child))


@linux_only
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGQUIT])
def test_a_child_hears_what_its_parent_ignores(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with asleep() as child:
            wait_until("it is no launcher any more", lambda: psutil.Process(child.pid).name() == "sleep")
            child.send_signal(number)
            assert child.wait(30) == -number
    finally:
        signal.signal(number, before)


@linux_only
def test_a_child_whose_parent_is_gone_already_does_not_start() -> None:
    done = subprocess.run(
        [sys.executable, "-I", "-S", LAUNCHER, "1", "9", "self", "/", "/bin/echo", "started"],
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (78, b"")


@root_only
def test_root_becomes_another_user_without_groups() -> None:
    _, told = said("/usr/bin/id", switch="user:65534:65534")
    assert b"uid=65534" in told
    assert b"gid=65534" in told
    assert b"0(root)" not in told


def test_a_program_that_cannot_run_says_so() -> None:
    status, told = said("/no/such/program")
    assert status == 78
    assert b"launch: No such file or directory" in told


def test_nothing_of_the_callers_environment_reaches_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "1")
    assert b"PGPORT" not in said("/usr/bin/env")[1]


def test_a_keyboard_interrupt_does_not_reach_a_server() -> None:
    with asleep() as child:
        assert os.getpgid(child.pid) != os.getpgid(0)


def test_servers_are_started_from_the_main_thread_only() -> None:
    refusals: list[str] = []

    def start() -> None:
        try:
            said("/bin/true")
        except RuntimeError as error:
            refusals.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in refusals[0]


def test_a_child_that_ignores_the_first_signal_gets_the_next() -> None:
    script = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
    with spawned("/bin/sh", "-c", script) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        begin = time.monotonic()
        run_through(stopping(child, ((signal.SIGTERM, 0.3), (signal.SIGKILL, 5.0))))
        assert child.returncode == -signal.SIGKILL
        assert 0.3 <= time.monotonic() - begin < 5


def test_leftovers_are_found_by_name_and_token_and_ended() -> None:
    # Numbers that no other run of the tests has.
    mine, others = f"61.{os.getpid()}", f"62.{os.getpid()}"
    with asleep(mine) as marked, asleep(others) as other:
        wait_until("both run", lambda: psutil.Process(other.pid).name() == psutil.Process(marked.pid).name() == "sleep")
        assert find_pids("sleep", mine) == [marked.pid]
        assert find_pids("bash", mine) == []
        run_through(reaping("sleep", mine))
        assert marked.poll() is not None
        assert other.poll() is None


def test_a_leftover_that_does_not_listen_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stubborn = tmp_path / "stubborn"
    stubborn.symlink_to("/bin/sh")
    script = "trap '' INT QUIT; echo ready; while :; do sleep 0.05; done"
    token = f"token-{os.getpid()}"
    monkeypatch.setattr(
        "app.embedded.process._REAPING", ((signal.SIGINT, 0.2), (signal.SIGQUIT, 0.2), (signal.SIGKILL, 5.0))
    )
    with spawned(stubborn, "-c", script, token) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        run_through(reaping("stubborn", token))
        assert child.poll() == -signal.SIGKILL
