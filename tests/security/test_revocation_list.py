"""The list of revocations in a real Valkey, and keeping in step with it."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from app.embedded import Stack
from security import revocation, revocation_list
from security.revocation import Revocations
from security.revocation_list import KEY, RevocationList, RevocationListFailed, _member
from security.revocation_watch import RevocationWatch
from tests.security.test_revocation import LATER, NOW, by_subject, by_token, token_of


@pytest.fixture
async def redis(stack: Stack) -> AsyncIterator[Redis]:
    client = Redis.from_url(stack.endpoints.redis_url)
    await client.delete(KEY)
    yield client
    await client.delete(KEY)
    await client.aclose()


@pytest.fixture
async def shared(stack: Stack, redis: Redis) -> AsyncIterator[RevocationList]:
    found = RevocationList.at(stack.endpoints.redis_url)
    yield found
    await found.close()


async def test_what_is_added_is_listed_and_changes_the_version(shared: RevocationList) -> None:
    assert await shared.version() is None
    assert await shared.entries() == []
    await shared.add([by_token("a"), by_subject("ana")])
    first = await shared.version()
    assert set(await shared.entries()) == {by_token("a"), by_subject("ana")}
    await shared.add([])
    assert await shared.version() == first
    await shared.add([by_token("b")])
    assert await shared.version() not in {None, first}


async def test_the_list_says_no_names_and_ends_with_its_last_entry(shared: RevocationList, redis: Redis) -> None:
    await shared.add([by_subject("ana@example.com", until=LATER)])
    await shared.add([by_token("a", until=LATER + 100)])
    await shared.add([by_token("b", until=LATER - 100)])
    assert not any("ana" in str(name) for name in await redis.hkeys(KEY))
    assert await redis.expiretime(KEY) == LATER + 100


async def test_entries_that_are_over_are_taken_out(shared: RevocationList, redis: Redis) -> None:
    await shared.add([by_token("a", until=LATER)])
    await redis.hset(KEY, "0" * 64, NOW - 10)
    assert await shared.entries() == [by_token("a")]
    await shared.add([by_token("b")])
    assert await redis.hlen(KEY) == 3


async def test_members_that_are_no_entries_are_passed_over(shared: RevocationList, redis: Redis) -> None:
    await shared.add([by_token("a")])
    await redis.hset(KEY, mapping={"x": "never", "y:z": str(LATER), b"\xff": b"\xff"})
    assert await shared.entries() == [by_token("a")]


# Keeping in step.


async def test_a_process_whose_clock_was_ahead_knows_what_is_revoked(
    shared: RevocationList, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, since = Revocations(), Revocations()
    watch = RevocationWatch(before, shared)
    await shared.add([by_token("a"), by_subject("ana")])
    await watch.look()
    with monkeypatch.context() as ahead:
        for module in (revocation, revocation_list):
            ahead.setattr(module, "time", lambda: LATER + 100, raising=False)
        await shared.add([by_token("b", until=LATER + 200)])
        await watch.look()
        await RevocationWatch(since, shared).look()
    for known in (before, since):
        assert known.has_revoked(token_of("a"))
        assert known.has_revoked(token_of())
    # Nor did it take anything out of the list.
    later = Revocations()
    await RevocationWatch(later, shared).look()
    assert later.has_revoked(token_of("a"))


async def test_what_is_over_in_the_list_is_forgotten(
    shared: RevocationList, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = Revocations()
    watch = RevocationWatch(known, shared)
    await shared.add([by_token("a"), by_token("b", until=LATER + 200)])
    await watch.look()
    await redis.hset(KEY, _member(by_token("a")), NOW - 10)
    await shared.add([by_token("c", until=LATER + 200)])
    monkeypatch.setattr(revocation, "time", lambda: LATER + 100)
    await watch.look()
    assert [known.has_revoked(token_of(name)) for name in "abc"] == [False, True, True]


async def test_what_another_process_revokes_is_known_at_the_next_look(shared: RevocationList) -> None:
    known = Revocations()
    watch = RevocationWatch(known, shared)
    before = known.is_current
    await watch.look()
    assert (before, known.is_current) == (False, True)
    await shared.add([by_token("a")])
    await watch.look()
    assert known.has_revoked(token_of("a"))


async def test_a_list_that_has_not_changed_is_not_read_again(shared: RevocationList) -> None:
    known = Revocations()
    watch = RevocationWatch(known, shared)
    await shared.add([by_token("a")])
    await watch.look()
    version = known.version
    for _ in range(3):
        await watch.look()
    assert known.version == version


async def test_a_list_that_redis_lost_is_written_again_by_who_knows_it(shared: RevocationList, redis: Redis) -> None:
    known, other = Revocations(), Revocations()
    watch, others_watch = RevocationWatch(known, shared), RevocationWatch(other, shared)
    await shared.add([by_token("a"), by_subject("ana")])
    await watch.look()
    await redis.delete(KEY)
    await watch.look()
    assert known.has_revoked(token_of("a"))
    await others_watch.look()
    assert other.has_revoked(token_of("a"))
    assert other.has_revoked(token_of())


@pytest.mark.parametrize("kind", ["refuses", "hangs"])
async def test_while_redis_is_gone_the_list_is_in_doubt_and_what_is_known_stays(
    shared: RevocationList, kind: str
) -> None:
    known = Revocations()
    await shared.add([by_token("a")])
    await RevocationWatch(known, shared).look()
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        if kind == "hangs":
            nobody.listen()
        gone = RevocationList.at(f"redis://127.0.0.1:{nobody.getsockname()[1]}/0")
        watch = RevocationWatch(known, gone)
        begin = time.monotonic()
        await watch.look()
        assert time.monotonic() - begin < 10
        assert not known.is_current
        assert known.has_revoked(token_of("a"))
        with pytest.raises(RevocationListFailed):
            await gone.add([by_token("b")])
        await gone.close()
    await RevocationWatch(known, shared).look()
    assert known.is_current


@pytest.mark.parametrize("fault", [RevocationListFailed("gone"), LookupError("nobody foresaw it")])
async def test_a_watch_whose_redis_goes_away_doubts_at_once(
    monkeypatch: pytest.MonkeyPatch, shared: RevocationList, fault: Exception
) -> None:
    async def fail() -> str | None:
        raise fault

    known = Revocations()
    watch = RevocationWatch(known, shared)
    await watch.look()
    seen = [known.is_current]
    with monkeypatch.context() as patched:
        patched.setattr(shared, "version", fail)
        await watch.look()
        seen.append(known.is_current)
    await watch.look()
    assert [*seen, known.is_current] == [True, False, True]


async def test_a_look_that_never_comes_is_doubt_too(monkeypatch: pytest.MonkeyPatch, shared: RevocationList) -> None:
    known = Revocations()
    await RevocationWatch(known, shared).look()
    now = time.monotonic()
    monkeypatch.setattr("security.revocation.monotonic", lambda: now + 6)
    assert not known.is_current


async def test_following_goes_on_by_itself(monkeypatch: pytest.MonkeyPatch, shared: RevocationList) -> None:
    monkeypatch.setattr("security.revocation_watch.INTERVAL", 0.02)
    known = Revocations()
    following = asyncio.create_task(RevocationWatch(known, shared).run())
    await shared.add([by_token("a")])
    for _ in range(500):
        await asyncio.sleep(0.01)
        if known.has_revoked(token_of("a")):
            break
    assert known.has_revoked(token_of("a"))
    following.cancel()
