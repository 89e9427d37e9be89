"""The words in which settings are declared."""

from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_settings import NoDecode


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _url(*schemes: str) -> AfterValidator:
    def check(value: str) -> str:
        if urlsplit(value).scheme not in schemes:
            raise ValueError(f"must start with {' or '.join(f'{scheme}://' for scheme in schemes)}")
        return value

    return AfterValidator(check)


def _key_server(value: str) -> str:
    """Return an address over which keys can be fetched: TLS, except within this machine."""
    url = urlsplit(value)
    if url.scheme == "http" and is_loopback(url.hostname or ""):
        return value
    if url.scheme != "https" or not url.hostname:
        raise ValueError("must start with https:// (http:// only to a loopback address)")
    return value


def _origin(value: str) -> str:
    """Return an origin as browsers write it: `https://app.example`, with the port where it is another than usual."""
    url = urlsplit(value)
    plain = f"{url.scheme}://{url.netloc}"
    if (
        url.scheme not in {"http", "https"}
        or not url.hostname
        or url.username
        or value != plain
        or value.lower() != value
    ):
        raise ValueError(f"{value!r} is no origin such as https://app.example (in small letters, without a path)")
    return value


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


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach the host."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


Folder = Annotated[Path, AfterValidator(_folder)]
KeyServerUrl = Annotated[str, AfterValidator(_key_server)]
Origin = Annotated[str, AfterValidator(_origin)]
File = Annotated[Path, AfterValidator(_folder)]
Network = Annotated[str, AfterValidator(_network)]
Pem = Annotated[str, AfterValidator(_pem)]
PostgresUrl = Annotated[str, _url("postgresql", "postgres")]
RedisUrl = Annotated[str, _url("redis", "rediss", "unix")]
WarehouseUrl = Annotated[str, _url("duckdb", "bigquery")]
LISTED: Final = (NoDecode, BeforeValidator(_split))
"""A list in one variable, with commas between."""


def setting(description: str, default: object, **details: Any) -> Any:
    """Declare a setting; `repr=False` keeps its value, which may hold a password, out of messages and logs."""
    return Field(default, description=description, validate_default=True, **details)
