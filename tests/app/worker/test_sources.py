"""From settings to the source of the warehouse's changes."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from app.errors import StartError
from app.settings import Settings
from app.worker.sources import chosen_source, pace_of, require_log, topics_of
from etl.changes import table_shapes
from etl.sources.debezium.source import Debezium
from etl.sources.poll.source import Poll
from schema.entities import ENTITIES

SHAPES = table_shapes(ENTITIES)
URL = "postgresql://reader@127.0.0.1/none"


def settings(**given: Any) -> Settings:
    return Settings(**given)


def test_the_log_is_the_source_unless_another_is_chosen() -> None:
    assert chosen_source(settings(), URL, SHAPES) is None
    assert isinstance(chosen_source(settings(etl_source="poll"), URL, SHAPES), Poll)
    kafka = chosen_source(settings(etl_source="debezium", etl_kafka_servers="127.0.0.1:9092"), URL, SHAPES)
    assert isinstance(kafka, Debezium)
    assert [shape.table for shape in kafka.shapes][-1] == "debezium_offsets"


def test_what_needs_the_log_is_refused_without_it() -> None:
    require_log(settings(), "this")
    with pytest.raises(StartError, match="this works with GATEWAY_ETL_SOURCE=postgres_wal, and it is poll"):
        require_log(settings(etl_source="poll"), "this")


def test_debezium_without_brokers_stops_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_ETL_SOURCE", "debezium")
    with pytest.raises(StartError, match="set GATEWAY_ETL_KAFKA_SERVERS"):
        Settings.load()


def test_keys_are_compared_with_the_daily_work_or_never() -> None:
    assert pace_of(settings(etl_daily_at="02:00")).keys_at == dt.time(2)
    assert pace_of(settings(etl_daily_at="never")).keys_at is None


def test_options_of_kafka_are_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "kafka.properties"
    file.write_text("# secret\nsecurity.protocol = SASL_SSL\nsasl.password=a=b\n\n")
    topics = topics_of(settings(etl_kafka_options=file, etl_kafka_decimals="string"))
    assert topics.options == {"security.protocol": "SASL_SSL", "sasl.password": "a=b"}
    assert topics.encoding.decimals_are_text
    assert "a=b" not in repr(topics)
    file.write_text("nonsense")
    with pytest.raises(StartError, match="no name=value"):
        topics_of(settings(etl_kafka_options=file))
    with pytest.raises(StartError, match="can't be read"):
        topics_of(settings(etl_kafka_options=tmp_path / "none"))
