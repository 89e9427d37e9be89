"""Locks between processes; here between open files, which the system treats alike."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from app.embedded.locks import FileLock, is_locked


def test_one_holder_at_a_time(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    assert first.try_exclusive()
    assert first.is_held
    assert not second.try_exclusive()
    first.release()
    assert second.try_exclusive()
    second.release()


def test_patience_waits_for_a_short_holder(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "lock"), FileLock(tmp_path / "lock")
    first.shared()
    timer = threading.Timer(0.1, first.release)
    timer.start()
    assert second.try_exclusive(patience=5)
    timer.join()
    second.release()


def test_sharers_keep_an_exclusive_holder_waiting(tmp_path: Path) -> None:
    sharers = [FileLock(tmp_path / "lock") for _ in range(2)]
    for sharer in sharers:
        sharer.shared()
    alone = FileLock(tmp_path / "lock")
    assert not alone.try_exclusive()
    begin = time.monotonic()
    timers = [threading.Timer(0.2 * (place + 1), sharer.release) for place, sharer in enumerate(sharers)]
    for timer in timers:
        timer.start()
    alone.exclusive()
    assert time.monotonic() - begin > 0.3
    alone.release()
    for timer in timers:
        timer.join()


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from app.embedded.locks import FileLock\n"
        "lock = FileLock(Path(sys.argv[1])); print(lock.try_exclusive(), flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, tmp_path / "lock"], stdout=subprocess.PIPE, cwd=Path(__file__).parents[3]
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"True\n"
        assert is_locked(tmp_path / "lock")
        process.kill()
        process.wait()
        assert not is_locked(tmp_path / "lock")


def test_looking_creates_nothing(tmp_path: Path) -> None:
    assert not is_locked(tmp_path / "lock")
    assert not (tmp_path / "lock").exists()


def test_a_note_replaces_the_former(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    assert lock.try_exclusive()
    lock.write("a long note")
    lock.write("short")
    lock.release()
    assert (tmp_path / "lock").read_text() == "short"


def test_only_the_holder_may_write(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="not locked"):
        FileLock(tmp_path / "lock").write("mine")
