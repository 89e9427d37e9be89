"""Children end with their parent, in whatever way that ends."""

import os
import signal
import subprocess
import sys
import threading
import time
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


def asleep(seconds: str = "60", switch: str = "self") -> subprocess.Popen[bytes]:
    return spawn(["/bin/sleep", seconds], switch=switch, death_signal=signal.SIGKILL, output=subprocess.PIPE)


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


def end(child: subprocess.Popen[bytes]) -> None:
    child.kill()
    child.communicate()


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
        child = asleep()
    finally:
        signal.signal(number, before)
    wait_until("it is no launcher any more", lambda: psutil.Process(child.pid).name() == "sleep")
    child.send_signal(number)
    child.communicate(timeout=30)
    assert child.returncode == -number


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
    child = spawn(["/usr/bin/id"], switch="user:65534:65534", death_signal=signal.SIGKILL, output=subprocess.PIPE)
    said = child.communicate()[0].decode()
    assert "uid=65534" in said
    assert "gid=65534" in said
    assert "0(root)" not in said


def test_a_program_that_cannot_run_says_so() -> None:
    child = spawn(["/no/such/program"], switch="self", death_signal=signal.SIGKILL, output=subprocess.PIPE)
    assert b"launch: No such file or directory" in child.communicate()[0]
    assert child.returncode == 78


def test_nothing_of_the_callers_environment_reaches_a_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "1")
    child = spawn(["/usr/bin/env"], switch="self", death_signal=signal.SIGKILL, output=subprocess.PIPE)
    assert b"PGPORT" not in child.communicate()[0]


def test_a_keyboard_interrupt_does_not_reach_a_server() -> None:
    child = asleep()
    assert os.getpgid(child.pid) != os.getpgid(0)
    end(child)


def test_servers_are_started_from_the_main_thread_only() -> None:
    refusals: list[str] = []

    def start() -> None:
        try:
            asleep()
        except RuntimeError as error:
            refusals.append(str(error))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in refusals[0]


def test_a_child_that_ignores_the_first_signal_gets_the_next() -> None:
    script = "trap '' TERM; echo ready; while :; do sleep 0.05; done"
    child = spawn(["/bin/sh", "-c", script], switch="self", death_signal=signal.SIGKILL, output=subprocess.PIPE)
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    begin = time.monotonic()
    run_through(stopping(child, ((signal.SIGTERM, 0.3), (signal.SIGKILL, 5.0))))
    assert child.returncode == -signal.SIGKILL
    assert 0.3 <= time.monotonic() - begin < 5
    child.stdout.close()


def test_leftovers_are_found_by_name_and_token_and_ended() -> None:
    marked, other = asleep("61.5"), asleep("62.5")
    wait_until("both run", lambda: psutil.Process(other.pid).name() == psutil.Process(marked.pid).name() == "sleep")
    assert find_pids("sleep", "61.5") == [marked.pid]
    assert find_pids("bash", "61.5") == []
    run_through(reaping("sleep", "61.5"))
    assert marked.poll() is not None
    assert other.poll() is None
    end(other)
    marked.communicate()


def test_a_leftover_that_does_not_listen_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    stubborn = tmp_path / "stubborn"
    stubborn.symlink_to("/bin/sh")
    script = "trap '' INT QUIT; echo ready; while :; do sleep 0.05; done"
    child = spawn(
        [stubborn, "-c", script, "token-7"], switch="self", death_signal=signal.SIGKILL, output=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"ready\n"
    monkeypatch.setattr(
        "app.embedded.process._REAPING", ((signal.SIGINT, 0.2), (signal.SIGQUIT, 0.2), (signal.SIGKILL, 5.0))
    )
    run_through(reaping("stubborn", "token-7"))
    assert child.poll() == -signal.SIGKILL
    child.stdout.close()
