"""Whose tokens are believed: the development key and configured ones."""

import multiprocessing
import time
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.errors import StartError
from app.identity import DevelopmentKey, configured_verifier
from app.settings import Settings
from security.principal import Principal
from security.roles import Role
from security.tokens import InvalidToken

ADMIN = Principal("a", frozenset({Role.ADMIN}))


def settings(folder: Path, **values: Any) -> Settings:
    return Settings(data_dir=folder / "data", **values)


def production(folder: Path, key: PrivateKeyTypes, **values: Any) -> Settings:
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return settings(folder, jwt_public_key=pem.decode(), **{"jwt_issuer": "i", "jwt_audience": "a"} | values)


async def test_a_token_of_the_development_key_names_its_principal(tmp_path: Path) -> None:
    key = DevelopmentKey.of(settings(tmp_path))
    principal = Principal("p", frozenset({Role.AGENT}), frozenset({"orders:read"}), 7, ("Sul",), (1, 2))
    assert await key.verifier().verify(key.sign(principal)) == principal


async def test_the_key_stays_the_same_and_is_nobody_elses_to_read(tmp_path: Path) -> None:
    token = DevelopmentKey.of(settings(tmp_path)).sign(ADMIN)
    assert await DevelopmentKey.of(settings(tmp_path)).verifier().verify(token) == ADMIN
    file = tmp_path / "data" / "secrets" / "development-key.pem"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700


async def test_the_key_of_another_folder_does_not_fit(tmp_path: Path) -> None:
    token = DevelopmentKey.of(settings(tmp_path / "one")).sign(ADMIN)
    with pytest.raises(InvalidToken):
        await DevelopmentKey.of(settings(tmp_path / "two")).verifier().verify(token)


def _sign(folder: Path) -> str:
    return DevelopmentKey.of(settings(folder)).sign(ADMIN)


async def test_processes_that_make_the_key_at_once_have_the_same(tmp_path: Path) -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        tokens = pool.map(_sign, [tmp_path] * 4, chunksize=1)
    verifier = DevelopmentKey.of(settings(tmp_path)).verifier()
    assert [await verifier.verify(token) for token in tokens] == [ADMIN] * 4


async def test_a_token_lives_a_day_unless_told_otherwise(tmp_path: Path) -> None:
    key = DevelopmentKey.of(settings(tmp_path))
    claims = jwt.decode(key.sign(ADMIN), options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 86_400
    with pytest.raises(InvalidToken, match="lifetime"):
        await key.verifier().verify(key.sign(ADMIN, seconds=86_401))
    short = DevelopmentKey.of(settings(tmp_path, jwt_max_lifetime_seconds=60))
    with pytest.raises(InvalidToken, match="lifetime"):
        await short.verifier().verify(key.sign(ADMIN))


def test_a_damaged_key_is_told(tmp_path: Path) -> None:
    DevelopmentKey.of(settings(tmp_path))
    (tmp_path / "data" / "secrets" / "development-key.pem").write_text("nonsense")
    with pytest.raises(StartError, match="remove it"):
        DevelopmentKey.of(settings(tmp_path))


def test_production_keys_end_the_signing_of_demo_tokens(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="signs none of its own"):
        DevelopmentKey.of(production(tmp_path, ed25519.Ed25519PrivateKey.generate()))
    assert not (tmp_path / "data").exists()


async def test_production_keys_accept_their_issuer_for_an_hour(tmp_path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    verifier = configured_verifier(production(tmp_path, key))
    now = int(time.time())
    claims = {"iss": "i", "aud": "a", "sub": "s", "roles": ["admin"], "iat": now, "exp": now + 3600}
    assert (await verifier.verify(jwt.encode(claims, key, "ES256"))).subject == "s"
    with pytest.raises(InvalidToken, match="lifetime"):
        await verifier.verify(jwt.encode(claims | {"exp": now + 3601}, key, "ES256"))


async def test_development_tokens_are_nothing_to_production_keys(tmp_path: Path) -> None:
    token = DevelopmentKey.of(settings(tmp_path)).sign(ADMIN)
    verifier = configured_verifier(production(tmp_path, ed25519.Ed25519PrivateKey.generate()))
    with pytest.raises(InvalidToken):
        await verifier.verify(token)


@pytest.mark.parametrize("missing", ["jwt_issuer", "jwt_audience"])
def test_issuer_and_audience_have_no_default_in_production(tmp_path: Path, missing: str) -> None:
    with pytest.raises(StartError, match="GATEWAY_JWT_ISSUER and GATEWAY_JWT_AUDIENCE"):
        configured_verifier(production(tmp_path, ed25519.Ed25519PrivateKey.generate(), **{missing: None}))


def test_a_key_that_no_algorithm_uses_is_told(tmp_path: Path) -> None:
    with pytest.raises(StartError, match="GATEWAY_JWT_ALGORITHMS"):
        configured_verifier(production(tmp_path, ec.generate_private_key(ec.SECP384R1())))


def test_a_key_of_no_use_is_told(tmp_path: Path) -> None:
    text = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"
    with pytest.raises(StartError, match="GATEWAY_JWT_PUBLIC_KEY holds a PEM block that is no public key"):
        configured_verifier(settings(tmp_path, jwt_public_key=text, jwt_issuer="i", jwt_audience="a"))


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(StartError, match="GATEWAY_DATA_DIR"):
        DevelopmentKey.of(settings(tmp_path))


async def test_an_issuer_s_key_server_ends_the_signing_of_demo_tokens(tmp_path: Path) -> None:
    configured = {"jwks_url": "https://login.example/keys", "jwt_issuer": "i", "jwt_audience": "a"}
    with pytest.raises(StartError, match="GATEWAY_JWKS_URL"):
        DevelopmentKey.of(settings(tmp_path, **configured))
    with pytest.raises(StartError, match="GATEWAY_JWKS_URL needs GATEWAY_JWT_ISSUER"):
        configured_verifier(settings(tmp_path, **configured | {"jwt_issuer": None}))
    development = DevelopmentKey.of(settings(tmp_path))
    # Nothing is asked for a token whose algorithm is not accepted.
    with pytest.raises(InvalidToken):
        await configured_verifier(settings(tmp_path, **configured, jwt_algorithms=("ES256",))).verify(
            development.sign(ADMIN)
        )
