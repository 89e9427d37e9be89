"""Settings of the warehouse and of the worker that feeds it."""

import datetime as dt
from collections.abc import Iterable, Sequence
from importlib import import_module
from typing import Annotated, Literal

from pydantic import BeforeValidator, StringConstraints
from pydantic_settings import BaseSettings

from app.settings.declaration import LISTED, PostgresUrl, WarehouseUrl, setting

# What PostgreSQL allows in the name of a replication slot.
SlotName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,63}$")]


def _tolerated(given: Iterable[str]) -> Sequence[tuple[str, int]]:
    # What the checks are is known to modules that bring DuckDB with them, which most processes do without.
    return [import_module("etl.quality.tolerances").tolerance(text) for text in given]


# What stands last is done first.
Tolerated = Annotated[tuple[tuple[str, int], ...], BeforeValidator(_tolerated), *LISTED]


class EtlSettings(BaseSettings):
    """Where analytical data lands, and how it gets there."""

    warehouse_url: WarehouseUrl | None = setting(
        "The warehouse: `duckdb:///path` or `bigquery://project/dataset`. Unset: a DuckDB file of the data folder.",
        None,
    )
    warehouse_location: str = setting("BigQuery's location of the datasets.", "southamerica-east1")
    warehouse_memory_bytes: int = setting(
        "Bytes of memory that the embedded warehouse may use for queries, writing and models together; what takes more"
        " goes by the disk, or is refused.",
        2**28,
        ge=2**27,
    )
    warehouse_bytes_billed_max: int = setting(
        "Bytes that BigQuery may bill for one query of the gateway; one of the worker or its models may bill tenfold.",
        10 * 2**30,
        ge=10 * 2**20,
    )
    etl_database_url: PostgresUrl | None = setting(
        "The primary PostgreSQL as a role that owns the tables and may replicate. Unset: ADMIN_DATABASE_URL.",
        None,
        repr=False,
    )
    etl_slot: SlotName = setting("The replication slot that feeds the warehouse.", "cienty_warehouse")
    etl_worker: bool | None = setting(
        "Whether `gateway serve` runs a worker that feeds the warehouse. Unset: with an embedded database.", None
    )
    etl_metrics_host: str = setting("The address on which a worker tells its metrics.", "127.0.0.1")
    etl_metrics_port: int = setting(
        "The TCP port of a worker's `/metrics`; 0 takes a free one, which `gateway etl status` tells.",
        0,
        ge=0,
        le=65535,
    )
    etl_models_minutes: int = setting(
        "How many minutes apart the worker brings the models up to date, counted from midnight of São Paulo; 0: never.",
        60,
        ge=0,
        le=1440,
    )
    etl_daily_at: dt.time | Literal["never"] = setting(
        "When the worker does its daily work, checks and pruning, in São Paulo; or `never`.", dt.time(3, 30)
    )
    etl_tolerated: Tolerated = setting(
        "Violations of checks that are known and no finding, as `range raw.orders.total=12`, with commas between.", ()
    )
    etl_spill_limit_bytes: int = setting(
        "The most that may wait on a worker's disk while the warehouse can't be reached; 0 for nothing.", 2**31, ge=0
    )
