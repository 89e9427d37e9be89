"""The worker's own small HTTP server: `/metrics` for Prometheus, `/status` as JSON."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app

Respond = Callable[..., Any]
_JSON: Final = ("Content-Type", "application/json")


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _Quiet(WSGIRequestHandler):
    def log_message(self, _format: str, *_values: object) -> None:
        """Log no request."""


@contextmanager
def reporting(
    registry: CollectorRegistry, status: Callable[[], Mapping[str, object]], host: str, port: int
) -> Iterator[str]:
    """Serve metrics and status for the time of the block; give the URL. OSError when the address can't be had."""
    metrics = make_wsgi_app(registry)

    def answer(environment: dict[str, Any], respond: Respond) -> Iterable[bytes]:
        match environment["PATH_INFO"]:
            case "/metrics":
                found: Iterable[bytes] = metrics(environment, respond)
                return found
            case "/status":
                respond("200 OK", [_JSON])
                return [json.dumps(status()).encode()]
            case _:
                respond("404 Not Found", [_JSON])
                return [b"{}"]

    with make_server(host, port, answer, _Server, _Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, name="reporting", daemon=True)
        thread.start()
        try:
            yield f"http://{host}:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
