"""The key server: rotation, storms, and a server that is down."""

import asyncio
import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from jwt.algorithms import OKPAlgorithm

from security.errors import Unavailable
from security.key_server import KeyServer, KeyServerFailed, Patience

PATIENCE = Patience(max_age=300, grace=900, pause=10)
OLD = Ed25519PrivateKey.generate().public_key()
NEW = Ed25519PrivateKey.generate().public_key()


class Clock:
    """The time of `security.key_server`, which only tests move."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr("security.key_server.monotonic", found)
    return found


class Issuer:
    """A key server: what it publishes, whether it answers, and how often it was asked."""

    def __init__(self, **keys: Ed25519PublicKey) -> None:
        self.keys = keys
        self.is_down = False
        self.asked = 0
        self.holds: asyncio.Event | None = None

    async def fetch(self) -> bytes:
        self.asked += 1
        if self.holds is not None:
            await self.holds.wait()
        if self.is_down:
            raise KeyServerFailed("down")
        entries = [
            OKPAlgorithm.to_jwk(key, as_dict=True) | ({"kid": name} if name != "unnamed" else {})
            for name, key in self.keys.items()
        ]
        return json.dumps({"keys": entries}).encode()


async def settle() -> None:
    """Let a fetch that nobody waits for come to its end."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_keys_of_a_name_are_given_and_fetched_once(clock: Clock) -> None:
    issuer = Issuer(old=OLD, new=NEW)
    server = KeyServer(issuer.fetch, PATIENCE)
    assert await server.candidates("old", "EdDSA") == [OLD]
    assert await server.candidates("new", "EdDSA") == [NEW]
    assert await server.candidates(None, "EdDSA") == [OLD, NEW]
    assert await server.candidates("old", "RS256") == []
    assert issuer.asked == 1


async def test_keys_without_a_name_may_be_anyones(clock: Clock) -> None:
    server = KeyServer(Issuer(unnamed=OLD).fetch, PATIENCE)
    assert await server.candidates("whatever", "EdDSA") == [OLD]


async def test_a_new_key_is_found_by_its_name(clock: Clock) -> None:
    issuer = Issuer(old=OLD)
    server = KeyServer(issuer.fetch, PATIENCE)
    assert await server.candidates("old", "EdDSA") == [OLD]
    issuer.keys = {"old": OLD, "new": NEW}
    clock.now += 11
    assert await server.candidates("new", "EdDSA") == [NEW]
    assert await server.candidates("old", "EdDSA") == [OLD]
    assert issuer.asked == 2


async def test_beside_a_key_without_a_name_a_new_one_is_found_without_anybody_waiting(clock: Clock) -> None:
    issuer = Issuer(unnamed=OLD)
    server = KeyServer(issuer.fetch, PATIENCE)
    assert await server.candidates("new", "EdDSA") == [OLD]
    issuer.keys = {"unnamed": OLD, "new": NEW}
    clock.now += 11
    issuer.holds = asyncio.Event()
    assert await server.candidates("new", "EdDSA") == [OLD]
    issuer.holds.set()
    await settle()
    assert await server.candidates("new", "EdDSA") == [OLD, NEW]
    assert issuer.asked == 2


async def test_a_removed_key_ends_with_the_age_of_the_set(clock: Clock) -> None:
    issuer = Issuer(old=OLD, new=NEW)
    server = KeyServer(issuer.fetch, PATIENCE)
    assert await server.candidates("old", "EdDSA") == [OLD]
    issuer.keys = {"new": NEW}
    clock.now += 301
    assert await server.candidates("old", "EdDSA") == []
    assert await server.candidates("new", "EdDSA") == [NEW]


async def test_made_up_names_make_no_storm(clock: Clock) -> None:
    issuer = Issuer(old=OLD)
    server = KeyServer(issuer.fetch, PATIENCE)
    for number in range(1000):
        assert await server.candidates(f"made up {number}", "EdDSA") == []
    assert issuer.asked == 1
    clock.now += 11
    await asyncio.gather(*(server.candidates(f"again {number}", "EdDSA") for number in range(1000)))
    assert issuer.asked == 2


async def test_an_endless_name_is_not_asked_for(clock: Clock) -> None:
    issuer = Issuer(old=OLD)
    server = KeyServer(issuer.fetch, PATIENCE)
    await server.candidates("old", "EdDSA")
    clock.now += 11
    assert await server.candidates("x" * 201, "EdDSA") == []
    assert issuer.asked == 1


async def test_those_who_come_at_once_share_a_fetch_and_one_who_leaves_does_not_end_it(clock: Clock) -> None:
    issuer = Issuer(old=OLD)
    issuer.holds = asyncio.Event()
    server = KeyServer(issuer.fetch, PATIENCE)
    waiting = [asyncio.create_task(server.candidates("old", "EdDSA")) for _ in range(100)]
    await settle()
    waiting[0].cancel()
    await settle()
    issuer.holds.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert results[1:] == [[OLD]] * 99
    assert issuer.asked == 1


async def test_a_fetch_that_takes_long_is_not_begun_again(clock: Clock) -> None:
    issuer = Issuer(old=OLD)
    issuer.holds = asyncio.Event()
    server = KeyServer(issuer.fetch, PATIENCE)
    first = asyncio.create_task(server.candidates("old", "EdDSA"))
    await settle()
    clock.now += 11
    second = asyncio.create_task(server.candidates("old", "EdDSA"))
    await settle()
    issuer.holds.set()
    assert [*await asyncio.gather(first, second)] == [[OLD], [OLD]]
    assert issuer.asked == 1


async def test_at_half_of_their_age_keys_are_asked_for_and_nobody_waits(clock: Clock) -> None:
    issuer = Issuer(old=OLD)
    server = KeyServer(issuer.fetch, PATIENCE)
    await server.candidates("old", "EdDSA")
    issuer.keys = {"old": NEW}
    issuer.holds = asyncio.Event()
    clock.now += 151
    assert await server.candidates("old", "EdDSA") == [OLD]
    issuer.holds.set()
    await settle()
    assert await server.candidates("old", "EdDSA") == [NEW]
    assert issuer.asked == 2


async def test_while_the_server_is_down_keys_serve_for_the_grace_and_then_nothing_is_believed(clock: Clock) -> None:
    issuer = Issuer(old=OLD)
    server = KeyServer(issuer.fetch, PATIENCE)
    await server.candidates("old", "EdDSA")
    issuer.is_down = True
    for _ in range(100):
        clock.now += 11
        assert await server.candidates("old", "EdDSA") == [OLD]
    clock.now += 101
    with pytest.raises(Unavailable):
        await server.candidates("old", "EdDSA")
    issuer.is_down = False
    clock.now += 11
    assert await server.candidates("old", "EdDSA") == [OLD]


async def test_a_fault_that_nobody_foresaw_is_a_failure_too(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail() -> bytes:
        raise LookupError

    issuer = Issuer(old=OLD)
    server = KeyServer(issuer.fetch, PATIENCE)
    await server.candidates("old", "EdDSA")
    monkeypatch.setattr(server, "_fetch", fail)
    clock.now += PATIENCE.max_age + 1
    assert await server.candidates("old", "EdDSA") == [OLD]


async def test_a_dead_server_is_asked_once_in_a_while_and_keeps_nobody_waiting(clock: Clock) -> None:
    issuer = Issuer(old=OLD)
    issuer.is_down = True
    server = KeyServer(issuer.fetch, PATIENCE)
    for _ in range(1000):
        with pytest.raises(Unavailable):
            await server.candidates("old", "EdDSA")
    assert issuer.asked == 1
    clock.now += 11
    issuer.is_down = False
    assert await server.candidates("old", "EdDSA") == [OLD]


async def test_a_set_without_keys_is_a_failure_and_not_the_end_of_those_there_are(clock: Clock) -> None:
    issuer = Issuer(old=OLD)
    server = KeyServer(issuer.fetch, PATIENCE)
    await server.candidates("old", "EdDSA")
    issuer.keys = {}
    clock.now += 301
    assert await server.candidates("old", "EdDSA") == [OLD]
