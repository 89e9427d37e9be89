"""What `inspect` tells, without starting anything."""

import subprocess
from pathlib import Path

import pytest

from app.embedded import Part, Stack, inspect, make_folder, open_stack
from app.embedded.stack import _OwnStack
from tests.app.embedded.program import QUICK
from tests.servers import ServerProgram


def test_a_running_stack(durable_stack: Stack) -> None:
    seen = inspect(durable_stack.folder.path)
    assert seen.owner is not None
    assert seen.owner.command == "the tests"
    assert seen.identity
    assert seen.versions == {"postgres": "18.4", "valkey": "9.1.2"}
    assert set(seen.servers) == {"postgres", "valkey"}
    assert all(server.answers for server in seen.servers.values())
    assert all(1_000_000 < server.memory_bytes < 100_000_000 for server in seen.servers.values())
    assert 20_000_000 < seen.size_bytes < 200_000_000
    assert seen.problems == ()


def test_nothing_there(tmp_path: Path) -> None:
    seen = inspect(tmp_path / "data")
    assert not seen.exists
    assert (seen.owner, seen.problems) == (None, ())
    assert not (tmp_path / "data").exists()


def test_a_stopped_stack(data: Path) -> None:
    with open_stack(data, owner="first", tuning=QUICK):
        pass
    seen = inspect(data)
    assert seen.exists
    assert (seen.owner, seen.servers, seen.problems) == (None, {}, ())


def test_a_killed_owner_is_not_taken_for_a_running_one(data: Path) -> None:
    with ServerProgram("start", data) as program:
        program.kill()
        seen = inspect(data)
    assert (seen.owner, seen.servers) == (None, {})


def test_a_foreign_folder(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    assert "nothing in it was touched" in inspect(tmp_path).problems[0]


def test_a_secret_that_others_can_read(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "data")
    folder.keep_secret("key")
    (folder.secrets / "key").chmod(0o644)
    assert inspect(folder.path).problems == (
        f"{folder.secrets / 'key'} can be read by other users: run `chmod 600 {folder.secrets / 'key'}`",
    )


def test_a_server_without_its_gateway(tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "data")
    with subprocess.Popen(
        ["/bin/sh", "-c", f": {folder.token}; while :; do sleep 0.1; done"],
        executable=stand_in(tmp_path),
    ) as child:
        problem = inspect(folder.path).problems
        child.kill()
    assert problem == (f"valkey still runs without its gateway (processes {child.pid}): the next start ends it",)


def stand_in(folder: Path) -> Path:
    """A program with the name of a server."""
    program = folder / "bin" / "valkey-server"
    program.parent.mkdir()
    program.symlink_to("/bin/sh")
    return program


@pytest.mark.parametrize("part", ["postgres", "valkey"])
def test_a_server_that_does_not_answer(data: Path, part: Part) -> None:
    with open_stack(data, owner="gateway serve", tuning=QUICK) as stack:
        assert isinstance(stack, _OwnStack)
        child = stack._servers[part].child
        assert child is not None
        child.kill()
        child.wait()
        problems = inspect(stack.folder.path).problems
    assert len(problems) == 1
    assert problems[0].startswith(f"{part} of `gateway serve` (process ")
