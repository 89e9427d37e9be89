"""The addresses under `/graphql/explorer/`: the explorer's files and, where there are any, demo tokens."""

import mimetypes
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from app.explorer.demo import DemoToken, demo_tokens_route
from app.explorer.headers import SECURITY_HEADERS
from app.explorer.location import LIVE

PREFIX: Final = "/graphql/explorer"

# Names that the build makes. Without slashes, and without a leading dot, none of them leaves its folder.
ASSET_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*")

# The machine's own tables may know other types, which a browser told not to guess would refuse to run.
MEDIA_TYPES: Final = mimetypes.MimeTypes()
MEDIA_TYPES.add_type("text/javascript", ".js")
MEDIA_TYPES.add_type("font/ttf", ".ttf")


def explorer_routes(demo_tokens: Callable[[], Sequence[DemoToken]] | None, live: Path = LIVE) -> list[BaseRoute]:
    """Return the routes of the explorer; `demo_tokens` is None where no one may sign in by picking a role."""

    def asset(request: Request) -> Response:
        return _asset(request, live / "assets")

    routes: list[BaseRoute] = [Route(f"{PREFIX}/assets/{{name}}", asset)]
    if demo_tokens is not None:
        routes.append(demo_tokens_route(f"{PREFIX}/demo-tokens", demo_tokens))
    return routes


def _asset(request: Request, folder: Path) -> Response:
    name = request.path_params["name"]
    if not ASSET_NAME.fullmatch(name) or name.endswith(".gz") or not (folder / name).is_file():
        return PlainTextResponse("Not found", 404, headers={**SECURITY_HEADERS, "Cache-Control": "no-store"})
    media_type = MEDIA_TYPES.guess_type(name)[0] or "application/octet-stream"
    # The name holds a hash of the content: what it means never changes.
    headers = {**SECURITY_HEADERS, "Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    compressed = folder / f"{name}.gz"
    if _takes_gzip(request.headers.get("accept-encoding", "")) and compressed.is_file():
        return FileResponse(compressed, media_type=media_type, headers={**headers, "Content-Encoding": "gzip"})
    return FileResponse(folder / name, media_type=media_type, headers=headers)


def _takes_gzip(accepted: str) -> bool:
    """Read an Accept-Encoding header; a coding with the weight 0 is refused."""
    for offer in accepted.lower().split(","):
        coding, _, weight = offer.partition(";")
        if coding.strip() in {"gzip", "*"}:
            return not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight)
    return False
