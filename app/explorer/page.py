"""The page that a browser gets at the GraphQL endpoint."""

from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from app.explorer.headers import SECURITY_HEADERS
from app.explorer.location import LIVE, is_built

NOT_BUILT: Final = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Cienty gateway</title>
    <style>body { max-width: 40em; margin: 4em auto; padding: 0 1em; font: 16px/1.5 system-ui, sans-serif }</style>
  </head>
  <body>
    <h1>Cienty gateway</h1>
    <p>The gateway runs and answers <code>POST /graphql</code>. Its explorer for browsers is not built yet.</p>
    <p>Build it with <code>python -m app.explorer.build</code> in the gateway's checkout and load this page again;
    the gateway need not be restarted.</p>
  </body>
</html>
"""


def explorer_page(_request: Request, live: Path = LIVE) -> Response:
    """Return the explorer, or with status 503 a page that tells how to build it."""
    # The same address answers programs with JSON: no cache may mix them up.
    headers = {**SECURITY_HEADERS, "Vary": "Accept"}
    if not is_built(live):
        return HTMLResponse(NOT_BUILT, 503, headers={**headers, "Cache-Control": "no-store"})
    page = (live / "index.html").read_bytes()
    return HTMLResponse(page, headers={**headers, "Cache-Control": "no-cache"})
