"""Settings of serving: addresses, and what a client may take."""

from typing import Annotated

from pydantic_settings import BaseSettings

from app.settings.declaration import LISTED, File, Network, Origin, setting


class ServingSettings(BaseSettings):
    """Where to serve and how much a connection may ask for."""

    host: str = setting("The address to serve on; 0.0.0.0 for every one of the machine.", "127.0.0.1")
    port: int = setting("The TCP port to serve on; 0 takes a free one.", 8000, ge=0, le=65535)
    tls_certificate: File | None = setting(
        "PEM file of the certificate, with its chain, to serve by TLS 1.3 without a proxy; needs TLS_KEY.", None
    )
    tls_key: File | None = setting("PEM file of the certificate's key, without a password.", None)
    cors_origins: Annotated[tuple[Origin, ...], *LISTED] = setting(
        "Origins whose pages may ask the gateway from browsers, with commas between.", ()
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
        "Connections at a time of one client address, of IPv6 of one network of 64 bits; those of TRUSTED_PROXIES "
        "don't count.",
        500,
        ge=1,
    )
    request_limit_per_address: int | None = setting(
        "Requests a minute of one client address, of IPv6 of one network of 64 bits; 0 for no limit. Unset: 60000, or "
        "no limit where only this machine can ask.",
        None,
        ge=0,
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
