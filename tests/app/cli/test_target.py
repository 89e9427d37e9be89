"""The database that commands work on."""

from pathlib import Path

import psycopg
import pytest

from app.cli.target import operational_database
from app.embedded import Stack
from app.settings import Settings
from tests.app.serving import gateway_process


def test_a_configured_database_is_used_as_its_owner() -> None:
    serving, owner = "postgresql://gateway@h/d", "postgresql://owner@h/d"
    with operational_database(Settings(database_url=serving, admin_database_url=owner)) as url:
        assert url == owner
    with operational_database(Settings(database_url=serving)) as url:
        assert url == serving


def test_the_embedded_one_runs_for_the_time_of_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with operational_database(Settings(data_dir=tmp_path / "data")) as url, psycopg.connect(url) as connection:
        assert connection.execute("select 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    told = capsys.readouterr()
    assert "starting PostgreSQL" in told.err
    assert told.out == ""


def test_the_one_of_a_running_gateway_is_shared(tmp_path: Path) -> None:
    steps: list[str] = []
    with gateway_process(tmp_path) as gateway:
        with operational_database(gateway.settings, report=steps.append) as url, psycopg.connect(url) as connection:
            assert connection.execute("select count(*) from customers").fetchone() == (0,)
        assert gateway.process.poll() is None
    assert steps == []


def test_nothing_embedded_starts_beside_a_configured_database(stack: Stack, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with operational_database(Settings(data_dir=folder, database_url=stack.endpoints.owner_url)) as url:
        assert url == stack.endpoints.owner_url
    assert not folder.exists()
