"""The command line as a whole."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.cli import COMMANDS
from tests.app.serving import GATEWAY, environment

HEAVY = (
    "alembic",
    "asyncpg",
    "cryptography",
    "graphql",
    "psycopg",
    "pydantic_settings",
    "sqlalchemy",
    "starlette",
    "uvicorn",
)


def gateway(*arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    env = environment(**settings)
    return subprocess.run([*GATEWAY, *arguments], env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    done = gateway(name, "--help")
    assert done.returncode == 0, done.stderr
    assert f"Usage: gateway {name}" in done.stdout


def test_help_lists_every_command_in_full() -> None:
    told = gateway("--help").stdout
    for name, summary in COMMANDS.items():
        assert f"  {name} " in told
        assert f" {summary}\n" in told


def test_the_version_is_told() -> None:
    assert gateway("--version").stdout.startswith("gateway 0.")


def test_a_misspelt_command_is_told_the_nearest() -> None:
    done = gateway("tokn")
    assert done.returncode == 2
    assert "Did you mean 'token'?" in done.stderr


def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    code = f"import sys, app.cli; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize("arguments", [["serve"], ["token", "--role", "admin"]])
def test_what_cannot_go_on_says_why_in_one_line(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "data").write_text("a file")
    done = gateway(*arguments, data_dir=tmp_path / "data", port=0)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", [["serve"], ["token", "--role", "admin"], ["schema", "print"]])
def test_unknown_settings_stop_every_command(tmp_path: Path, arguments: list[str]) -> None:
    done = gateway(*arguments, data_dir=tmp_path / "data", prot=1)
    assert (done.returncode, done.stderr) == (1, "error: GATEWAY_PROT is no setting: did you mean GATEWAY_PORT?\n")
