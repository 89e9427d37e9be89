"""The parts that are no servers: Python, tokens, the explorer and the port."""

import errno
import http.client
import platform
import socket
import sys
from importlib.metadata import version

from app.diagnosis.finding import Facts, Finding, Health, problem
from app.errors import StartError
from app.explorer.build import is_current
from app.explorer.location import PROJECT, is_built
from app.identity import configured_verifier
from app.settings import Settings, variable

_PATIENCE = 2.0


def look_at_machine() -> list[Finding]:
    """Tell the versions of the gateway and of what executes it."""
    gateway, python = version("cienty-gateway"), platform.python_version()
    system = f"{platform.system()} {platform.machine()}"
    return [
        Finding("gateway", Health.OK, gateway, facts={"version": gateway}),
        Finding(
            "python",
            Health.OK,
            f"{python} on {system}, in {sys.prefix}",
            facts={"version": python, "system": system, "prefix": sys.prefix},
        ),
    ]


def look_at_tokens(settings: Settings) -> Finding:
    """Tell whose tokens are believed, and whether their keys can be used."""
    if settings.jwt_public_key is None:
        text = "a development key of the data folder: `gateway token` signs with it"
        return Finding("tokens", Health.OK, text, facts={"key": "development"})
    try:
        configured_verifier(settings)
    except StartError as error:
        return problem("tokens", error)
    text = f"the keys of {settings.jwt_issuer}, for {settings.jwt_audience}"
    return Finding("tokens", Health.OK, text, facts={"key": "configured", "issuer": settings.jwt_issuer})


def look_at_explorer() -> Finding:
    """Tell whether there is an explorer, and whether it is that of these sources."""
    facts = {"built": is_built()}
    if not is_built():
        text = "not built: browsers get no GraphiQL, all else works"
        return Finding("explorer", Health.NOTE, text, "run `make explorer`", facts)
    if (PROJECT / "package-lock.json").is_file() and not is_current():
        return Finding("explorer", Health.NOTE, "older than its sources", "run `make explorer`", facts)
    return Finding("explorer", Health.OK, "built", facts=facts)


def look_at_port(settings: Settings) -> Finding:
    """Tell whether `gateway serve` could listen, or already does."""
    host, port = settings.host, settings.port
    address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    facts: Facts = {"host": host, "port": port, "serving": False}
    if port == 0:
        return Finding("port", Health.OK, f"any free one of {host}", facts=facts)
    try:
        _listen(host, port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE and _is_gateway(host, port):
            return Finding("port", Health.OK, f"a gateway serves on {address}", facts={**facts, "serving": True})
        return Finding("port", Health.PROBLEM, *_refusal(address, error), facts)
    return Finding("port", Health.OK, f"{address} is free", facts=facts)


def _listen(host: str, port: int) -> None:
    """Listen for a moment, as a server would."""
    [(family, kind, protocol, _, address), *_] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    with socket.socket(family, kind, protocol) as probe:
        # A server's own option: without it a port is taken for a minute after its last use.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen(1)


def _refusal(address: str, error: OSError) -> tuple[str, str]:
    """Return what is wrong with an address and what to do about it."""
    if error.errno == errno.EADDRINUSE:
        return f"{address} is taken by another program", f"stop that one, or set {variable('port')} to another port"
    if error.errno == errno.EACCES:
        return f"this user may not listen on {address}", f"set {variable('port')} to one above 1023"
    return f"nothing can listen on {address}: {error.strerror}", f"set {variable('host')} to an address of this machine"


def _is_gateway(host: str, port: int) -> bool:
    """Whether what listens there answers as a gateway does."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104  # compared, not listened on
    connection = http.client.HTTPConnection(here, port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
