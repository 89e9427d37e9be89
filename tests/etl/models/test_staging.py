"""What is derived for dbt: sources, views of staging, descriptions."""

from pathlib import Path

import pytest

from etl.models.staging import PROJECT, generated_files, key_name, stale_files
from schema.entities.inventory_item import InventoryItem
from schema.entities.order_item import OrderItem


def test_the_committed_files_are_what_the_declarations_say() -> None:
    assert stale_files() == []


def test_a_changed_or_needless_file_is_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path, text in generated_files().items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    monkeypatch.setattr("etl.models.staging.PROJECT", tmp_path)
    assert stale_files() == []
    (tmp_path / "models/staging/stg_orders.sql").write_text("select 1")
    (tmp_path / "models/staging/stg_gone.sql").write_text("select 1")
    assert stale_files() == ["models/staging/stg_orders.sql", "models/staging/stg_gone.sql"]


def test_keys_are_named_after_the_entity_and_policy_columns_do_not_land() -> None:
    assert (key_name(OrderItem), key_name(InventoryItem)) == ("order_item_id", "inventory_id")
    view = (PROJECT / "models/staging/stg_order_items.sql").read_text()
    assert "id as order_item_id" in view
    assert "policy_" not in view


def test_personal_columns_are_marked() -> None:
    sources = generated_files()["models/staging/_sources.yml"]
    assert "- name: cnpj\n            description:" in sources
    assert sources.count("personal: true") == 9
