"""Heads that came before: requests taken by them are answered as those that are parsed, whatever comes and how."""

import asyncio
import re
from time import monotonic
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.types import Receive, Scope, Send

from app import known_heads
from app.exchange import NOTES
from app.known_heads import KnownHeads
from tests.app.line import Line, post


def head_for_all_of(before: bytes) -> bytes:
    """Return a head whose length is that of these bytes and its own: as if it were the body of what is before it."""
    lengths = range(len(before), len(before) + 1000)
    return next(head for length in lengths if len(before + (head := post(b"", length=length))) == length)


GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST_CHUNK = b"0\r\n\r\n"
BODY = b" " * len(head_for_all_of(b""))
PAIRS = {
    "a GET and a head": GET + head_for_all_of(b""),
    "chunks and a head": CHUNKED + LAST_CHUNK + head_for_all_of(LAST_CHUNK),
    "the ends of lines and a head": b"\r\n\r\n" + head_for_all_of(b""),
    "two of each": GET + GET + head_for_all_of(GET),
}
"""Of each the last one's length is that of all behind the first one's head, and its body comes later."""
MESSAGES = {
    "a body": post(b"one"),
    "another of its length": post(b"two"),
    "a longer one": post(b"three"),
    "a slow one": post(b"slow"),
    "a body that looks like a request": post(GET),
    "one that says less than there is": post(b"one two", length=3),
    "one that says more than there is": post(b"o", length=3),
    "none": post(b""),
    "a GET": GET,
    "a GET with another token": GET.replace(b"\r\n\r\n", b"\r\nAuthorization: Bearer def\r\n\r\n"),
    "chunks": CHUNKED + b"3\r\none\r\n" + LAST_CHUNK,
    "the last one": post(b"one", b"Connection: close"),
    "one of HTTP/1.0": b"GET /healthz HTTP/1.0\r\n\r\n",
    "one of HTTP/1.0 that goes on": b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "one that waits to be asked for its body": post(b"one", b"Expect: 100-continue"),
    "an offer of another protocol": GET.replace(b"\r\n\r\n", b"\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"),
    "one with a body": post(b"one", b"Connection: upgrade", b"Upgrade: h2c"),
    "one whose body is a request": post(GET, b"Connection: upgrade", b"Upgrade: h2c"),
    "one with chunks": CHUNKED[:-2] + b"Connection: upgrade\r\nUpgrade: h2c\r\n\r\n3\r\none\r\n" + LAST_CHUNK,
    "a tunnel": b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a line's end": b"\r\n",
    "two of them": b"\r\n\r\n",
    "nonsense": b"NONSENSE\r\n\r\n",
    "no host": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two lengths": post(b"one", b"Content-Length: 3"),
    "a body for a head": BODY,
    "a GET with a body for a head": GET + BODY,
    **PAIRS,
}


async def answers(pieces: list[bytes]) -> tuple[bytes, bytes, int]:
    """Return what one connection answers, what one that knows no heads does, and how many the first one knew."""
    lines = Line(knows=True), Line(knows=False)
    for line in lines:
        await line.feed(*pieces)
    return await lines[0].end(), await lines[1].end(), lines[0].taken


async def later_answers(pieces: list[bytes]) -> tuple[bytes, bytes]:
    """Return what two connections answer to the same when the server has seen it all before on another one."""
    before = Line(knows=True)
    await before.feed(*pieces)
    await before.end()
    lines = Line(knows=True, beside=before), Line(knows=False)
    for line in lines:
        await line.feed(*pieces)
        await line.settle()
    assert lines[0].wire.is_closed == lines[1].wire.is_closed
    return await lines[0].end(), await lines[1].end()


MESSAGE = st.sampled_from(sorted(MESSAGES.values()))
# The usual ones more often, or nothing would be known.
USUAL = st.sampled_from([MESSAGES["a body"], MESSAGES["another of its length"], MESSAGES["a GET"]])


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(USUAL | USUAL | MESSAGE, st.booleans(), st.integers(0, 300)), max_size=12))
def test_they_are_answered_as_if_they_were_parsed(messages: list[tuple[bytes, bool, int]]) -> None:
    """Each message comes by itself or together with the next one, or in two pieces."""
    pieces, waiting = [], b""
    for message, is_by_itself, cut in messages:
        waiting += message
        if is_by_itself:
            pieces += [waiting]
            waiting = b""
        elif cut < len(waiting):
            pieces += [waiting[:cut]] if cut else []
            waiting = waiting[cut:]
    if waiting:
        pieces.append(waiting)
    known, parsed, _ = asyncio.run(answers(pieces))
    assert known == parsed
    known, parsed = asyncio.run(later_answers(pieces))
    assert known == parsed


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
async def test_so_they_are_on_another_connection(message: bytes) -> None:
    known, parsed = await later_answers([message])
    assert known == parsed


@pytest.mark.parametrize("name", ["a body", "a GET", "none"])
async def test_what_came_before_is_known(name: str) -> None:
    known, parsed, taken = await answers([MESSAGES[name]] * 5)
    assert known == parsed
    assert known.count(b"HTTP/1.1 200") == 5
    assert taken == 4


async def test_another_body_of_the_same_length_is_read() -> None:
    known, _, taken = await answers([MESSAGES["a body"], MESSAGES["another of its length"]])
    assert taken == 1
    assert known.index(b"b'one'") < known.index(b"b'two'")


@pytest.mark.parametrize(
    "after",
    ["chunks", "one that waits to be asked for its body", "two lengths", "one that says less than there is"],
)
async def test_what_frames_its_message_otherwise_is_parsed(after: str) -> None:
    known, parsed, taken = await answers([MESSAGES[after]] * 3)
    assert known == parsed
    assert taken == 0


async def test_nothing_is_known_in_the_middle_of_a_message() -> None:
    unfinished = post(b"", length=2 * len(MESSAGES["a body"]))
    known, parsed, taken = await answers([MESSAGES["a body"], unfinished, MESSAGES["a body"], MESSAGES["a body"]])
    assert known == parsed
    assert taken == 0


async def test_nor_in_the_middle_of_a_head() -> None:
    known, parsed, taken = await answers([GET, b"GET /healthz HTTP/1.1\r\nX: ", GET])
    assert known == parsed
    assert taken == 0


async def test_two_that_come_together_are_two_each_time() -> None:
    known, parsed, _ = await answers([GET + GET] * 3)
    assert known == parsed
    assert known.count(b"HTTP/1.1 200") == 6


async def test_the_end_of_a_body_is_no_part_of_the_head_behind_it() -> None:
    usual = MESSAGES["a body"]
    known, parsed, taken = await answers([usual[:-1], usual[-1:] + usual, usual[-1:] + usual])
    assert known == parsed
    assert (known.count(b"HTTP/1.1 200"), known.count(b"HTTP/1.1 400")) == (2, 1)
    assert taken == 0


async def test_while_one_is_answered_the_next_one_waits() -> None:
    line = Line(knows=True)
    await line.feed(MESSAGES["a slow one"], *[b""] * 20, MESSAGES["a body"], b"")
    for name in ("a slow one", "a body", "a slow one"):
        line.connection.data_received(MESSAGES[name])
    sent = await line.end()
    assert re.findall(rb"b.(slow|one).\)", sent) == [b"slow", b"one", b"slow", b"one", b"slow"]


async def test_the_first_request_of_a_connection_is_not_given_up_when_it_was_known() -> None:
    line = Line(knows=True)
    line.connection.known_heads.keep(post(b"one"), {**scope(), "path": "/", "headers": [(b"content-length", b"3")]})
    await line.feed(MESSAGES["a body"])
    assert line.taken == 1
    assert line.connection._deadline is None


async def test_a_full_server_says_so() -> None:
    line = Line(knows=True)
    await line.feed(MESSAGES["a body"])
    line.connection.limit_concurrency = 1
    await line.feed(MESSAGES["a body"])
    assert b"503 Service Unavailable" in await line.end()


async def test_who_waits_for_more_than_a_whole_message_learns_that_its_client_left() -> None:
    heard: list[str] = []

    async def listening(_scope: Scope, receive: Receive, _send: Send) -> None:
        heard.append((await receive())["type"])
        more = asyncio.ensure_future(receive())
        try:
            await asyncio.shield(more)
        except asyncio.CancelledError:
            heard.append((await more)["type"])

    line = Line(knows=True)
    await line.feed(MESSAGES["a body"])
    line.connection.app = listening
    await line.feed(MESSAGES["a body"])
    assert (line.taken, heard) == (1, ["http.request"])
    await line.end()
    assert heard == ["http.request", "http.disconnect"]


async def test_no_task_is_left_behind() -> None:
    line = Line(knows=True)
    await line.feed(MESSAGES["a body"], MESSAGES["a body"], MESSAGES["a slow one"], *[b""] * 20)
    tasks = line.connection.tasks
    assert not tasks
    line.connection.data_received(MESSAGES["a body"])
    assert len(tasks) == 1
    # Before the task has begun.
    line.connection.connection_lost(None)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not tasks


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
async def test_of_two_messages_at_once_neither_head_is_kept_for_the_other(pair: bytes) -> None:
    before = Line(knows=True)
    await before.feed(pair, BODY + b" " * 200)
    first = pair[: pair.index(b"\r\n\r\n") + 4]
    lines = Line(knows=True, beside=before), Line(knows=False)
    for line in lines:
        # What follows is as long as the second message says that its body is.
        await line.feed(first + b" " * (len(pair) - len(first)))
    assert await lines[0].end() == await lines[1].end()
    assert not lines[0].taken
    await before.end()


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
async def test_pairs_may_come_again(pair: bytes) -> None:
    known, parsed = await later_answers([pair, BODY, pair, BODY])
    assert known == parsed


def scope(*headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"method": "POST", "client": ("127.0.0.1", 1), "headers": [(b"content-length", b"3"), *headers]}


def test_nothing_of_a_connection_is_kept() -> None:
    heads = KnownHeads()
    heads.keep(post(b"one"), scope())
    found = heads.find(post(b"two"))
    assert found is not None
    assert found.scope == {"method": "POST", "headers": [(b"content-length", b"3")], NOTES: {}}


@pytest.mark.parametrize("name", [b"x-request-id", b"traceparent", b"expect"])
def test_heads_that_do_not_come_again_are_not_kept(name: bytes) -> None:
    heads = KnownHeads()
    heads.keep(post(b"one"), scope((name, b"1")))
    assert heads.find(post(b"one")) is None


def test_heads_with_something_before_them_are_not_kept() -> None:
    heads = KnownHeads()
    heads.keep(b"\r\n" + post(b"one"), scope())
    assert heads.find(b"\r\n" + post(b"one")) is None


def test_all_are_forgotten_after_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    heads = KnownHeads()
    heads.keep(post(b"one"), scope())
    assert heads.find(post(b"one")) is not None
    later = monotonic() + 61
    monkeypatch.setattr(known_heads, "monotonic", lambda: later)
    assert heads.find(post(b"one")) is None


def test_they_take_a_bounded_room() -> None:
    heads = KnownHeads()
    heads.keep(post(b"one", b"X: " + b"x" * 5000), scope())
    for number in range(3000):
        heads.keep(post(b"one", b"X: %d" % number), scope())
    assert heads.find(post(b"one", b"X: " + b"x" * 5000)) is None
    known = sum(heads.find(post(b"one", b"X: %d" % number)) is not None for number in range(3000))
    assert 0 < known <= 1024
