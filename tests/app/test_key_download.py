"""Fetching key sets: from a real server, well-behaved and not."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from jwt.algorithms import OKPAlgorithm
from starlette.types import Receive, Scope, Send

from app.identity import configured_verifier
from app.key_download import MAX_BYTES, download_from
from app.settings import Settings
from security.key_server import KeyServerFailed
from security.tokens import InvalidToken
from tests.app.serving import serving

KEY = ed25519.Ed25519PrivateKey.generate()


class KeyServerApp:
    """Answers every address with one body."""

    def __init__(self, body: bytes, status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = ()) -> None:
        self.body = body
        self.status = status
        self.headers = headers
        self.paths: list[str] = []
        self.delay = 0.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.paths.append(scope["path"])
        await asyncio.sleep(self.delay)
        await send({"type": "http.response.start", "status": self.status, "headers": list(self.headers)})
        await send({"type": "http.response.body", "body": self.body})


def published(key: ed25519.Ed25519PrivateKey, name: str = "k") -> bytes:
    return json.dumps({"keys": [OKPAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": name}]}).encode()


@contextmanager
def key_server(app: KeyServerApp) -> Iterator[str]:
    with serving(app) as url:
        yield f"{url}/keys"


async def test_the_set_is_fetched() -> None:
    with key_server(KeyServerApp(published(KEY))) as url:
        assert await download_from(url)() == published(KEY)


@pytest.mark.parametrize(
    ("app", "reason"),
    [
        (KeyServerApp(b"{}", 500), "500"),
        (KeyServerApp(b"{}", 404), "404"),
        (KeyServerApp(b"", 302, ((b"location", b"/elsewhere"),)), "302"),
        (KeyServerApp(b"x" * (MAX_BYTES + 1)), "bytes"),
    ],
)
async def test_what_is_no_plain_answer_is_refused(app: KeyServerApp, reason: str) -> None:
    with key_server(app) as url, pytest.raises(KeyServerFailed, match=reason):
        await download_from(url)()
    assert app.paths == ["/keys"]


async def test_a_server_that_is_not_there_or_slow_is_given_up() -> None:
    with pytest.raises(KeyServerFailed, match="Connect"):
        await download_from("http://127.0.0.1:1/keys")()
    slow = KeyServerApp(b"{}")
    slow.delay = 2
    begin = time.monotonic()
    with key_server(slow) as url:
        with pytest.raises(KeyServerFailed, match="within"):
            await download_from(url, seconds=0.2)()
        assert time.monotonic() - begin < 1.5


async def test_tokens_are_verified_with_published_keys_and_nothing_else_is_asked(tmp_path: object) -> None:
    app = KeyServerApp(published(KEY))
    stranger = KeyServerApp(published(KEY))
    with key_server(app) as url, key_server(stranger) as other:
        verifier = configured_verifier(Settings(jwks_url=url, jwt_issuer="i", jwt_audience="a"))
        now = int(time.time())
        claims = {"iss": "i", "aud": "a", "sub": "s", "roles": ["admin"], "iat": now, "exp": now + 60}
        assert (await verifier.verify(jwt.encode(claims, KEY, "EdDSA", {"kid": "k"}))).subject == "s"
        foreign = ed25519.Ed25519PrivateKey.generate()
        for headers in ({"kid": other}, {"kid": "k", "jku": other, "x5u": other}, {"kid": f"../../{other}"}):
            with pytest.raises(InvalidToken):
                await verifier.verify(jwt.encode(claims, foreign, "EdDSA", headers))
    assert app.paths == ["/keys"]
    assert stranger.paths == []
