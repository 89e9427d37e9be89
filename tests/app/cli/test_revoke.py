"""`gateway revoke`, at gateways that run."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.cli.revoke import _of_subject
from app.embedded import Stack
from app.settings import Settings
from tests.app.cli.test_token import token
from tests.app.graphql_http.asking import post
from tests.app.serving import GATEWAY, Gateway, environment, gateway_process

POINT = {"query": "{ products(first: 1) { nodes { name } } }"}
PERSONAL = {"query": "{ customers(first: 1) { nodes { email } } }"}
NOTICED_SECONDS = 30


def revoke(*arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*GATEWAY, "revoke", *arguments],
        env=environment(**settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def made(gateway: Gateway, *arguments: str) -> dict[str, Any]:
    done = token(gateway.settings.data_dir, "--role", "admin", "--json", *arguments)
    described: dict[str, Any] = json.loads(done.stdout)
    return described


def status(gateway: Gateway, described: dict[str, Any], body: dict[str, str] | None = None) -> int:
    with httpx.Client(base_url=gateway.url) as client:
        return post(client, body or POINT, authorization=f"Bearer {described['token']}").status_code


def seconds_until(gateway: Gateway, described: dict[str, Any], expected: int) -> float:
    begin = time.monotonic()
    while status(gateway, described) != expected:
        assert time.monotonic() - begin < NOTICED_SECONDS
        time.sleep(0.05)
    return time.monotonic() - begin


def test_a_token_ends_within_seconds_and_others_go_on(gateway: Gateway, stack: Stack) -> None:
    ended, other = made(gateway), made(gateway)
    assert status(gateway, ended) == status(gateway, other) == 200
    done = revoke("--jti", ended["jti"], redis_url=stack.endpoints.redis_url)
    assert (done.returncode, done.stdout) == (0, "revoked\n")
    seconds_until(gateway, ended, 401)
    assert status(gateway, other) == 200


def test_a_subject_ends_and_may_sign_in_again(gateway: Gateway, stack: Stack) -> None:
    before, acting = made(gateway, "--subject", "rui"), made(gateway, "--subject", "eva", "--actor", "rui")
    assert status(gateway, before) == 200
    begin = int(time.time())
    done = revoke("--subject", "rui", "--json", redis_url=stack.endpoints.redis_url, jwt_leeway_seconds=0)
    assert begin <= json.loads(done.stdout)["issued_before"] <= time.time() + 1
    seconds_until(gateway, before, 401)
    assert status(gateway, acting) == 401
    time.sleep(1.1)
    assert status(gateway, made(gateway, "--subject", "rui")) == 200


def test_a_token_of_an_issuer_whose_clock_is_ahead_ends_too() -> None:
    settings = Settings(jwt_leeway_seconds=7)
    begin = int(time.time())
    entry = _of_subject("rui", None, settings)
    assert entry.issued_before is not None
    # A token that is issued now and accepted now has an `iat` of up to so much later.
    assert begin + 7 < entry.issued_before <= time.time() + 8
    assert entry.until >= entry.issued_before + (settings.jwt_max_lifetime_seconds or 0)


def test_tokens_of_later_than_the_moment_go_on(gateway: Gateway, stack: Stack) -> None:
    described = made(gateway, "--subject", "ivo")
    moment = ["--issued-before", "2026-01-01T00:00:00"]
    assert revoke("--subject", "ivo", *moment, redis_url=stack.endpoints.redis_url).returncode == 0
    time.sleep(1.5)
    assert status(gateway, described) == 200


@pytest.mark.parametrize(
    "arguments", [[], ["--jti", "a", "--subject", "b"], ["--jti", "a", "--issued-before", "2026-01-01"]]
)
def test_what_names_nothing_is_refused(arguments: list[str], tmp_path: Path) -> None:
    done = revoke(*arguments, data_dir=tmp_path / "data")
    assert (done.returncode, done.stdout) == (1, "")
    assert "--jti" in done.stderr


@pytest.mark.parametrize("arguments", [["--jti", ""], ["--subject", ""], ["--subject", "ana\n"], ["--jti", "x" * 256]])
def test_a_name_that_no_token_has_is_refused(arguments: list[str], tmp_path: Path) -> None:
    done = revoke(*arguments, data_dir=tmp_path / "data")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no token has this name" in done.stderr


def test_a_redis_that_is_down_is_told(tmp_path: Path) -> None:
    done = revoke("--jti", "a", redis_url="redis://127.0.0.1:1/0", data_dir=tmp_path / "data")
    assert done.returncode == 1
    assert "try again" in done.stderr
    assert "Traceback" not in done.stderr


def test_on_the_embedded_redis_a_revocation_outlives_every_stop(served_database: str, tmp_path: Path) -> None:
    # Before the first start, while running, and in between.
    settings = {"database_url": served_database, "data_dir": tmp_path / "data"}
    with gateway_process(tmp_path / "run", **settings) as gateway:
        tokens = [made(gateway) for _ in range(3)]
        assert revoke("--jti", tokens[0]["jti"], **settings).returncode == 0
        seconds_until(gateway, tokens[0], 401)
        gateway.process.kill()
    with (tmp_path / "data" / "revocations.jsonl").open("a") as journal:
        journal.write('\n{"digest": "cut o')
    assert revoke("--jti", tokens[1]["jti"], **settings).returncode == 0
    with gateway_process(tmp_path / "run", **settings) as gateway:
        assert [status(gateway, described) for described in tokens] == [401, 401, 200]


def test_while_redis_is_down_personal_data_waits_and_the_rest_goes_on(served_database: str, tmp_path: Path) -> None:
    settings = {"database_url": served_database, "redis_url": "redis://127.0.0.1:1/0"}
    with gateway_process(tmp_path / "run", **settings) as gateway:
        described = made(gateway)
        assert status(gateway, described) == 200
        begin = time.monotonic()
        assert status(gateway, described, PERSONAL) == 503
        assert time.monotonic() - begin < 5
        assert "revocations unknown" in gateway.log
