"""The source that the settings choose, where it isn't PostgreSQL's own log."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

from app.errors import StartError
from app.settings import Settings
from app.settings.sources import POSTGRES_WAL
from etl.changes import TableShape
from etl.sources.debezium.source import Debezium, Topics
from etl.sources.debezium.values import Encoding
from etl.sources.interface import Source
from etl.sources.poll.schedule import Pace
from etl.sources.poll.source import Poll


def chosen_source(settings: Settings, database_url: str, shapes: Sequence[TableShape]) -> Source | None:
    """Return the source, None for PostgreSQL's log."""
    match settings.etl_source:
        case "poll":
            return Poll(database_url, shapes, pace_of(settings))
        case "debezium":
            return Debezium(topics_of(settings), shapes)
        case _:
            return None


def require_log(settings: Settings, what: str) -> None:
    """Raise StartError where changes come from elsewhere than PostgreSQL's log."""
    if settings.etl_source != POSTGRES_WAL:
        raise StartError(f"{what} works with GATEWAY_ETL_SOURCE={POSTGRES_WAL}, and it is {settings.etl_source}")


def pace_of(settings: Settings) -> Pace:
    """Return how often the database is asked."""
    return Pace(
        every=dt.timedelta(seconds=settings.etl_poll_seconds),
        overlap=dt.timedelta(seconds=settings.etl_poll_overlap_seconds),
        compared=dt.timedelta(minutes=settings.etl_poll_compare_minutes),
        keys_at=settings.etl_daily_at if isinstance(settings.etl_daily_at, dt.time) else None,
    )


def topics_of(settings: Settings) -> Topics:
    """Return where Debezium's messages are; StartError when the options can't be read."""
    return Topics(
        servers=settings.etl_kafka_servers or "",
        prefix=settings.etl_kafka_prefix,
        group=settings.etl_kafka_group,
        options={} if settings.etl_kafka_options is None else _options(settings.etl_kafka_options),
        encoding=Encoding(decimals_are_text=settings.etl_kafka_decimals == "string"),
    )


def _options(path: Path) -> Mapping[str, str]:
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError):
        raise StartError(f"GATEWAY_ETL_KAFKA_OPTIONS: {path} can't be read") from None
    said = [line.partition("=") for line in lines if line and not line.startswith("#")]
    if any(not sign for _, sign, _ in said):
        raise StartError(f"GATEWAY_ETL_KAFKA_OPTIONS: a line of {path} is no name=value")
    return {name.strip(): value.strip() for name, _, value in said}
