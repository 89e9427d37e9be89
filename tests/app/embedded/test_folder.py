"""Which folders become data folders, and which are refused untouched."""

import json
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.embedded.folder import MARKER, DataFolder, find_folder, make_folder
from app.errors import StartError


def content(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


def change_marker(path: Path, **values: object) -> None:
    marker = path / MARKER
    marker.write_text(json.dumps({**json.loads(marker.read_text()), **values}))


def test_a_new_folder_is_made_with_its_parents(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "a" / "b")
    assert folder.path == tmp_path / "a" / "b"
    assert find_folder(folder.path) == folder


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    assert make_folder(tmp_path / "data").id


def test_looking_for_a_folder_makes_nothing(tmp_path: Path) -> None:
    assert find_folder(tmp_path / "data") is None
    assert not list(tmp_path.iterdir())


def test_a_folder_keeps_its_identity(tmp_path: Path) -> None:
    assert make_folder(tmp_path / "data") == make_folder(tmp_path / "data")


def test_a_start_killed_before_the_marker_is_taken_up(tmp_path: Path) -> None:
    for name in ("gateway.lock", "gateway.lease", f"{MARKER}.tmp"):
        (tmp_path / name).touch()
    assert make_folder(tmp_path).id


def test_a_foreign_folder_is_refused_untouched(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    before, mode = content(tmp_path), tmp_path.stat().st_mode
    with pytest.raises(StartError, match=r"not empty.*nothing in it was touched.*GATEWAY_DATA_DIR"):
        make_folder(tmp_path)
    assert (content(tmp_path), tmp_path.stat().st_mode) == (before, mode)


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("mine")
    with pytest.raises(StartError, match=r"data is a file.*GATEWAY_DATA_DIR"):
        make_folder(tmp_path / "data")
    assert (tmp_path / "data").read_text() == "mine"


def test_a_folder_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StartError, match="Not a directory"):
        make_folder(tmp_path / "file" / "data")


def test_a_place_where_nobody_may_write_is_refused() -> None:
    with pytest.raises(StartError, match="cannot use the data folder /proc/data"):
        make_folder(Path("/proc/data"))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"format": 99}, r"format 99 and this version of the gateway knows format 1"),
        ({"postgres": 17}, r"made for PostgreSQL 17 and this version of the gateway has 18"),
        ({"format": "one"}, r"gateway\.json is damaged"),
        ({"id": None}, r"gateway\.json is damaged"),
    ],
)
def test_a_folder_of_another_version_is_refused(tmp_path: Path, values: dict[str, object], message: str) -> None:
    make_folder(tmp_path)
    change_marker(tmp_path, **values)
    with pytest.raises(StartError, match=message):
        make_folder(tmp_path)


def test_a_damaged_marker_is_refused(tmp_path: Path) -> None:
    make_folder(tmp_path)
    (tmp_path / MARKER).write_text("{")
    with pytest.raises(StartError, match="damaged"):
        make_folder(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_another_users_folder_is_refused(tmp_path: Path) -> None:
    make_folder(tmp_path)
    os.chown(tmp_path / MARKER, 4711, 4711)
    with pytest.raises(StartError, match=r"belongs to the user with id 4711.*run it as that user"):
        make_folder(tmp_path)


def test_folders_made_at_the_same_time_agree(tmp_path: Path) -> None:
    found: list[str] = []
    start = threading.Barrier(8)

    def make() -> None:
        start.wait()
        found.append(make_folder(tmp_path / "data").id)

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_a_folder_that_is_made_while_it_is_looked_at_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[DataFolder] = []
    listed = Path.iterdir

    def made_first(path: Path) -> Iterator[Path]:
        monkeypatch.undo()
        made.append(make_folder(tmp_path))
        return listed(path)

    monkeypatch.setattr(Path, "iterdir", made_first)
    found = find_folder(tmp_path)
    assert [found] == made


def test_secrets_are_private_and_stay(tmp_path: Path) -> None:
    folder = make_folder(tmp_path)
    password = folder.keep_secret("key")
    assert folder.keep_secret("key") == folder.secret("key") == password
    assert stat.S_IMODE((folder.secrets / "key").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.secrets.stat().st_mode) == 0o700
    assert len(password) >= 32


def test_a_given_secret_is_kept(tmp_path: Path) -> None:
    assert make_folder(tmp_path).keep_secret("key", "-----BEGIN") == "-----BEGIN"


def test_a_copied_folder_has_another_token(tmp_path: Path) -> None:
    original = make_folder(tmp_path / "one")
    (tmp_path / "two").mkdir()
    (tmp_path / "two" / MARKER).write_bytes((tmp_path / "one" / MARKER).read_bytes())
    copy = make_folder(tmp_path / "two")
    assert copy.id == original.id
    assert copy.token != original.token
