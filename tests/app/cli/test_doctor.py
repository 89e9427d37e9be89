"""`gateway doctor`: on folders and servers in every state."""

import http.server
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from app.diagnosis import Health, diagnose
from app.embedded import PostgresTuning, Stack, open_stack, start_stack
from app.embedded.locks import is_locked
from app.settings import Settings
from tests.databases import at_database, database_name

GATEWAY = Path(sys.executable).parent / "gateway"
QUICK = PostgresTuning(durable=False)
SECRET = "kept-to-itself"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder with a cluster in it, stopped."""
    with open_stack(tmp_path / "data", owner="the tests", tuning=QUICK):
        pass
    return tmp_path / "data"


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def test_where_nothing_is_yet_nothing_is_wrong_and_nothing_is_made(tmp_path: Path, free_port: int) -> None:
    status, report = run(GATEWAY_DATA_DIR=tmp_path / "data", GATEWAY_PORT=free_port)
    assert status == 0
    assert report["ok"] is True
    assert part(report, "data folder")["facts"]["made"] is False
    assert part(report, "postgresql")["facts"]["version"].startswith("18.")
    assert list(tmp_path.iterdir()) == []


def test_a_stopped_folder_is_started_looked_at_and_stopped_again(folder: Path, free_port: int) -> None:
    status, report = run(GATEWAY_DATA_DIR=folder, GATEWAY_PORT=free_port)
    assert status == 0
    postgres, redis = part(report, "postgresql")["facts"], part(report, "redis")["facts"]
    assert postgres["version"].startswith("18.")
    assert (postgres["origin"], postgres["superuser"], postgres["bypassrls"]) == ("embedded", False, False)
    assert postgres["pgvector"]
    assert (redis["origin"], redis["server"]) == ("embedded", "Valkey")
    assert part(report, "migrations")["facts"]["standing"] == "empty"
    assert not is_locked(folder / "gateway.lock")


def test_a_running_stack_is_joined(folder: Path) -> None:
    running = start_stack(folder, owner="somebody else", tuning=QUICK)
    try:
        found = found_by(Settings(data_dir=folder, port=0))
        running_still = urlsplit(running.endpoints.database_url).port
        with socket.create_connection(("127.0.0.1", running_still or 0), timeout=30):
            pass
    finally:
        running.stop()
    assert "somebody else" in found["data folder"].text
    assert str(os.getpid()) in found["postgresql"].text
    assert not [finding for finding in found.values() if finding.health is Health.PROBLEM]


def test_a_folder_of_somebody_elses_is_left_alone(tmp_path: Path, free_port: int) -> None:
    (tmp_path / "letter.txt").write_text("mine")
    status, report = run(GATEWAY_DATA_DIR=tmp_path, GATEWAY_PORT=free_port)
    assert status == 1
    assert part(report, "data folder")["health"] == "problem"
    assert "GATEWAY_DATA_DIR" in part(report, "data folder")["text"]
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_a_password_that_others_can_read_is_a_problem(folder: Path) -> None:
    (folder / "secrets" / "postgres-owner").chmod(0o644)
    findings = diagnose(Settings(data_dir=folder, port=0), lambda _: None)
    [found] = [finding for finding in findings if finding.health is Health.PROBLEM]
    assert "chmod 600" in found.text


def test_a_cluster_that_does_not_start_is_a_problem_with_the_place_of_its_logs(folder: Path) -> None:
    (folder / "postgres" / "data" / "PG_VERSION").unlink()
    found = found_by(Settings(data_dir=folder, port=0))["embedded servers"]
    assert found.health is Health.PROBLEM
    assert str(folder / "logs") in found.advice


def test_a_port_that_another_program_has_is_a_problem(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        found = found_by(Settings(data_dir=tmp_path / "data", port=port))["port"]
    assert found.health is Health.PROBLEM
    assert f"port {port}" in found.text
    assert "GATEWAY_PORT" in found.text


def test_a_port_on_which_a_gateway_serves_is_fine(tmp_path: Path, answering: int) -> None:
    found = found_by(Settings(data_dir=tmp_path / "data", port=answering))["port"]
    assert (found.health, found.facts["serving"]) == (Health.OK, True)


def test_an_address_of_another_machine_is_a_problem(tmp_path: Path) -> None:
    # Reserved for documentation: no machine has it.
    found = found_by(Settings(data_dir=tmp_path / "data", host="192.0.2.1"))["port"]
    assert found.health is Health.PROBLEM
    assert "GATEWAY_HOST" in found.text


def test_external_servers_are_told_as_such(stack: Stack, migrated_database: str, tmp_path: Path) -> None:
    url = at_database(stack.endpoints.database_url, database_name(migrated_database))
    found = found_by(
        Settings(
            data_dir=tmp_path,
            database_url=url,
            admin_database_url=migrated_database,
            redis_url=stack.endpoints.redis_url,
        )
    )
    assert found["postgresql"].facts["origin"] == "external"
    assert found["redis"].facts["origin"] == "external"
    assert found["migrations"].facts["standing"] == "in step"
    assert found["administration"].health is Health.OK
    assert found["postgresql"].health is Health.OK


def test_serving_as_a_superuser_is_a_problem(migrated_database: str, tmp_path: Path) -> None:
    found = found_by(Settings(data_dir=tmp_path, database_url=migrated_database))["postgresql"]
    assert found.health is Health.PROBLEM
    assert "superuser" in found.text


def test_an_external_database_without_tables_is_a_problem(empty_database: str, tmp_path: Path) -> None:
    found = found_by(Settings(data_dir=tmp_path, database_url=empty_database))["migrations"]
    assert found.health is Health.PROBLEM
    assert "gateway migrate" in found.text


def test_servers_that_do_not_answer_are_problems_and_their_passwords_stay_secret(
    tmp_path: Path, free_port: int
) -> None:
    done = subprocess.run(
        [GATEWAY, "doctor"],
        env=environment(
            GATEWAY_DATA_DIR=tmp_path,
            GATEWAY_DATABASE_URL=f"postgresql://gateway:{SECRET}@127.0.0.1:{free_port}/cienty",
            GATEWAY_REDIS_URL=f"redis://:{SECRET}@127.0.0.1:{free_port}/0",
        ),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stdout.count(f"127.0.0.1:{free_port}") >= 2
    assert SECRET not in done.stdout + done.stderr


def test_keys_of_one_machine_are_noted_where_the_database_is_shared(migrated_database: str, tmp_path: Path) -> None:
    found = found_by(Settings(data_dir=tmp_path, database_url=migrated_database))
    assert (found["tokens"].health, found["cursors"].health) == (Health.NOTE, Health.NOTE)
    assert "GATEWAY_JWT_PUBLIC_KEY" in found["tokens"].advice
    assert "GATEWAY_CURSOR_SECRET" in found["cursors"].advice


def test_a_key_that_verifies_nothing_is_a_problem(tmp_path: Path) -> None:
    pem = "-----BEGIN PUBLIC KEY-----\nbm90IGEga2V5\n-----END PUBLIC KEY-----\n"
    settings = Settings(data_dir=tmp_path / "data", jwt_public_key=pem, jwt_issuer="i", jwt_audience="a")
    assert found_by(settings)["tokens"].health is Health.PROBLEM


def test_a_key_server_that_gives_no_keys_is_a_problem(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path / "data", jwks_url="http://127.0.0.1:1/keys", jwt_issuer="i", jwt_audience="a"
    )
    assert found_by(settings)["tokens"].health is Health.PROBLEM


def test_an_unknown_setting_is_named(tmp_path: Path) -> None:
    status, report = run(GATEWAY_DATA_DIR=tmp_path / "data", GATEWAY_PROT=1)
    assert status == 1
    assert "GATEWAY_PROT" in part(report, "settings")["text"]


@pytest.fixture
def answering() -> Iterator[int]:
    """The port of something that answers /healthz as a gateway does."""

    class Healthy(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/healthz" else 404)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the tests' output clean."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Healthy)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def found_by(settings: Settings) -> dict[str, Any]:
    return {finding.part: finding for finding in diagnose(settings, lambda _: None)}


def part(report: dict[str, Any], name: str) -> dict[str, Any]:
    return next(found for found in report["parts"] if found["part"] == name)


def run(**settings: object) -> tuple[int, dict[str, Any]]:
    """Run the command in a process of its own; return its exit status and what it tells programs."""
    done = subprocess.run(
        [GATEWAY, "doctor", "--json"],
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, json.loads(done.stdout)


def environment(**settings: object) -> dict[str, str]:
    others = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
    return others | {name: str(value) for name, value in settings.items()}
