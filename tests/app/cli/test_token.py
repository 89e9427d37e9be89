"""`gateway token`."""

import json
import subprocess
import time
from pathlib import Path

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.identity import DevelopmentKey
from app.settings import Settings
from security.principal import Principal
from security.roles import Role
from tests.app.serving import GATEWAY, Gateway, environment


def token(folder: Path, *arguments: str, **settings: object) -> subprocess.CompletedProcess[str]:
    env = environment(**{"data_dir": folder} | settings)
    return subprocess.run(
        [*GATEWAY, "token", *arguments], env=env, capture_output=True, text=True, timeout=60, check=False
    )


async def principal_of(folder: Path, text: str) -> Principal:
    return await DevelopmentKey.of(Settings(data_dir=folder)).verifier().verify(text.strip())


@pytest.mark.parametrize("role", list(Role))
async def test_a_token_for_each_role_and_nothing_else_on_standard_output(tmp_path: Path, role: Role) -> None:
    done = token(tmp_path, "--role", role)
    assert done.returncode == 0
    assert done.stdout.count("\n") == 1
    assert await principal_of(tmp_path, done.stdout) == Principal(f"demo-{role}", frozenset({role}))


async def test_all_that_a_principal_can_be(tmp_path: Path) -> None:
    named = ["--subject", "ana", "--customer-id", "7", "--region", "Sul", "--region", "Norte", "--warehouse-id", "1"]
    scopes = ["--scope", "orders:read", "--scope", "catalog:read"]
    done = token(tmp_path, "--role", "agent", *named, *scopes)
    expected = Principal(
        "ana", frozenset({Role.AGENT}), frozenset({"orders:read", "catalog:read"}), 7, ("Sul", "Norte"), (1,)
    )
    assert await principal_of(tmp_path, done.stdout) == expected
    assert done.stderr == ""


async def test_an_agent_may_act_for_somebody(tmp_path: Path) -> None:
    done = token(tmp_path, "--role", "customer", "--customer-id", "7", "--actor", "bot", "--scope", "orders:read")
    principal = await principal_of(tmp_path, done.stdout)
    assert (principal.subject, principal.actor and principal.actor.subject) == ("demo-customer", "bot")
    assert list(principal.capabilities) == ["orders:read:own"]
    assert "may read nothing" in token(tmp_path, "--role", "sales", "--region", "Sul", "--actor", "bot").stderr


async def test_programs_get_an_object(tmp_path: Path) -> None:
    begin = int(time.time())
    described = json.loads(token(tmp_path, "--role", "admin", "--ttl", "60", "--json").stdout)
    assert begin + 60 <= described["expires_at"] <= time.time() + 60
    assert (await principal_of(tmp_path, described["token"])).subject == described["subject"] == "demo-admin"


@pytest.mark.parametrize(("role", "note"), [("customer", "--customer-id"), ("sales", "--region"), ("agent", "--scope")])
def test_what_is_probably_forgotten_is_noted_beside(tmp_path: Path, role: str, note: str) -> None:
    assert f"without {note}" in token(tmp_path, "--role", role).stderr


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--role", "admin", "--ttl", "0"], "error: --ttl is 1 to 86400 seconds here"),
        (["--role", "admin", "--ttl", "86401"], "error: --ttl is 1 to 86400 seconds here"),
        (["--role", "admin", "--customer-id", "0"], "error: the gateway would refuse this token: customer_id"),
        (["--role", "admin", "--subject", "a\nb"], "error: the gateway would refuse this token: sub"),
        (["--role", "admin", "--scope", "a b  c"], "error: the gateway would refuse this token: scope"),
        (["--role", "root"], "'root' is not one of 'admin'"),
        (["--role", "admin", "--customer-id", "x"], "Invalid value for '--customer-id'"),
        ([], "Missing option '--role'"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path: Path, arguments: list[str], reason: str) -> None:
    done = token(tmp_path, *arguments)
    assert done.returncode in {1, 2}
    assert done.stdout == ""
    assert reason in done.stderr
    assert "Traceback" not in done.stderr


def test_production_keys_refuse_demo_tokens(tmp_path: Path) -> None:
    pem = Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    done = token(tmp_path / "data", "--role", "admin", jwt_public_key=pem.decode(), jwt_issuer="i", jwt_audience="a")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: tokens come from the issuer that GATEWAY_JWT_PUBLIC_KEY belongs to")
    assert not (tmp_path / "data").exists()


def test_a_running_gateway_accepts_it(gateway: Gateway) -> None:
    done = token(gateway.settings.data_dir, "--role", "analyst", "--ttl", "60")
    headers = {"authorization": f"Bearer {done.stdout.strip()}"}
    answer = httpx.post(gateway.url + "/graphql", json={"query": "{ __typename }"}, headers=headers)
    assert answer.json() == {"data": {"__typename": "Query"}}
