"""Tokens by role for the sign-in page of an embedded gateway."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from app.addresses import is_from_here
from app.explorer.headers import SECURITY_HEADERS

LOCAL_NAMES: Final = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class DemoToken:
    """A ready-made token for one role; `label` says in a few words who it stands for."""

    role: str
    label: str
    token: str


def demo_tokens_route(path: str, demo_tokens: Callable[[], Sequence[DemoToken]]) -> Route:
    """Give demo tokens to browsers on the gateway's own machine and to nobody else."""

    def answer(request: Request) -> Response:
        headers = {**SECURITY_HEADERS, "Cache-Control": "no-store"}
        if not _is_local(request):
            message = "Demo tokens are only given to a browser on the gateway's own machine: paste a token instead."
            return JSONResponse({"errors": [{"message": message}]}, 403, headers=headers)
        return JSONResponse([asdict(token) for token in demo_tokens()], headers=headers)

    return Route(path, answer)


def _is_local(request: Request) -> bool:
    """Whether both ends are this machine.

    The Host is checked too: a foreign page that has its own name resolved to this machine comes from a local
    address, but not under a local name.
    """
    return is_from_here(request) and request.url.hostname in LOCAL_NAMES
