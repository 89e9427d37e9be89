"""Requests that come before the one in front of them is answered: all are answered, and few wait in memory."""

import asyncio

import pytest

from tests.app.line import Line

READ = 65_536
"""Bytes that a transport reads at once."""
MOST_WAITING = 200


def numbered(numbers: range) -> bytes:
    return b"".join(b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n" % number for number in numbers)


def answered(line: Line) -> list[int]:
    return [int(part.split(b"'")[0]) for part in line.wire.sent.split(b"('path', '/")[1:]]


async def settle(line: Line) -> None:
    """Wait until all is answered, or nothing more is."""
    before = -1
    while before != len(line.wire.sent):
        before = len(line.wire.sent)
        await line.settle()


async def test_of_many_requests_at_once_few_wait() -> None:
    line = Line()
    sent = numbered(range(5000))
    most, at = 0, 0
    while at < len(sent) or line.wire.is_paused:
        if not line.wire.is_paused:
            line.connection.data_received(sent[at : at + READ])
            at += READ
        most = max(most, len(line.connection.pipeline))
        assert line.wire.is_paused or not line.connection.pipeline
        await asyncio.sleep(0)
    await line.settle()
    assert most < MOST_WAITING
    assert answered(line) == list(range(5000))
    assert not line.wire.is_paused


async def test_what_comes_although_nothing_is_read_waits_in_its_order() -> None:
    line = Line()
    for begin in range(0, 2000, 500):
        line.connection.data_received(numbered(range(begin, begin + 500)))
        assert len(line.connection.pipeline) < MOST_WAITING
    await settle(line)
    assert answered(line) == list(range(2000))


@pytest.mark.parametrize("left", [0, 1, 4000, 9999, 10_000, 10_004, 10_030, 15_000])
async def test_what_waits_may_end_anywhere(left: int) -> None:
    line = Line()
    sent = numbered(range(400)) + b"POST /400 HTTP/1.1\r\nHost: x\r\nContent-Length: 10000\r\n\r\n" + b"x" * 10_000
    line.connection.data_received(sent[: len(sent) - left])
    line.connection.data_received(sent[len(sent) - left :])
    await settle(line)
    assert answered(line) == list(range(401))
    assert line.wire.sent.endswith(b"xxx')")


async def test_nothing_behind_nonsense_is_read() -> None:
    line = Line()
    line.connection.data_received(numbered(range(500)) + b"NONSENSE\r\n\r\n" + numbered(range(500, 600)))
    await settle(line)
    sent = await line.end()
    assert line.wire.is_closed
    assert sent.count(b"HTTP/1.1 200") <= 500
    assert b"'/500'" not in sent
