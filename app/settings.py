"""Settings: what the environment says, checked whole before anything starts. Nothing else reads the environment."""

import os
from difflib import get_close_matches
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.errors import StartError

PREFIX: Final = "GATEWAY_"

# Only signatures whose verifying key is public: a key that verifies must not be one that signs.
Algorithm = Literal["EdDSA", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"]


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _url(*schemes: str) -> AfterValidator:
    def check(value: str) -> str:
        if urlsplit(value).scheme not in schemes:
            raise ValueError(f"must start with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return value

    return AfterValidator(check)


def _network(value: str) -> str:
    ip_network(value)
    return value


def _pem(value: str) -> str:
    r"""Return PEM text, which may be given itself (also with its line ends as `\n`) or as the path of a file."""
    text = value.replace("\\n", "\n")
    if "-----BEGIN" not in text:
        try:
            text = Path(value).expanduser().read_text(encoding="ascii")
        except (OSError, UnicodeDecodeError):
            raise ValueError("is neither PEM text nor a file with PEM text that can be read") from None
    if "PRIVATE KEY-----" in text:
        raise ValueError("holds a private key: the gateway only verifies tokens, give it the public key")
    return text


def _folder(value: Path) -> Path:
    return value.expanduser().absolute()


Folder = Annotated[Path, AfterValidator(_folder)]
Network = Annotated[str, AfterValidator(_network)]
Pem = Annotated[str, AfterValidator(_pem)]
PostgresUrl = Annotated[str, _url("postgresql", "postgres")]
RedisUrl = Annotated[str, _url("redis", "rediss", "unix")]
LISTED: Final = (NoDecode, BeforeValidator(_split))
"""A list in one variable, with commas between."""


def setting(description: str, default: object, **details: Any) -> Any:
    """Declare a setting; `repr=False` keeps its value, which may hold a password, out of messages and logs."""
    return Field(default, description=description, validate_default=True, **details)


class Settings(BaseSettings):
    """Everything that can be set, each as the environment variable `GATEWAY_` + its name in capitals."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid", hide_input_in_errors=True
    )

    host: str = setting("The address to serve on; 0.0.0.0 for every one of the machine.", "127.0.0.1")
    port: int = setting("The TCP port to serve on; 0 takes a free one.", 8000, ge=0, le=65535)
    data_dir: Folder = setting("The folder of the embedded servers, their data and the development key.", ".gateway")

    database_url: PostgresUrl | None = setting(
        "The operational PostgreSQL, as the role that serves (no superuser, no bypassrls). Unset: an embedded one.",
        None,
        repr=False,
    )
    admin_database_url: PostgresUrl | None = setting(
        "The same database as its owner, for `migrate`, `load` and `seed`. Unset: DATABASE_URL.", None, repr=False
    )
    redis_url: RedisUrl | None = setting("The Redis or Valkey. Unset: an embedded one.", None, repr=False)
    database_pool_min: int = setting("Database connections kept open.", 2, ge=0, le=1000)
    database_pool_max: int = setting("Database connections open at most.", 16, ge=1, le=1000)
    statement_timeout_ms: int = setting(
        "Milliseconds after which the database ends a statement.", 10_000, ge=1, le=3_600_000
    )

    jwt_public_key: Pem | None = setting(
        "The key or keys that verify tokens: PEM text or the path of a PEM file. Unset: a development key of the"
        " embedded data folder.",
        None,
        repr=False,
    )
    jwt_issuer: str | None = setting("The `iss` of tokens; required with JWT_PUBLIC_KEY.", None)
    jwt_audience: str | None = setting("The `aud` of tokens; required with JWT_PUBLIC_KEY.", None)
    jwt_algorithms: Annotated[tuple[Algorithm, ...], *LISTED] = setting(
        "The signature algorithms that are accepted, with commas between.", ("EdDSA", "ES256", "RS256"), min_length=1
    )
    jwt_max_lifetime_seconds: int | None = setting(
        "The longest life of a token, `exp` - `iat`. Unset: an hour with JWT_PUBLIC_KEY, else a day.",
        None,
        ge=1,
        le=31_536_000,
    )
    jwt_leeway_seconds: int = setting("By how much the clock of the token's issuer may be off.", 10, ge=0, le=30)

    cursor_secret: str | None = setting(
        "What cursors are sealed with; the same for all processes of a deployment. Unset: one of the data folder.",
        None,
        min_length=16,
        repr=False,
    )
    page_size_default: int = setting("Rows of a page where the operation does not say.", 50, ge=1)
    page_size_max: int = setting("Rows that an operation may ask for in a page.", 1000, ge=1, le=100_000)
    request_timeout_seconds: float = setting(
        "Seconds after which an operation is given up and its statements cancelled.", 30.0, gt=0, le=3600
    )

    body_limit_bytes: int = setting("The largest body of a request.", 1_048_576, ge=1024)
    header_limit_bytes: int = setting("The largest head of a request: first line and all headers.", 32_768, ge=1024)
    header_limit_count: int = setting("Headers that a request may have.", 100, ge=10)
    receive_timeout_seconds: float = setting(
        "Seconds that a client may take to send a request's head, and again for its body.", 10.0, gt=0, le=3600
    )
    send_timeout_seconds: float = setting(
        "Seconds that a client may leave a response that waits for it unread.", 30.0, gt=0, le=3600
    )
    keep_alive_seconds: int = setting("Seconds that a connection stays open between two requests.", 65, ge=0)
    connection_limit: int = setting("Connections at a time; requests on further ones are answered 503.", 2000, ge=1)
    connection_limit_per_address: int = setting(
        "Connections at a time of one client address; those of TRUSTED_PROXIES don't count.", 500, ge=1
    )
    trusted_proxies: Annotated[tuple[Network, ...], *LISTED] = setting(
        "Addresses or networks of proxies whose X-Forwarded-For and -Proto are believed, with commas between.", ()
    )
    shutdown_delay_seconds: float = setting(
        "Seconds of a stop in which /readyz already says no and requests are still taken.", 0.0, ge=0, le=600
    )
    shutdown_grace_seconds: int = setting(
        "Seconds of a stop in which the requests that are running may finish.", 25, ge=0, le=600
    )

    log_level: Literal["debug", "info", "warning", "error"] = setting(
        "What is logged; `debug` includes the messages of faults, which may quote data.", "info"
    )
    log_format: Literal["auto", "json", "console"] = setting(
        "How it is logged; `auto` is `console` on a terminal and `json` elsewhere.", "auto"
    )
    access_log: bool = setting("Whether each request leaves a line in the log.", True)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.page_size_default > self.page_size_max:
            raise ValueError("GATEWAY_PAGE_SIZE_DEFAULT is above GATEWAY_PAGE_SIZE_MAX")
        if self.database_pool_min > self.database_pool_max:
            raise ValueError("GATEWAY_DATABASE_POOL_MIN is above GATEWAY_DATABASE_POOL_MAX")
        if self.admin_database_url and not self.database_url:
            raise ValueError("GATEWAY_ADMIN_DATABASE_URL needs GATEWAY_DATABASE_URL, which is not set")
        return self

    @classmethod
    def load(cls) -> Self:
        """Read the environment; raise `StartError` that names every unknown name and bad value in it."""
        problems = [_unknown(name) for name in sorted(os.environ) if _is_unknown(name)]
        try:
            settings = cls()
        except ValidationError as error:
            problems += [_bad_value(fault["loc"], fault["msg"]) for fault in error.errors()]
        if problems:
            raise StartError("; ".join(problems))
        return settings

    @property
    def is_embedded(self) -> bool:
        """Whether the database is one of the gateway's own."""
        return self.database_url is None

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the gateway."""
        try:
            return self.host == "localhost" or ip_address(self.host).is_loopback
        except ValueError:
            return False


def variable(field: str) -> str:
    """Return the environment variable of a setting."""
    return PREFIX + field.upper()


def _is_unknown(name: str) -> bool:
    return name.startswith(PREFIX) and name.removeprefix(PREFIX).lower() not in Settings.model_fields


def _unknown(name: str) -> str:
    known = [variable(field) for field in Settings.model_fields]
    nearest = get_close_matches(name, known, n=1, cutoff=0)
    return f"{name} is no setting: did you mean {nearest[0]}?"


def _bad_value(location: tuple[int | str, ...], message: str) -> str:
    reason = message.removeprefix("Value error, ").replace("Input should be", "should be")
    if not location:
        return reason
    name = variable(str(location[0]))
    given = _shown(str(location[0]), os.environ.get(name, ""))
    return f"{name}{given}: {reason}"


def _shown(field: str, value: str) -> str:
    return f"={value[:60]!r}" if value and Settings.model_fields[field].repr else ""
