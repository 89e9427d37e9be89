"""When more is ordered, and of what, seen in the orders themselves."""

import datetime as dt
from collections import Counter
from collections.abc import Collection

import pytest

from etl.demo import DemoPlan
from etl.demo.catalogue import categories
from etl.demo.seasons import orders_a_day, second_of_day
from etl.demo.workdays import holidays
from tests.etl.demo.made import UNTIL, DemoData

PLAN = DemoPlan.sized(100_000, until=UNTIL)
DAYS = {PLAN.since + dt.timedelta(days=number): count for number, count in enumerate(orders_a_day(PLAN))}
ORDINARY = {day: count for day, count in DAYS.items() if day not in holidays(day.year)}

WINTER, SUMMER = (6, 7, 8), (12, 1, 2)
SPRING, AUTUMN = (9, 10, 11), (3, 4, 5)
RESPIRATORY = {category.name for category in categories() if category.season == "respiratory"}


def lines(data: DemoData, groups: Collection[str], months: Collection[int], regions: Collection[str]) -> float:
    """Return the part of all lines of these months and regions that is of these categories."""
    count = total = 0
    for item in data["order_items"]:
        order = data.by_id["orders"][item["order_id"]]
        if order["order_date"].month in months and data.customer_of(order)["region"] in regions:
            total += 1
            count += data.category_of(item) in groups
    return count / total


def mean(counts: Collection[int]) -> float:
    return sum(counts) / len(counts)


def test_the_days_make_up_the_plan() -> None:
    assert sum(DAYS.values()) == PLAN.orders
    assert [sum(orders_a_day(DemoPlan.sized(size, until=UNTIL))) for size in (1, 17, 2_000)] == [1, 17, 2_000]


def test_the_week_begins_strong_and_rests_on_sunday() -> None:
    weekdays = [mean([count for day, count in ORDINARY.items() if day.weekday() == number]) for number in range(7)]
    assert weekdays == sorted(weekdays, reverse=True)
    assert weekdays[6] < weekdays[0] * 0.1
    assert weekdays[5] < weekdays[4] * 0.5


def test_holidays_are_quiet() -> None:
    christmas = dt.date(2025, 12, 25)
    assert DAYS[christmas] < DAYS[christmas - dt.timedelta(days=7)] * 0.25


def test_business_grows() -> None:
    days = list(DAYS)
    first, second = (sum(DAYS[day] for day in days[year * 365 : (year + 1) * 365]) for year in range(2))
    assert 1.15 < second / first < 1.35


def test_the_end_of_a_month_is_busy() -> None:
    friday, next_friday = dt.date(2026, 7, 31), dt.date(2026, 8, 7)
    assert DAYS[friday] > DAYS[next_friday] * 1.2


def test_pharmacies_buy_ahead_of_the_adjustment_of_april() -> None:
    before, after = dt.date(2026, 3, 25), dt.date(2026, 4, 8)
    assert DAYS[before] > DAYS[after] * 1.4


def test_winter_brings_colds_to_the_south_more_than_to_the_north(data: DemoData) -> None:
    south = lines(data, RESPIRATORY, WINTER, ["Sul"]) / lines(data, RESPIRATORY, SUMMER, ["Sul"])
    north = lines(data, RESPIRATORY, WINTER, ["Norte"]) / lines(data, RESPIRATORY, SUMMER, ["Norte"])
    assert south > 1.6
    assert south > north * 1.2


@pytest.mark.parametrize(
    ("group", "high", "low", "ratio"),
    [
        ("Antialérgicos", SPRING, AUTUMN, 1.3),
        ("Repelentes", SUMMER, WINTER, 2.0),
        ("Analgésicos e antitérmicos", (2, 3, 4), WINTER, 1.2),
        ("Reidratantes orais", (2, 3, 4), WINTER, 1.2),
    ],
)
def test_each_group_has_its_season(
    data: DemoData, group: str, high: Collection[int], low: Collection[int], ratio: float
) -> None:
    warm = ["Sudeste", "Sul", "Centro-Oeste", "Nordeste"]
    assert lines(data, [group], high, warm) > lines(data, [group], low, warm) * ratio


def test_what_has_no_season_sells_alike_all_year(data: DemoData) -> None:
    groups = {category.name for category in categories() if category.parent_id and not category.season}
    parts = [lines(data, groups, months, ["Sudeste"]) for months in (WINTER, SPRING, SUMMER, AUTUMN)]
    assert max(parts) < min(parts) * 1.15


def test_orders_come_in_office_hours(data: DemoData) -> None:
    hours = Counter(order["order_date"].hour for order in data["orders"])
    assert sum(hours[hour] for hour in range(8, 18)) > 0.75 * len(data["orders"])
    assert hours[3] < hours[10] * 0.1
    assert (second_of_day(0.0), second_of_day(0.999999999)) == (0, 86_399)
