"""When the explorer is built, and what is left when that fails."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from app.embedded.locks import FileLock
from app.errors import StartError
from app.explorer import build as building
from app.explorer.build import build_explorer, is_current
from app.explorer.location import LIVE, is_built
from app.explorer.stamp import digest_of, sources


@pytest.fixture
def static(project: Path, built_explorer: Path, tmp_path: Path) -> Path:
    """A folder in which the explorer of `project` is built already."""
    static = tmp_path / "static"
    static.mkdir()
    shutil.copytree(LIVE, static / "live")
    return static


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_nothing_is_built_while_nothing_changed(project: Path, static: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")  # no Node.js, so that any attempt would fail
    said: list[str] = []
    assert is_current(project, static)
    assert build_explorer(said.append, project, static) is False
    assert said == []


@pytest.mark.parametrize(
    "change",
    [
        lambda project: (project / "src" / "new.ts").write_text("export {};\n"),
        lambda project: (project / "src" / "shell.css").write_text("body {}"),
        lambda project: (project / "src" / "icon.svg").unlink(),
        lambda project: (project / "examples" / "1-catalogue.graphql").write_text("# Other\n"),
        lambda project: (project / "package-lock.json").write_text("{}"),
        lambda project: (project / "vite.config.ts").write_text(""),
        lambda project: (project / "index.html").write_text(""),
        lambda project: (project / "src" / "App.tsx").rename(project / "src" / "Other.tsx"),
    ],
)
def test_any_change_of_a_source_asks_for_a_build(project: Path, static: Path, change: Callable[[Path], object]) -> None:
    change(project)
    assert not is_current(project, static)


def test_installed_packages_are_no_sources(project: Path) -> None:
    before = digest_of(sources(project), project)
    (project / "node_modules").unlink()
    assert digest_of(sources(project), project) == before


def test_a_partial_build_is_not_current(project: Path, static: Path) -> None:
    (static / "live" / "index.html").unlink()
    assert not is_current(project, static)


def test_a_changed_example_is_in_the_new_build(project: Path, static: Path) -> None:
    (project / "examples" / "1-catalogue.graphql").write_text("# A changed title\n# Why.\nquery Q { a }\n")
    said: list[str] = []
    assert build_explorer(said.append, project, static) is True
    assert is_current(project, static)
    scripts = [text for name, text in contents(static / "live").items() if name.endswith(".js")]
    assert any(b"A changed title" in script for script in scripts)
    assert names(static) == ["live", "lock"]
    assert "installing" not in " ".join(said)
    assert (static / "live").stat().st_mode & 0o755 == 0o755, "another user must be able to serve it"


def test_a_failed_build_tells_why_and_leaves_the_earlier_one(project: Path, static: Path) -> None:
    before = contents(static)
    (project / "src" / "main.tsx").write_text('const wrong: number = "text";\nexport { wrong };\n')
    with pytest.raises(StartError, match=r"checking types failed(?s:.)*main\.tsx(?s:.)*not assignable"):
        build_explorer(print, project, static)
    assert {name: content for name, content in contents(static).items() if name != "lock"} == before


def test_packages_that_were_not_installed_whole_are_installed_again(project: Path, static: Path) -> None:
    (project / "node_modules").unlink()
    (project / "node_modules" / "vite").mkdir(parents=True)
    shutil.rmtree(static / "live")
    package = json.loads((project / "package.json").read_text())
    package["dependencies"]["react"] = "0.0.0-not-the-locked-one"
    (project / "package.json").write_text(json.dumps(package))
    with pytest.raises(StartError, match="npm ci failed"):
        build_explorer(print, project, static)
    assert not (static / "live").exists()


def test_a_killed_build_leaves_the_earlier_one(project: Path, static: Path) -> None:
    (project / "examples" / "1-catalogue.graphql").write_text("# Another title\n# Why.\nquery Q { a }\n")
    before = contents(static / "live")
    script = (
        "import pathlib, sys; from app.explorer.build import build_explorer;"
        "build_explorer(lambda line: print(line, flush=True), pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))"
    )
    command = [sys.executable, "-c", script, str(project), str(static)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as build:
        assert build.stdout is not None
        assert build.stdout.readline() == b"checking types and bundling\n"
        os.killpg(build.pid, signal.SIGKILL)

    assert contents(static / "live") == before
    assert any(name.startswith("next-") for name in names(static))
    assert build_explorer(print, project, static) is True
    assert names(static) == ["live", "lock"]


def test_what_a_build_killed_between_two_renames_left_is_put_back(project: Path, static: Path) -> None:
    (static / "live").rename(static / "former")
    (project / "src" / "main.tsx").write_text("not TypeScript")
    with pytest.raises(StartError):
        build_explorer(print, project, static)
    assert is_built(static / "live")


def test_two_builds_do_not_meet(project: Path, static: Path) -> None:
    (static / "live" / "stamp").write_text("outdated")
    lock = FileLock(static / "lock")
    lock.exclusive()
    said: list[str] = []
    built: list[bool] = []
    waiting = threading.Thread(target=lambda: built.append(build_explorer(said.append, project, static)))
    waiting.start()
    while not said:
        time.sleep(0.01)
    shutil.copy(LIVE / "stamp", static / "live" / "stamp")  # the other one finishes its build
    lock.release()
    waiting.join()
    assert built == [False]
    assert said == ["another build is running: waiting for it"]


def test_without_sources_there_is_a_clear_message(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"not in .*: build it in a checkout"):
        build_explorer(print, tmp_path, tmp_path / "static")
