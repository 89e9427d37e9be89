"""What a run took counts from its start to its end, whatever comes before and after."""

import time

from bench.etl.runs import Clock


def test_preparations_and_tidying_up_are_not_counted() -> None:
    clock = Clock()
    time.sleep(0.05)
    clock.start()
    clock.end()
    time.sleep(0.05)
    run = clock.stop("found")
    assert run.seconds < 0.05
    assert run.found == "found"


def test_without_an_end_it_counts_until_it_is_stopped() -> None:
    clock = Clock()
    time.sleep(0.05)
    assert clock.stop(None).seconds >= 0.05
