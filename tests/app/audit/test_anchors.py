"""Anchors: old ones are thinned, and none that counts is lost, whenever the process is killed."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.audit.anchors import Anchors

RECENT, SPAN = 50, 100
STEP = 10
"""Rows from one anchor to the next."""


def noted(path: Path, count: int, *, since: int = 1) -> Anchors:
    anchors = Anchors(path, recent=RECENT, span=SPAN)
    for number in range(since, since + count):
        anchors.note(number * STEP, b"link %d" % number)
    return anchors


def test_an_anchor_that_was_cut_off_takes_no_other_with_it(tmp_path: Path) -> None:
    anchors = Anchors(tmp_path / "anchors.jsonl")
    anchors.note(1, b"a")
    with anchors.path.open("ab") as file:
        file.write(b'{"row":2,"li')
    anchors.note(3, b"c")
    assert anchors.all() == {1: b"a", 3: b"c"}


def test_old_anchors_are_thinned_and_recent_ones_all_kept(tmp_path: Path) -> None:
    count = 1000
    found = noted(tmp_path / "anchors.jsonl", count).all()
    rows = list(found)
    recent, thinned = rows[-RECENT:], [row for row in rows if row <= 300 * STEP]
    assert recent == [number * STEP for number in range(count - RECENT + 1, count + 1)]
    assert thinned == list(range(SPAN - STEP, 300 * STEP + 1, SPAN))
    assert all(link == b"link %d" % (row // STEP) for row, link in found.items())
    # All that is not thinned yet comes to less than three times what is always kept.
    assert len(rows) < count * STEP // SPAN + 3 * RECENT


def test_thinning_keeps_what_tells_that_an_end_was_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "anchors.jsonl"
    noted(path, 25)
    found = noted(path, 500, since=22).all()
    assert [row for row in found if 200 <= row < 300] == [25 * STEP, 22 * STEP, 29 * STEP]


def test_what_is_noted_while_another_thins_is_not_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "anchors.jsonl"
    noted(path, 300)
    other = threading.Thread(target=Anchors(path).note, args=(9_999, b"meanwhile"))
    kept = Anchors._kept

    def slowly(anchors: Anchors) -> Iterator[tuple[int, bytes]]:
        yield from kept(anchors)
        other.start()
        other.join(timeout=0.3)

    monkeypatch.setattr(Anchors, "_kept", slowly)
    thinning = Anchors(path, recent=1, span=SPAN)
    thinning.note(3_010, b"link 301")
    other.join()
    assert list(thinning.all())[-2:] == [3_010, 9_999]
    assert len(thinning.all()) < 40


def test_without_room_for_thinning_anchors_are_noted(tmp_path: Path) -> None:
    path = tmp_path / "anchors.jsonl"
    path.with_suffix(".thinned").mkdir()
    assert len(noted(path, 300).all()) == 300


_WRITER = """
import os, signal, sys
from pathlib import Path
from app.audit.anchors import Anchors

anchors, point, when = Anchors(Path(sys.argv[1]), recent=50, span=100), sys.argv[2], int(sys.argv[3])
step, reached = getattr(os, point), 0

def killed(*arguments, **named):
    global reached
    reached += 1
    if reached == when:
        os.kill(os.getpid(), signal.SIGKILL)
    return step(*arguments, **named)

setattr(os, point, killed)
number = 0
while True:
    number += 1
    anchors.note(10 * number, b"link %d" % number)
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
"""


@pytest.mark.parametrize(
    ("point", "when"), [("fsync", 1), ("fsync", 2), ("fsync", 3), ("replace", 1), ("fdatasync", 400)]
)
def test_a_kill_in_the_middle_of_a_thinning_loses_no_anchor(tmp_path: Path, point: str, when: int) -> None:
    """Before the thinned file is on the disk, before it stands in the other's place, after that, and in between."""
    path = tmp_path / "anchors.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", _WRITER, str(path), point, str(when)],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == -signal.SIGKILL
    last = int(done.stdout.split()[-1])
    found = list(noted(path, 300, since=last + 1).all())
    assert set(range(SPAN - STEP, last * STEP, SPAN)) <= set(found)
    assert found[-RECENT:] == [number * STEP for number in range(last + 301 - RECENT, last + 301)]
    assert not path.with_suffix(".thinned").exists()
    assert path.stat().st_mode & 0o777 == 0o600
