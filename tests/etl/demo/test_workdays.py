"""Working days of Brazil."""

import datetime as dt

import pytest

from etl.demo.workdays import Workdays, easter, holidays, is_working


@pytest.mark.parametrize("day", ["2019-04-21", "2024-03-31", "2025-04-20", "2026-04-05", "2038-04-25"])
def test_easter(day: str) -> None:
    assert easter(int(day[:4])) == dt.date.fromisoformat(day)


@pytest.mark.parametrize(
    "day",
    [
        *("2026-01-01", "2026-02-16", "2026-02-17", "2026-04-03", "2026-04-21", "2026-05-01", "2026-06-04"),
        *("2026-09-07", "2026-10-12", "2026-11-02", "2026-11-20", "2026-12-25"),
    ],
)
def test_on_a_holiday_nobody_works(day: str) -> None:
    assert dt.date.fromisoformat(day) in holidays(2026)
    assert not is_working(dt.date.fromisoformat(day))


def test_weekends_are_free_and_other_days_are_not() -> None:
    week = [is_working(dt.date(2026, 11, 9) + dt.timedelta(days=day)) for day in range(7)]
    assert week == [True] * 5 + [False] * 2


def test_steps_go_from_working_day_to_working_day() -> None:
    # 2026-11-20, a Friday, is a holiday.
    days = Workdays(dt.date(2026, 11, 16), 20)
    monday, thursday, friday, next_monday = 0, 3, 4, 7
    assert days.after(monday, 0) == monday
    assert days.after(monday, 3) == thursday
    assert days.after(thursday, 1) == next_monday
    assert days.after(friday, 0) == next_monday
    assert days.after(friday, 1) == next_monday
    assert days.after(friday, 2) == next_monday + 1
