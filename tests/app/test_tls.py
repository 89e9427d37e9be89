"""TLS without a proxy: what is spoken, and files of no use."""

import datetime as dt
import socket
import ssl
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID
from starlette.types import Receive, Scope, Send

from app.errors import StartError
from app.settings import Settings
from app.tls import server_context
from tests.app.serving import Gateway, gateway_process, serving
from tests.app.wire import seconds_until_closed


def write_pair(folder: Path, encryption: KeySerializationEncryption | None = None) -> dict[str, Any]:
    """Write a certificate for localhost that is its own issuer, and its key; return both as settings."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "certificate.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption or NoEncryption())
    (folder / "key.pem").write_bytes(private)
    return {"tls_certificate": folder / "certificate.pem", "tls_key": folder / "key.pem"}


@pytest.fixture
def pair(tmp_path: Path) -> dict[str, Any]:
    return write_pair(tmp_path)


def trusting(pair: dict[str, Any]) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(pair["tls_certificate"]))


async def scheme(scope: Scope, receive: Receive, send: Send) -> None:
    body = str(scope["scheme"]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


def test_the_gateway_speaks_tls_and_tells_browsers_to_stay_with_it(
    pair: dict[str, Any], served_database: str, tmp_path: Path
) -> None:
    settings = {"database_url": served_database, "redis_url": "redis://127.0.0.1:1/0"}
    with gateway_process(tmp_path / "run", **pair, **settings) as gateway:
        assert gateway.url.startswith("https://127.0.0.1:")
        address = gateway.url.replace("127.0.0.1", "localhost")
        with httpx.Client(verify=trusting(pair)) as client:
            for path in ("/healthz", "/graphql", "/nothing"):
                assert client.get(address + path).headers["strict-transport-security"] == "max-age=31536000"


def test_without_tls_browsers_are_not_told_so(gateway: Gateway) -> None:
    assert "strict-transport-security" not in httpx.get(f"{gateway.url}/healthz").headers


def test_requests_are_known_to_be_encrypted(pair: dict[str, Any]) -> None:
    with serving(scheme, **pair) as url, httpx.Client(verify=trusting(pair)) as client:
        assert client.get(url.replace("127.0.0.1", "localhost")).text == "https"


def test_older_versions_are_refused(pair: dict[str, Any]) -> None:
    old = trusting(pair)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with serving(scheme, **pair) as url:
        port = httpx.URL(url).port
        plain = socket.create_connection(("127.0.0.1", port or 0), timeout=30)
        with plain, pytest.raises((ssl.SSLError, ConnectionError)):
            old.wrap_socket(plain, server_hostname="localhost")
        new = trusting(pair)
        with (
            socket.create_connection(("127.0.0.1", port or 0), timeout=30) as connection,
            new.wrap_socket(connection, server_hostname="localhost") as encrypted,
        ):
            assert encrypted.version() == "TLSv1.3"


def test_http_on_the_port_of_https_is_not_answered(pair: dict[str, Any]) -> None:
    with serving(scheme, **pair) as url, pytest.raises(httpx.HTTPError):
        httpx.get(url.replace("https", "http"))


def test_a_handshake_that_does_not_come_is_given_up(pair: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.accepting.HANDSHAKE_SECONDS", 0.5)
    with serving(scheme, **pair) as url:
        begin = time.monotonic()
        with socket.create_connection(("127.0.0.1", httpx.URL(url).port or 0), timeout=30) as connection:
            seconds_until_closed(connection)
        assert time.monotonic() - begin < 8


def test_files_of_no_use_stop_the_start(pair: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "locked").mkdir()
    (tmp_path / "nonsense").write_text("nonsense")
    other, locked = write_pair(tmp_path / "other"), write_pair(tmp_path / "locked", BestAvailableEncryption(b"secret"))
    wrong = [
        {"tls_key": tmp_path / "nowhere"},
        {"tls_certificate": tmp_path / "nowhere"},
        {"tls_key": tmp_path / "nonsense"},
        {"tls_certificate": tmp_path / "nonsense"},
        {"tls_key": other["tls_key"]},
        {"tls_certificate": locked["tls_certificate"], "tls_key": locked["tls_key"]},
    ]
    for change in wrong:
        with pytest.raises(StartError, match="GATEWAY_TLS_"):
            server_context(Settings(**pair | change))
    assert server_context(Settings()) is None
