"""Time budgets: what takes too long is ended, and nothing else is."""

import asyncio
import time

import pytest

from resolvers.deadlines import Deadlines


async def test_what_takes_too_long_is_ended() -> None:
    begin = time.monotonic()
    with pytest.raises(TimeoutError), Deadlines(0.05)():
        await asyncio.sleep(30)
    assert time.monotonic() - begin >= 0.05


async def test_what_ends_in_time_goes_on() -> None:
    deadlines = Deadlines(0.3)
    done = 0
    for _ in range(3):
        with deadlines():
            await asyncio.sleep(0.01)
            done += 1
    await asyncio.sleep(0.4)
    task = asyncio.current_task()
    assert task is not None
    assert (done, task.cancelling()) == (3, 0)


async def test_only_the_late_are_ended() -> None:
    deadlines = Deadlines(0.5)

    async def run(seconds: float) -> str:
        try:
            with deadlines():
                await asyncio.sleep(seconds)
        except TimeoutError:
            return "late"
        return "in time"

    assert [*await asyncio.gather(run(30), run(0), run(30), run(0.01))] == ["late", "in time", "late", "in time"]


async def test_a_task_that_goes_on_after_its_deadline_is_not_cancelled_any_more() -> None:
    with pytest.raises(TimeoutError), Deadlines(0.02)():
        await asyncio.sleep(30)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    await asyncio.sleep(0.05)


async def test_whoever_else_cancels_means_it() -> None:
    async def run() -> None:
        with Deadlines(30)():
            await asyncio.sleep(30)

    task = asyncio.ensure_future(run())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_faults_pass_as_they_are() -> None:
    with pytest.raises(KeyError), Deadlines(1)():
        raise KeyError
