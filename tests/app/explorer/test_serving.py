"""What the explorer's addresses answer, and to whom."""

import gzip
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from app.explorer import DemoToken, explorer_page, explorer_routes, is_built
from app.explorer.headers import CONTENT_SECURITY_POLICY

SCRIPT = "console.log('explorer')\n" * 50
SECURE = {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
LOCAL = ("127.0.0.1", 50000)


@pytest.fixture
def live(tmp_path: Path) -> Path:
    live = tmp_path / "live"
    assets = live / "assets"
    assets.mkdir(parents=True)
    (live / "index.html").write_text("<title>Cienty gateway</title>")
    (live / "stamp").write_text("0")
    (assets / "index-a1B2_c3.js").write_text(SCRIPT)
    (assets / "index-a1B2_c3.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (assets / "style-1.css").write_text("body {}")
    (assets / "codicon-2.ttf").write_bytes(b"\0\1\0\0")
    (assets / ".hidden.js").write_text("secret")
    (tmp_path / "secret.txt").write_text("secret")
    return live


def demo_tokens() -> list[DemoToken]:
    return [DemoToken("admin", "Sees everything", "a.b.c")]


def client(
    live: Path,
    tokens: Callable[[], Sequence[DemoToken]] | None = None,
    peer: tuple[str, int] = LOCAL,
    host: str = "127.0.0.1:8000",
) -> httpx.AsyncClient:
    page = Route("/graphql", lambda request: explorer_page(request, live))
    app = Starlette(routes=[page, *explorer_routes(tokens, live)])
    transport = httpx.ASGITransport(app, client=peer)
    return httpx.AsyncClient(transport=transport, base_url=f"http://{host}", headers={"Accept-Encoding": "identity"})


async def test_the_page_is_checked_at_each_visit_and_not_mixed_up_with_json(live: Path) -> None:
    async with client(live) as http:
        page = await http.get("/graphql", headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert page.text == "<title>Cienty gateway</title>"
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    assert page.headers["vary"] == "Accept"
    assert SECURE.items() <= dict(page.headers).items()


async def test_without_a_build_the_page_says_how_to_make_one(tmp_path: Path) -> None:
    assert not is_built(tmp_path)
    async with client(tmp_path) as http:
        page = await http.get("/graphql", headers={"Accept": "text/html"})
    assert page.status_code == 503
    assert "python -m app.explorer.build" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert SECURE.items() <= dict(page.headers).items()


async def test_the_page_appears_once_it_is_built(live: Path) -> None:
    page = (live / "index.html").rename(live / "later.html")
    async with client(live) as http:
        assert (await http.get("/graphql")).status_code == 503
        page.rename(live / "index.html")
        assert (await http.get("/graphql")).status_code == 200


@pytest.mark.parametrize(
    ("name", "media_type"),
    [
        ("index-a1B2_c3.js", "text/javascript; charset=utf-8"),
        ("style-1.css", "text/css; charset=utf-8"),
        ("codicon-2.ttf", "font/ttf"),
    ],
)
async def test_assets_are_kept_for_good(live: Path, name: str, media_type: str) -> None:
    async with client(live) as http:
        asset = await http.get(f"/graphql/explorer/assets/{name}")
        head = await http.head(f"/graphql/explorer/assets/{name}")
    assert asset.status_code == head.status_code == 200
    assert asset.content == (live / "assets" / name).read_bytes()
    assert asset.headers["content-type"] == media_type
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert asset.headers["vary"] == "Accept-Encoding"
    assert SECURE.items() <= dict(asset.headers).items()


@pytest.mark.parametrize(
    ("accepted", "is_compressed"),
    [("gzip, br", True), ("br;q=1.0, GZIP;q=0.5", True), ("*", True), ("identity", False), ("gzip;q=0", False)],
)
async def test_assets_are_compressed_for_those_who_take_it(live: Path, accepted: str, is_compressed: bool) -> None:
    async with client(live) as http:
        asset = await http.get("/graphql/explorer/assets/index-a1B2_c3.js", headers={"Accept-Encoding": accepted})
    assert ("content-encoding" in asset.headers) is is_compressed
    assert asset.headers["content-type"] == "text/javascript; charset=utf-8"
    assert asset.text == SCRIPT


@pytest.mark.parametrize(
    "path",
    [
        "missing.js",
        ".hidden.js",
        "..%2fstamp",
        "..%2F..%2Fsecret.txt",
        "%2e%2e%2fstamp",
        "..%5cstamp",
        "..",
        ".",
        "",
        "%00",
        "index-a1B2_c3.js%00.css",
        "index-a1B2_c3.js.gz",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "..%252fstamp",
    ],
)
async def test_nothing_else_on_the_disk_is_served(live: Path, path: str) -> None:
    async with client(live) as http:
        answer = await http.get(f"/graphql/explorer/assets/{path}")
    assert answer.status_code == 404
    assert "secret" not in answer.text


async def test_a_browser_on_this_machine_gets_demo_tokens(live: Path) -> None:
    async with client(live, demo_tokens) as http:
        answer = await http.get("/graphql/explorer/demo-tokens")
    assert answer.json() == [{"role": "admin", "label": "Sees everything", "token": "a.b.c"}]
    assert answer.headers["cache-control"] == "no-store"
    assert SECURE.items() <= dict(answer.headers).items()


@pytest.mark.parametrize(
    ("peer", "host"),
    [
        (("192.0.2.7", 50000), "127.0.0.1:8000"),
        (("127.0.0.1", 50000), "rebound.example.org:8000"),
        (("::ffff:192.0.2.7", 50000), "localhost:8000"),
        (("unknown", 0), "localhost"),
    ],
)
async def test_nobody_else_gets_demo_tokens(live: Path, peer: tuple[str, int], host: str) -> None:
    async with client(live, demo_tokens, peer, host) as http:
        answer = await http.get("/graphql/explorer/demo-tokens")
    assert answer.status_code == 403
    assert "a.b.c" not in answer.text
    assert "paste a token" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
async def test_this_machine_has_several_names(live: Path, host: str) -> None:
    async with client(live, demo_tokens, ("::1", 50000), host) as http:
        assert (await http.get("/graphql/explorer/demo-tokens")).status_code == 200


async def test_nobody_behind_a_proxy_gets_demo_tokens(live: Path) -> None:
    async with client(live, demo_tokens) as http:
        answer = await http.get("/graphql/explorer/demo-tokens", headers={"X-Forwarded-For": "192.0.2.1"})
    assert answer.status_code == 403


async def test_production_has_no_demo_tokens(live: Path) -> None:
    async with client(live, None) as http:
        assert (await http.get("/graphql/explorer/demo-tokens")).status_code == 404
