"""`gateway serve` as operators meet it: starts, stops, deaths and refusals."""

import json
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest

from app.cli.target import operational_database
from app.embedded import Stack
from app.settings import Settings
from security.roles import Role
from tests.app.serving import GATEWAY, Gateway, environment, gateway_process
from tests.databases import at_database, database_name

QUERY = {"query": "{ customers { totalCount } }"}


def refused(folder: Path, **settings: object) -> str:
    """Return what a `gateway serve` that can't start says on standard error."""
    environment_of = environment(**{"data_dir": folder / "data", "port": 0} | settings)
    done = subprocess.run(
        [*GATEWAY, "serve"], env=environment_of, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith("error: ")
    return done.stderr


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway on an embedded stack of its own."""
    with gateway_process(tmp_path_factory.mktemp("embedded")) as gateway:
        yield gateway


@pytest.fixture(scope="module")
def finished_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder on which a gateway ran and was stopped."""
    folder = tmp_path_factory.mktemp("finished")
    with gateway_process(folder) as gateway:
        assert gateway.stop() == 0
    return folder / "data"


@pytest.fixture
def folder(finished_data: Path, tmp_path: Path) -> Path:
    """A folder whose `data` is a copy of that one, with its owners: PostgreSQL insists on its user."""
    subprocess.run(["/bin/cp", "-a", finished_data, tmp_path / "data"], check=True)
    return tmp_path


def servers(folder: Path) -> dict[str, int]:
    """Return the process of each embedded server."""
    runtime = json.loads((folder / "data" / "runtime.json").read_text())
    return {name: server["pid"] for name, server in runtime["servers"].items()}


def gone(pids: list[int], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while any(psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


# A start.


def test_a_start_on_nothing_ends_in_a_gateway_that_answers(embedded: Gateway) -> None:
    with embedded.client() as client:
        assert client.post("/graphql", json=QUERY).json() == {"data": {"customers": {"totalCount": 0}}}
    assert httpx.get(embedded.url + "/readyz").status_code == 200
    for step in ("starting PostgreSQL", "starting Valkey", "migration 0001", "The gateway is ready."):
        assert step in embedded.printed


def test_it_prints_tokens_that_work_and_gives_them_to_its_own_browser(embedded: Gateway) -> None:
    token = embedded.printed.split("admin: everything")[1].split()[0]
    answer = httpx.post(embedded.url + "/graphql", json=QUERY, headers={"authorization": f"Bearer {token}"})
    assert answer.json() == {"data": {"customers": {"totalCount": 0}}}
    given = httpx.get(embedded.url + "/graphql/explorer/demo-tokens").json()
    assert {"admin", "operations", "support", "analyst", "agent"} == {item["role"] for item in given}
    for item in given:
        headers = {"authorization": f"Bearer {item['token']}"}
        assert "data" in httpx.post(embedded.url + "/graphql", json={"query": "{ __typename }"}, headers=headers).json()


def test_pages_of_other_names_get_no_tokens(embedded: Gateway) -> None:
    response = httpx.get(embedded.url + "/graphql/explorer/demo-tokens", headers={"host": "evil.example"})
    assert response.status_code == 403


def test_no_password_or_token_is_logged(embedded: Gateway) -> None:
    secrets = [file.read_text().strip() for file in (embedded.folder / "data" / "secrets").iterdir()]
    for secret in filter(None, secrets):
        assert secret not in embedded.log + embedded.printed
    assert "eyJ" not in embedded.log


def test_other_commands_work_on_its_folder_meanwhile(embedded: Gateway) -> None:
    env = environment(data_dir=embedded.settings.data_dir)
    done = subprocess.run([*GATEWAY, "token", "--role", "admin"], env=env, capture_output=True, text=True, check=True)
    headers = {"authorization": f"Bearer {done.stdout.strip()}"}
    assert httpx.post(embedded.url + "/graphql", json=QUERY, headers=headers).status_code == 200


# Demo data.


def test_demo_data_comes_into_an_empty_database_once(folder: Path) -> None:
    with gateway_process(folder, "--demo") as gateway, gateway.client() as client:
        answer = client.post("/graphql", json={"query": "{ orders { totalCount } }"})
        assert answer.json() == {"data": {"orders": {"totalCount": 2_000}}}
        given = httpx.get(gateway.url + "/graphql/explorer/demo-tokens").json()
        tokens = {item["role"]: item["token"] for item in given}
        assert set(tokens) == set(Role)
        for role in (Role.CUSTOMER, Role.SALES):
            headers = {"authorization": f"Bearer {tokens[role]}"}
            mine = httpx.post(gateway.url + "/graphql", json={"query": "{ orders { totalCount } }"}, headers=headers)
            assert 0 < mine.json()["data"]["orders"]["totalCount"] < 2_000
        assert gateway.stop() == 0
    with gateway_process(folder, "--demo") as gateway:
        assert "making demo data" not in gateway.printed


def test_data_that_is_there_is_left_alone(folder: Path) -> None:
    with operational_database(Settings(data_dir=folder / "data")) as url, psycopg.connect(url) as connection:
        connection.execute("insert into customer_tiers (name) values ('gold')")
    with gateway_process(folder, "--demo") as gateway, gateway.client() as client:
        assert client.post("/graphql", json=QUERY).json() == {"data": {"customers": {"totalCount": 0}}}


# Refusals.


def test_a_second_instance_on_the_folder_is_refused(embedded: Gateway) -> None:
    said = refused(embedded.folder)
    assert f"is in use by `gateway serve` (process {embedded.process.pid})" in said
    assert "GATEWAY_DATA_DIR" in said


def test_a_used_port_is_refused_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = refused(tmp_path, port=port)
    assert f"port {port} on 127.0.0.1 is in use" in said
    assert "GATEWAY_PORT" in said
    assert not (tmp_path / "data").exists()


def test_bad_settings_are_refused_before_anything_is_made(tmp_path: Path) -> None:
    said = refused(tmp_path, prot=1, log_level="loud")
    assert "GATEWAY_PROT is no setting" in said
    assert "GATEWAY_LOG_LEVEL" in said
    assert not (tmp_path / "data").exists()


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.txt").write_text("mine")
    assert "was not made by the gateway" in refused(tmp_path)
    assert [file.name for file in (tmp_path / "data").iterdir()] == ["thesis.txt"]


def test_a_database_that_does_not_answer_is_refused(tmp_path: Path) -> None:
    said = refused(tmp_path, database_url="postgresql://u:hunter2@127.0.0.1:1/d", redis_url="redis://127.0.0.1:1")
    assert "cannot reach PostgreSQL at 127.0.0.1:1/d as u" in said
    assert "hunter2" not in said


def test_a_database_out_of_step_is_refused_and_left_alone(stack: Stack, migrated_database: str, tmp_path: Path) -> None:
    with psycopg.connect(migrated_database, autocommit=True) as connection:
        connection.execute("update gateway_revision set version_num = '9999'")
        url = at_database(stack.endpoints.database_url, database_name(migrated_database))
        said = refused(tmp_path, database_url=url, redis_url=stack.endpoints.redis_url)
        (revision,) = connection.execute("select version_num from gateway_revision").fetchone() or ()
    assert "is ahead, at revision 9999" in said
    assert revision == "9999"


def test_an_empty_database_is_refused_with_the_command_that_helps(
    stack: Stack, empty_database: str, tmp_path: Path
) -> None:
    said = refused(tmp_path, database_url=empty_database, redis_url=stack.endpoints.redis_url)
    assert "run `gateway migrate`" in said


def test_half_a_configuration_of_tokens_is_refused(stack: Stack, served_database: str, tmp_path: Path) -> None:
    key = "-----BEGIN PUBLIC KEY-----\\nAAAA\\n-----END PUBLIC KEY-----"
    settings = {"database_url": served_database, "redis_url": stack.endpoints.redis_url, "jwt_public_key": key}
    assert "GATEWAY_JWT_ISSUER" in refused(tmp_path, **settings)


# Demo tokens are for this machine and for embedded data.


@pytest.mark.parametrize("settings", [{"host": "0.0.0.0"}, {"database_url": "served"}], ids=["reachable", "configured"])  # noqa: S104 - a test of it
def test_where_others_could_ask_there_are_no_demo_tokens(
    stack: Stack, served_database: str, folder: Path, settings: dict[str, str]
) -> None:
    if "database_url" in settings:
        settings = {"database_url": served_database, "redis_url": stack.endpoints.redis_url}
    with gateway_process(folder, **settings) as gateway:
        assert "eyJ" not in gateway.printed
        assert httpx.get(gateway.url + "/graphql/explorer/demo-tokens").status_code == 404


# Ends.


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_and_its_servers_in_order(folder: Path, number: signal.Signals) -> None:
    with gateway_process(folder) as gateway:
        pids = list(servers(folder).values())
        assert gateway.stop(number) == 0
        assert gone(pids, 1)
    assert "Traceback" not in gateway.log
    assert not (folder / "data" / "runtime.json").exists()


def test_a_signal_during_the_start_leaves_nothing_running(folder: Path) -> None:
    env = environment(data_dir=folder / "data", port=0)
    with (folder / "out").open("w+") as out:
        process = subprocess.Popen([*GATEWAY, "serve"], env=env, stdout=out, stderr=out)
        try:
            while "starting PostgreSQL" not in (folder / "out").read_text():
                assert process.poll() is None
                time.sleep(0.02)
            process.terminate()
            assert process.wait(60) == 143
        finally:
            process.kill()
            process.wait()
    found = [p for p in psutil.process_iter(["cmdline"]) if str(folder) in " ".join(p.info["cmdline"] or [])]
    assert found == []
    assert "Traceback" not in (folder / "out").read_text()


def test_a_second_ctrl_c_ends_it_at_once(folder: Path) -> None:
    with gateway_process(folder, shutdown_delay_seconds=60) as gateway:
        pids = list(servers(folder).values())
        gateway.process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        assert gateway.process.poll() is None
        assert gateway.stop(signal.SIGINT) == 130
        assert gone(pids)


def test_a_killed_gateway_starts_again(folder: Path) -> None:
    with gateway_process(folder) as gateway:
        pids = list(servers(folder).values())
        os.kill(gateway.process.pid, signal.SIGKILL)
        gateway.process.wait(60)
    with gateway_process(folder) as gateway:
        assert gone(pids)
        with gateway.client() as client:
            assert client.post("/graphql", json=QUERY).status_code == 200


def test_a_killed_postgresql_comes_back_and_requests_with_it(folder: Path) -> None:
    with gateway_process(folder) as gateway, gateway.client() as client:
        assert client.post("/graphql", json=QUERY).status_code == 200
        os.kill(servers(folder)["postgres"], signal.SIGKILL)
        deadline = time.monotonic() + 30
        while (answer := client.post("/graphql", json=QUERY)).status_code != 200 or "errors" in answer.json():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        while httpx.get(gateway.url + "/readyz").status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert gateway.stop() == 0
