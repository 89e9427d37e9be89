"""TLS for serving without a proxy in front."""

import ssl
from pathlib import Path
from typing import Final

from app.errors import StartError
from app.settings import Settings

HANDSHAKE_SECONDS: Final = 10.0
"""How long a client may take to agree on keys."""

STRICT_TRANSPORT: Final = (b"strict-transport-security", b"max-age=31536000")
"""Told to browsers (RFC 6797): for a year come back by https only."""


def server_context(settings: Settings) -> ssl.SSLContext | None:
    """Return how connections are encrypted, or None where they are not; StartError for files of no use.

    TLS 1.3 only: every browser and client library of the last years speaks it, and it leaves no weak cipher to choose.
    """
    if settings.tls_certificate is None or settings.tls_key is None:
        return None
    for name, path in (("CERTIFICATE", settings.tls_certificate), ("KEY", settings.tls_key)):
        _check_readable(f"GATEWAY_TLS_{name}", path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.set_alpn_protocols(["http/1.1"])
    try:
        # A key with a password would ask for it on the terminal.
        context.load_cert_chain(settings.tls_certificate, settings.tls_key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        raise StartError(
            "GATEWAY_TLS_CERTIFICATE and GATEWAY_TLS_KEY are no PEM files of a certificate and its key without a"
            f" password ({_reason(error)})"
        ) from None
    return context


def _check_readable(name: str, path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as error:
        raise StartError(f"{name}: {path} can't be read: {error.strerror}") from None


def _no_password() -> str:
    raise ValueError("the key has a password")


def _reason(error: ssl.SSLError | ValueError) -> str:
    return (error.reason or "unreadable") if isinstance(error, ssl.SSLError) else str(error)
