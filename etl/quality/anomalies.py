"""Days that are not like the others: a robust z-score of a day's figure among those of the same weekday.

z = 0.6745 (x - median) / MAD, an outlier beyond 3.5; where more than half of the values are equal, and MAD is zero,
z = (x - median) / (1.2533 · mean absolute deviation) (Iglewicz and Hoaglin, How to Detect and Handle Outliers, ASQC
Basic References in Quality Control 16, 1993). Weekdays are compared with themselves, because pharmacies order on
Mondays and not on Sundays; days are days of São Paulo.
"""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import duckdb

from etl.quality.check import Check, Finding, Kind, Severity, judged

LIMIT: Final = 3.5
_WEEKS: Final = 26
_FEWEST_WEEKS: Final = 6


@dataclass(frozen=True)
class Series:
    """A figure of each day: an aggregate over the rows of a table that has the day in a column."""

    name: str
    table: str
    day: str
    figure: str


SERIES: Final = (
    Series("orders", "core.fact_orders", "order_date", "count(distinct order_id)"),
    Series(
        "revenue", "core.fact_orders", "order_date", "coalesce(sum(total_amount) filter (where is_sale), 0)::double"
    ),
    Series("interactions", "core.fact_customer_interactions", "interaction_date", "count(*)"),
)


def check_anomalies(cursor: duckdb.DuckDBPyConnection) -> Iterator[Finding]:
    """Check yesterday's figures against those of the same weekday in the half year before."""
    for series in SERIES:
        check = Check(Kind.ANOMALY, series.table, series.name, Severity.WARN)
        *earlier, yesterday = _figures(cursor, series) or [0.0]
        score = robust_score(yesterday, earlier) if any(earlier) else None
        if score is None:
            yield judged(check, 0, 0, f"fewer than {_FEWEST_WEEKS} weeks with figures to compare with")
        else:
            is_odd = abs(score) > LIMIT
            detail = f"yesterday's is {score:+.1f} robust deviations from that of its weekday" if is_odd else None
            yield judged(check, len(earlier), int(is_odd), detail)


def robust_score(value: float, others: Sequence[float]) -> float | None:
    """Return how far a value is from others, in robust standard deviations; None where they are too few."""
    if len(others) < _FEWEST_WEEKS:
        return None
    middle = statistics.median(others)
    distances = [abs(other - middle) for other in others]
    spread = statistics.median(distances) / 0.6745 or 1.2533 * statistics.fmean(distances)
    if not spread:
        return 0.0 if value == middle else (value - middle) * float("inf")
    return (value - middle) / spread


def _figures(cursor: duckdb.DuckDBPyConnection, series: Series) -> list[float]:
    """Return the figures of yesterday's weekday, oldest first, since the first day there was one; yesterday's last."""
    found = cursor.execute(f"""
    with days as (
      select (select today from intermediate.int_clock) - 1 - 7 * week::integer as day
      from range({_WEEKS}, -1, -1) as r(week)
    )
    select coalesce(any_value(figure), 0)::double from days left join (
      select {series.day} as day, {series.figure} as figure from {series.table} group by all
    ) as figures using (day)
    where day >= (select min({series.day}) from {series.table})
    group by day order by day
    """).fetchall()
    return [float(figure) for (figure,) in found]
