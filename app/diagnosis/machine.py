"""The parts that are no servers: Python, tokens, the explorer and the port."""

import asyncio
import http.client
import platform
import sys
from importlib.metadata import version

from app.diagnosis.finding import Facts, Finding, Health, problem
from app.errors import StartError
from app.explorer.build import is_current
from app.explorer.location import PROJECT, is_built
from app.identity import configured_verifier
from app.key_download import download_from
from app.server import bind
from app.settings import Settings
from security.key_server import KeyServerFailed
from security.key_sets import read_key_set
from security.keys import UnusableKey

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
    if settings.is_own_issuer:
        text = "signed with a development key of the data folder: `gateway token`"
        facts = {"key": "development"}
        if settings.is_embedded:
            return Finding("tokens", Health.OK, text, facts=facts)
        return Finding("tokens", Health.NOTE, text, "set GATEWAY_JWT_PUBLIC_KEY to serve others than yourself", facts)
    try:
        configured_verifier(settings)
        if settings.jwks_url is not None:
            read_key_set(asyncio.run(download_from(settings.jwks_url)()))
    except StartError as error:
        return problem("tokens", error)
    except (KeyServerFailed, UnusableKey) as error:
        return problem("tokens", f"GATEWAY_JWKS_URL gives no keys: {error}", "correct the address, or mend its server")
    text = f"signed by {settings.jwt_issuer}, for {settings.jwt_audience}"
    return Finding("tokens", Health.OK, text, facts={"key": "configured", "issuer": settings.jwt_issuer})


def look_at_cursors(settings: Settings) -> Finding:
    """Tell what seals cursors, which all processes of a deployment must have in common."""
    if settings.cursor_secret is not None:
        return Finding("cursors", Health.OK, "sealed with the configured secret", facts={"key": "configured"})
    text, facts = "sealed with a key of the data folder", {"key": "data folder"}
    if settings.is_embedded:
        return Finding("cursors", Health.OK, text, facts=facts)
    return Finding("cursors", Health.NOTE, text, "set GATEWAY_CURSOR_SECRET where several processes serve", facts)


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
    facts: Facts = {"host": settings.host, "port": settings.port, "serving": False}
    try:
        bind(settings).close()
    except StartError as error:
        if not _is_gateway(settings):
            return Finding("port", Health.PROBLEM, str(error), facts=facts)
        text = f"a gateway serves on port {settings.port} of {settings.host}"
        return Finding("port", Health.OK, text, facts={**facts, "serving": True})
    port = f"port {settings.port} of" if settings.port else "some port of"
    return Finding("port", Health.OK, f"{port} {settings.host} is free", facts=facts)


def _is_gateway(settings: Settings) -> bool:
    """Whether what listens there answers as a gateway does."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104  # asked, not served
    connection = http.client.HTTPConnection(here, settings.port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
