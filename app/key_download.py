"""Fetching the key set of GATEWAY_JWKS_URL."""

import asyncio
from typing import Final

import httpx

from security.key_server import Fetch, KeyServerFailed

MAX_BYTES: Final = 262_144

_SECONDS: Final = 3.0
_OK: Final = 200


def download_from(url: str, *, seconds: float = _SECONDS) -> Fetch:
    """Return what fetches the key set of one address, within so many seconds.

    Redirects are not followed: the address is configuration, and where it leads is none of its server's business.
    """

    async def download() -> bytes:
        try:
            async with asyncio.timeout(seconds), httpx.AsyncClient(timeout=seconds) as client:
                return await _read(client, url)
        except TimeoutError:
            raise KeyServerFailed(f"no answer within {seconds:g} s") from None
        except httpx.HTTPError as error:
            raise KeyServerFailed(type(error).__name__) from None

    return download


async def _read(client: httpx.AsyncClient, url: str) -> bytes:
    headers = {"accept": "application/jwk-set+json, application/json", "accept-encoding": "identity"}
    async with client.stream("GET", url, headers=headers) as response:
        if response.status_code != _OK:
            raise KeyServerFailed(f"HTTP status {response.status_code}")
        content = b""
        # As it came: what is compressed could be a bomb.
        async for part in response.aiter_raw():
            content += part
            if len(content) > MAX_BYTES:
                raise KeyServerFailed(f"more than {MAX_BYTES} bytes")
        return content
