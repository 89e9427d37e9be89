"""Where the warehouse is, as the settings say it."""

from pathlib import Path

import pytest

from app.errors import StartError
from app.settings import Settings
from app.warehouse import BigQueryPlace, place_of, reader_of
from resolvers.warehouse.served import ServedWarehouse


def settings(folder: Path, url: str | None = None) -> Settings:
    return Settings(data_dir=folder, warehouse_url=url)


def test_nothing_set_is_a_file_of_the_data_folder(tmp_path: Path) -> None:
    assert place_of(settings(tmp_path)) == tmp_path / "warehouse" / "warehouse.duckdb"
    assert isinstance(reader_of(settings(tmp_path)), ServedWarehouse)


def test_a_file_can_be_anywhere(tmp_path: Path) -> None:
    assert place_of(settings(tmp_path, "duckdb:////srv/the%20warehouse.duckdb")) == Path("//srv/the warehouse.duckdb")
    assert place_of(settings(tmp_path, "duckdb:///srv/w.duckdb")) == Path("/srv/w.duckdb")


def test_bigquery_is_a_project_and_a_dataset_beside_a_journal(tmp_path: Path) -> None:
    journal = tmp_path / "warehouse" / "bigquery-journal.duckdb"
    assert place_of(settings(tmp_path, "bigquery://cienty-prod/analytics")) == BigQueryPlace(
        "cienty-prod", "analytics", journal
    )


@pytest.mark.parametrize(
    "url",
    ["duckdb://w.duckdb", "duckdb:///", "bigquery://cienty", "bigquery://cienty/", "bigquery://c/d/e", "bigquery:///d"],
)
def test_half_an_address_is_told(tmp_path: Path, url: str) -> None:
    with pytest.raises(StartError, match="GATEWAY_WAREHOUSE_URL must be"):
        place_of(settings(tmp_path, url))
