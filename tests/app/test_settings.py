"""Settings: read once, checked whole, refused with names."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pydantic import ValidationError

from app.errors import StartError
from app.settings import PREFIX, Settings, variable

KEY = Ed25519PrivateKey.generate()
PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
PRIVATE_PEM = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(variable(name), raising=False)


def problem(monkeypatch: pytest.MonkeyPatch, **values: str) -> str:
    for name, value in values.items():
        monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(StartError) as refused:
        Settings.load()
    return str(refused.value)


def test_nothing_needs_to_be_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.load()
    assert (settings.host, settings.port, settings.data_dir) == ("127.0.0.1", 8000, tmp_path / ".gateway")
    assert settings.is_embedded
    assert settings.is_loopback


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings.load().port = 1


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("PROT", "GATEWAY_PORT"), ("DATABSE_URL", "GATEWAY_DATABASE_URL"), ("JWT_PUBLIC", "GATEWAY_JWT_PUBLIC_KEY")],
)
def test_an_unknown_name_stops_the_start_and_tells_the_nearest(
    monkeypatch: pytest.MonkeyPatch, name: str, nearest: str
) -> None:
    assert problem(monkeypatch, **{name: "1"}) == f"GATEWAY_{name} is no setting: did you mean {nearest}?"


def test_a_name_with_another_prefix_is_none_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_GATEWAY_PROT", "1")
    monkeypatch.setenv("GATEWAYPROT", "1")
    Settings.load()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("PORT", "80a", "GATEWAY_PORT='80a': should be a valid integer"),
        ("PORT", "65536", "GATEWAY_PORT='65536': should be less than or equal to 65535"),
        ("PORT", "-1", "greater than or equal to 0"),
        ("ACCESS_LOG", "perhaps", "GATEWAY_ACCESS_LOG='perhaps': should be a valid boolean"),
        ("LOG_LEVEL", "loud", "should be 'debug', 'info', 'warning' or 'error'"),
        ("DATABASE_URL", "mysql://h/d", "must start with postgresql:// or postgres://"),
        ("REDIS_URL", "http://h", "must start with redis://"),
        ("JWT_ALGORITHMS", "EdDSA,HS256", "'RS512'"),
        ("JWT_ALGORITHMS", "none", "'RS512'"),
        ("JWT_ALGORITHMS", ",", "at least 1"),
        ("JWT_LEEWAY_SECONDS", "31", "less than or equal to 30"),
        ("JWT_PUBLIC_KEY", "/nowhere/key.pem", "neither PEM text nor a file"),
        ("JWT_PUBLIC_KEY", PRIVATE_PEM, "holds a private key"),
        ("JWKS_URL", "http://login.example/keys", "must start with https://"),
        ("JWKS_URL", "file:///etc/passwd", "must start with https://"),
        ("JWKS_URL", "https://", "must start with https://"),
        ("JWKS_GRACE_SECONDS", "-1", "greater than or equal to 0"),
        ("TLS_CERTIFICATE", "/nowhere/cert.pem", "set together or not at all"),
        ("CORS_ORIGINS", "*", "'*' is no origin"),
        ("CORS_ORIGINS", "null", "'null' is no origin"),
        ("CORS_ORIGINS", "https://a.example, https://b.example/", "'https://b.example/' is no origin"),
        ("CORS_ORIGINS", "https://A.example", "in small letters"),
        ("CORS_ORIGINS", "https://u@a.example", "is no origin"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, proxy", "'proxy' does not appear to be an IPv4 or IPv6 network"),
        ("REQUEST_TIMEOUT_SECONDS", "nan", "GATEWAY_REQUEST_TIMEOUT_SECONDS"),
        ("REQUEST_TIMEOUT_SECONDS", "inf", "GATEWAY_REQUEST_TIMEOUT_SECONDS"),
        ("RECEIVE_TIMEOUT_SECONDS", "0", "greater than 0"),
        ("CURSOR_SECRET", "short", "at least 16 characters"),
        ("PAGE_SIZE_DEFAULT", "5000", "GATEWAY_PAGE_SIZE_DEFAULT is above GATEWAY_PAGE_SIZE_MAX"),
        ("DATABASE_POOL_MIN", "17", "GATEWAY_DATABASE_POOL_MIN is above GATEWAY_DATABASE_POOL_MAX"),
        ("ADMIN_DATABASE_URL", "postgresql://h/d", "needs GATEWAY_DATABASE_URL"),
    ],
)
def test_a_bad_value_stops_the_start_and_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, reason: str
) -> None:
    assert reason in problem(monkeypatch, **{name: value})


def test_all_problems_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told = problem(monkeypatch, PROT="1", PORT="x", LOG_FORMAT="xml")
    assert [name in told for name in ("GATEWAY_PROT ", "GATEWAY_PORT=", "GATEWAY_LOG_FORMAT=")] == [True] * 3
    assert "\n" not in told


@pytest.mark.parametrize("name", ["DATABASE_URL", "ADMIN_DATABASE_URL", "REDIS_URL"])
def test_a_password_is_never_shown(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    assert "hunter2" not in problem(monkeypatch, **{name: "mysql://u:hunter2@h/d"})
    monkeypatch.setenv("GATEWAY_DATABASE_URL", "postgresql://u:hunter2@h/d")
    monkeypatch.setenv(PREFIX + name, "redis://u:hunter2@h" if name == "REDIS_URL" else "postgresql://u:hunter2@h/d")
    assert "hunter2" not in repr(Settings.load())


def test_the_cursor_secret_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "hunter2" not in problem(monkeypatch, CURSOR_SECRET="hunter2")


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_PORT", "")
    monkeypatch.setenv("GATEWAY_DATABASE_URL", "")
    assert Settings.load().port == 8000
    assert Settings.load().is_embedded


def test_lists_have_commas_between(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_JWT_ALGORITHMS", "RS256, ES256")
    monkeypatch.setenv("GATEWAY_TRUSTED_PROXIES", "10.0.0.0/8,::1")
    assert Settings.load().jwt_algorithms == ("RS256", "ES256")
    assert Settings.load().trusted_proxies == ("10.0.0.0/8", "::1")


def test_violations_are_tolerated_by_the_names_of_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_ETL_TOLERATED", "range raw.orders.total=12, gap raw=3")
    assert Settings.load().etl_tolerated == (("range raw.orders.total", 12), ("gap raw", 3))
    assert problem(monkeypatch, ETL_TOLERATED="gap raw=3, gap rows=3") == (
        "GATEWAY_ETL_TOLERATED='gap raw=3, gap rows=3': 'gap rows' is no check whose violations can be tolerated:"
        " did you mean 'gap raw'?"
    )
    assert "is no CHECK=NUMBER" in problem(monkeypatch, ETL_TOLERATED="gap raw=few")


def test_a_public_key_is_text_or_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text(PEM)
    for value in (PEM, PEM.replace("\n", "\\n"), str(tmp_path / "key.pem")):
        monkeypatch.setenv("GATEWAY_JWT_PUBLIC_KEY", value)
        assert Settings.load().jwt_public_key == PEM


def test_files_with_settings_are_not_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("GATEWAY_PORT=1\n")
    monkeypatch.chdir(tmp_path)
    assert Settings.load().port == 8000


@pytest.mark.parametrize(
    ("host", "is_loopback"),
    [("127.0.0.1", True), ("127.8.8.8", True), ("localhost", True), ("::1", True), ("0.0.0.0", False), ("gw", False)],  # noqa: S104 - read, not bound to
)
def test_loopback_is_only_what_nobody_else_reaches(host: str, is_loopback: bool) -> None:
    assert Settings(host=host).is_loopback is is_loopback


def test_keys_have_one_source(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "one source of keys" in problem(monkeypatch, JWKS_URL="https://login.example/keys", JWT_PUBLIC_KEY=PEM)


def test_keys_are_fetched_over_tls_or_from_this_machine() -> None:
    for loopback in (
        "https://login.example/keys",
        "http://127.0.0.1:1/keys",
        "http://localhost/keys",
        "http://[::1]:1/keys",
    ):
        assert Settings(jwks_url=loopback).is_own_issuer is False
