"""The servers run for root and for ordinary users, wherever the folder lies and whatever the system forbids."""

import os
import pwd
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import psycopg
import pytest

from app.embedded import binaries, identity
from tests.app.embedded.environments import CONTAINER, link_environment, namespaces_work
from tests.servers import Environment, ServerProgram

STRANGER = 4711
NOBODY = 65534

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or sys.platform != "linux", reason="only root on Linux can try every identity"
)
needs_namespaces = pytest.mark.skipif(
    os.geteuid() != 0 or not namespaces_work(), reason="this machine forbids user namespaces, even to root"
)


@pytest.fixture(scope="module")
def anywhere() -> Iterator[Path]:
    """A folder that every user reaches."""
    place = Path(tempfile.mkdtemp(prefix="gateway-tests-"))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


@pytest.fixture(scope="module")
def environment(anywhere: Path) -> Environment:
    (anywhere / "python").mkdir()
    return link_environment(anywhere / "python")


@pytest.fixture
def public(anywhere: Path) -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(dir=anywhere))
    place.chmod(0o755)
    yield place
    shutil.rmtree(place)


@pytest.fixture
def private(public: Path) -> Path:
    """A folder that only root reaches."""
    (public / "private").mkdir(mode=0o700)
    return public / "private"


def contained(environment: Environment, users: int, namespaces: int, *command: str) -> Environment:
    limits = [str(users), str(namespaces)]
    return replace(environment, python=(*environment.python, CONTAINER, *limits, *command, *environment.python))


def works(environment: Environment, folder: Path) -> tuple[str, int]:
    """Start twice and be killed between; returns the identity and PostgreSQL's user as root sees it."""
    with ServerProgram("start", folder, environment=environment) as program:
        assert "error" not in program.answer
        with psycopg.connect(program.answer["owner_url"]) as connection:
            connection.execute("create extension vector")
            connection.execute("create table kept as select 7 as number")
        program.kill()
    with ServerProgram("start", folder, environment=environment) as program:
        with psycopg.connect(program.answer["owner_url"]) as connection:
            assert connection.execute("select number from kept").fetchone() == (7,)
        postgres = next(
            process
            for process in psutil.Process(program.process.pid).children(recursive=True)
            if process.name() == "postgres"
        )
        identity, user = program.answer["identity"], postgres.uids().effective
        assert program.end() == 0
    return identity, user


def test_root_becomes_nobody(environment: Environment, public: Path) -> None:
    assert works(environment, public / "data") == ("nobody", NOBODY)
    assert (public / "data").stat().st_mode & 0o777 == 0o711
    assert {place.name: place.stat().st_uid for place in (public / "data").iterdir() if place.is_dir()} == {
        "logs": 0,
        "postgres": NOBODY,
        "secrets": 0,
        "warehouse": 0,
    }


@needs_namespaces
def test_root_uses_a_namespace_where_nobody_has_no_access(environment: Environment, private: Path) -> None:
    assert works(environment, private / "data") == ("user namespace", 0)
    assert private.stat().st_mode & 0o777 == 0o700


@needs_namespaces
def test_root_of_a_container_without_namespaces_copies_programs(
    environment: Environment, private: Path, public: Path
) -> None:
    container = contained(environment, users=70_000, namespaces=0)
    identity, user = works(replace(container, variables={"TMPDIR": str(public)}), private / "data")
    assert identity == f"nobody with programs copied to {public}"
    assert user == NOBODY
    assert private.stat().st_mode & 0o777 == 0o700


@needs_namespaces
def test_root_without_other_users_uses_a_namespace(environment: Environment, public: Path) -> None:
    assert works(contained(environment, users=1, namespaces=9), public / "data") == ("user namespace", 0)


@needs_namespaces
def test_root_who_can_become_nobody_else_is_told(environment: Environment, public: Path) -> None:
    with ServerProgram("start", public / "data", environment=contained(environment, 1, 0)) as program:
        error = program.answer["error"]
    assert "PostgreSQL does not run as root" in error
    assert "nobody: Operation not permitted; user namespace: unshare" in error
    assert "run the gateway as an ordinary user" in error


@needs_namespaces
def test_a_folder_moved_to_where_nobody_has_no_access_still_works(environment: Environment, public: Path) -> None:
    with ServerProgram("start", public / "data", environment=environment) as program:
        assert program.answer["identity"] == "nobody"
        with psycopg.connect(program.answer["owner_url"]) as connection:
            connection.execute("create table kept as select 7 as number")
        assert program.end() == 0
    (public / "private").mkdir(mode=0o700)
    (public / "data").rename(public / "private" / "data")
    with ServerProgram("start", public / "private" / "data", environment=environment) as program:
        assert program.answer["identity"] == "user namespace"
        with psycopg.connect(program.answer["owner_url"]) as connection:
            assert connection.execute("select number from kept").fetchone() == (7,)
        assert program.end() == 0


def test_an_ordinary_user_needs_nothing(environment: Environment, public: Path) -> None:
    user = next(entry.pw_uid for entry in pwd.getpwall() if entry.pw_uid not in {0, NOBODY})
    os.chown(public, user, user)
    public.chmod(0o700)
    assert works(replace(environment, user=user), public / "data") == ("this user", user)
    assert (public / "data").stat().st_mode & 0o777 == 0o700


@needs_namespaces
def test_a_user_without_an_entry_renames_itself(environment: Environment, public: Path) -> None:
    """Such as a container's user who was given as a number."""
    os.chown(public, STRANGER, STRANGER)
    assert works(replace(environment, user=STRANGER), public / "data") == ("user namespace", STRANGER)


@needs_namespaces
def test_a_user_without_an_entry_who_may_not_is_told(environment: Environment, public: Path) -> None:
    contained_user = contained(environment, 70_000, 0, "setpriv", "--reuid", str(STRANGER), "--clear-groups")
    os.chown(public, STRANGER, STRANGER)
    with ServerProgram("start", public / "data", environment=contained_user) as program:
        error = program.answer["error"]
    assert f"PostgreSQL does not run as the user with id {STRANGER} (this user: no entry in /etc/passwd;" in error


def test_an_ordinary_user_is_told_of_a_folder_without_rights(environment: Environment, public: Path) -> None:
    with ServerProgram("start", public / "data", environment=replace(environment, user=STRANGER)) as program:
        assert program.answer["error"].startswith(f"cannot use the data folder {public}/data: Permission denied")


def test_an_ordinary_user_is_told_of_a_folder_that_root_made(environment: Environment, public: Path) -> None:
    with ServerProgram("start", public / "data", environment=environment) as program:
        assert program.end() == 0
    with ServerProgram("start", public / "data", environment=replace(environment, user=STRANGER)) as program:
        assert f"belongs to the user with id 0 and this command runs as {STRANGER}" in program.answer["error"]


def test_a_foreign_folder_of_the_copys_name_is_not_used(
    environment: Environment, private: Path, anywhere: Path
) -> None:
    """Somebody may have put programs of their own where the copy would be."""
    found = binaries.locate()
    identity._copy(found, anywhere)
    copied = next(anywhere.glob("gateway-programs-*"))
    copied.chmod(0o777)
    with pytest.raises(PermissionError, match="not a folder of this user alone"):
        identity._copy(found, anywhere)
