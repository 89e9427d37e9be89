"""Patience: how long a connection waits, whatever came before."""

import asyncio

import pytest
from starlette.types import Receive, Scope, Send

from app.patience import ConnectionLimits
from tests.app.line import Line, post

RECEIVE, IDLE = 0.2, 0.3
IMPATIENT = ConnectionLimits(head_bytes=2000, head_count=20, receive_seconds=RECEIVE, send_seconds=60)
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


class Waiting(Line):
    """A connection of little patience; some requests are answered before their bodies came, some when they may be."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        super().__init__(self._answer, limits=IMPATIENT, idle=IDLE)

    @property
    def answers(self) -> int:
        return self.wire.sent.count(b"HTTP/1.1 200")

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        told = dict(scope["headers"]).get(b"x-answer")
        while told != b"at once" and (await receive()).get("more_body"):
            pass
        if told == b"later":
            await self.may_answer.wait()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})


async def answered_before_its_body(waiting: Waiting) -> None:
    """Have a request answered of which three bytes are still to come."""
    await waiting.feed(post(b"", b"X-Answer: at once", length=3))
    assert waiting.answers == 1


@pytest.mark.parametrize("more", [b"", HEALTH], ids=["alone", "before another request"])
async def test_a_connection_answered_before_its_body_came_ends_when_nothing_more_comes(more: bytes) -> None:
    waiting = Waiting()
    await answered_before_its_body(waiting)
    await waiting.feed(b"one" + more)
    await asyncio.sleep(IDLE / 2)
    assert not waiting.wire.is_closed
    await asyncio.sleep(IDLE * 2)
    assert waiting.wire.is_closed


async def test_it_is_kept_while_the_next_request_runs() -> None:
    waiting = Waiting()
    await answered_before_its_body(waiting)
    await waiting.feed(b"one" + post(b"", b"X-Answer: later"))
    await asyncio.sleep(IDLE * 3)
    assert not waiting.wire.is_closed
    waiting.may_answer.set()
    await waiting.settle()
    assert waiting.answers == 2


async def test_what_was_waited_for_and_came_ends_no_request_that_runs() -> None:
    waiting = Waiting()
    await waiting.feed(post(b"", b"X-Answer: later"), post(b"", b"X-Answer: later", length=3) + b"o")
    waiting.may_answer.set()
    await waiting.settle()
    assert waiting.answers == 1
    waiting.may_answer.clear()
    await waiting.feed(b"ne")
    await asyncio.sleep(RECEIVE * 3)
    assert not waiting.wire.is_closed
    waiting.may_answer.set()
    await waiting.settle()
    assert waiting.answers == 2


async def test_the_body_of_a_request_that_waited_for_its_turn_may_not_trickle_forever() -> None:
    waiting = Waiting()
    await waiting.feed(post(b"", b"X-Answer: later"), post(b"", b"X-Answer: at once", length=300))
    waiting.may_answer.set()
    for _ in range(50):
        await waiting.feed(b"x")
        await asyncio.sleep(RECEIVE / 10)
    assert waiting.wire.is_closed


async def test_ends_of_lines_between_requests_do_not_add_up() -> None:
    waiting = Waiting()
    for _ in range(5):
        await waiting.feed(b"\r\n" * 300, HEALTH, HEALTH)
    assert waiting.taken
    assert waiting.answers == 10
    assert b"HTTP/1.1 431" not in waiting.wire.sent
