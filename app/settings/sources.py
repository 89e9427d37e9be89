"""Settings of where the warehouse's changes come from."""

from typing import Final, Literal

from pydantic_settings import BaseSettings

from app.settings.declaration import File, setting

POSTGRES_WAL: Final = "postgres_wal"


class SourceSettings(BaseSettings):
    """Which source, and what the ones beside PostgreSQL's log need."""

    etl_source: Literal["postgres_wal", "poll", "debezium"] = setting(
        "Where changes come from: PostgreSQL's log, `poll` (where replication isn't allowed) or topics of `debezium`.",
        POSTGRES_WAL,
    )
    etl_poll_seconds: float = setting("Seconds between two looks for changed rows, with `poll`.", 5.0, ge=0.1)
    etl_poll_overlap_seconds: int = setting(
        "The longest that a transaction may take for its changes to be seen at once: how far back each look goes.",
        600,
        ge=0,
    )
    etl_poll_compare_minutes: int = setting(
        "Minutes between two comparisons of whole tables that don't say when a row was changed.", 60, ge=1
    )
    etl_kafka_servers: str | None = setting("Brokers, `host:port` with commas between, with `debezium`.", None)
    etl_kafka_prefix: str = setting("What stands before a table's name in the name of its topic.", "cienty.public")
    etl_kafka_group: str = setting("The group under which Kafka is told what was read.", "cienty_warehouse")
    etl_kafka_options: File | None = setting(
        "File of librdkafka's options for TLS and passwords, `name=value` lines.", None
    )
    etl_kafka_decimals: Literal["precise", "string"] = setting(
        "Debezium's `decimal.handling.mode`, for messages without schemas.", "precise"
    )
