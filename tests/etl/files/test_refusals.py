"""What cannot be loaded: each fault is named where it stands, and nothing of the load stays."""

import gzip
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest

from app.embedded import Stack
from etl.files.faults import LoadRefused
from tests.databases import new_database
from tests.etl.files.folders import FILES, content, load, write


@pytest.fixture(scope="module")
def database(stack: Stack, migrated_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with a row in it, for all tests whose load must not change anything."""
    with new_database(stack.endpoints.owner_url, migrated_template) as url:
        load(url, write(tmp_path_factory.mktemp("rows"), {"warehouses.csv": "id,name\n1000,CD\n"}))
        yield url


def refusal(url: str, folder: Path, files: Mapping[str, str | bytes]) -> str:
    """Load files that have a fault, prove that the database did not change, return what was told."""
    before = content(url)
    with pytest.raises(LoadRefused) as refused:
        load(url, write(folder, files))
    assert content(url) == before
    return str(refused.value)


def changed(file: str, old: str, new: str) -> dict[str, str]:
    """Return the files that can be loaded with a change in one of them."""
    assert old in FILES[file]
    return {**FILES, file: FILES[file].replace(old, new)}


CELLS = [
    (
        changed("orders.csv", "22.4,", "abc,"),
        'orders.csv, line 5, column total, value "abc": not an amount: write 1234.56, with a point',
    ),
    (
        changed("order_items.csv.gz", "1,1,1,2,5.00", "1,1,1,2.5,5.00"),
        'order_items.csv.gz, line 2, column quantity, value "2.5": not a whole number',
    ),
    (
        changed("order_items.csv.gz", "1,1,1,2,5.00", "1,1,1,2147483648,5.00"),
        'order_items.csv.gz, line 2, column quantity, value "2147483648": out of range: from -2147483648 to 2147483647',
    ),
    (
        changed("pricing.csv", "8.90", "1234567890123.00"),
        'pricing.csv, line 3, column price, value "1234567890123.00": too large: at most 12 digits before the point',
    ),
    (
        changed("customers.csv", "suspended", "blocked"),
        'customers.csv, line 3, column status, value "blocked": not one of active, inactive, suspended',
    ),
    (
        changed("customers.csv", "2024-01-31T12:00:00-03:00", "31/01/2024"),
        'customers.csv, line 2, column created_at, value "31/01/2024": not a point in time: write 2026-01-31T12:00:00-',
    ),
    (
        changed("products.csv", "true", "sim"),
        'products.csv, line 2, column is_generic, value "sim": neither true nor false',
    ),
    (
        changed("products.csv", "Ibuprofeno", ""),
        "products.csv, line 3, column name: empty, and every row needs a value",
    ),
    (
        changed("customers.csv", "active", ""),
        "customers.csv, line 2, column status: empty, and every row needs a value; leave the whole column out of",
    ),
    (
        changed("products.csv", "Dipirona", "Dipi\0rona"),
        'products.csv, line 2, column name, value "Dipi\\u0000rona": a NUL byte, which PostgreSQL cannot keep',
    ),
    (
        {**FILES, "products.csv": FILES["products.csv"].replace("Dipirona", "Fórmula").encode("latin-1")},
        'products.csv, line 2, column name, value "F\\xf3rmula": not UTF-8: save the file in that encoding',
    ),
    (
        changed("suppliers.csv", '"{""email"": ""a@b.example""}"', '"{email: secret@b.example}"'),
        "suppliers.csv, line 2, column contact_info, value (personal data, not shown): not JSON",
    ),
    (
        changed("orders.csv", "second,", "sec\0nd,"),
        "orders.csv, line 2, column notes, value (personal data, not shown): a NUL byte, which PostgreSQL cannot keep",
    ),
]

HEADERS = [
    (changed("customers.csv", "email", "e_mail"), 'line 1: customers has no column "e_mail"; did you mean email?'),
    (changed("customers.csv", "region", " region"), 'line 1: customers has no column " region"; did you mean region?'),
    (changed("customers.csv", "region", "zzz"), 'line 1: customers has no column "zzz"'),
    (changed("customers.csv", "tier_id,", "email,"), "line 1: the header names email 2 times"),
    (changed("customers.csv", "id,name,", "name,"), "line 1: the header lacks id: without it a second load could not"),
    (changed("customers.csv", ",region,", ",city,"), "line 1: the header lacks region, which has no default"),
    (changed("customers.csv", "id,name,cnpj", "id;name;cnpj"), 'line 1: customers has no column "id;name;cnpj"'),
    (
        {**FILES, "customers.csv": "id;name;cnpj;region\n"},
        "line 1: the header is separated by semicolons: write commas",
    ),
    ({**FILES, "customers.csv": ""}, "customers.csv: is empty: the first line names the columns"),
    ({**FILES, "customers.csv": "\n\n"}, "customers.csv: is empty: the first line names the columns"),
]

RECORDS = [
    (changed("customers.csv", "2,Drogaria Nova,", "2,Drogaria, Nova,"), "line 3: 10 cells, where the header names 9"),
    (changed("customers.csv", ",suspended,2024-02-01T00:00:00Z", ""), "line 3: 7 cells, where the header names 9"),
    (changed("orders.csv", '"first', 'x"first'), "orders.csv, line 3: 2 cells, where the header names 8"),
    (
        changed("orders.csv", '""quoted""\n"\n', '""quoted""\n'),
        "orders.csv, line 2: a quote that is opened in this record is never",
    ),
    (
        changed("orders.csv", '""quoted""', 'quoted"x'),
        "orders.csv, line 2: not CSV, a quote within a quoted cell is written",
    ),
]

KEYS = [
    (
        changed("products.csv", "2,A-2", "1,A-2"),
        'products.csv, line 3, column id, value "1": the same as on line 2, where each row needs its own',
    ),
    (
        changed("products.csv", "2,A-2", "2,A-1"),
        'products.csv, line 3, column sku, value "A-1": the same as on line 2, where each row needs its own',
    ),
    (
        changed("customers.csv", "12ABC34501DE35", "11222333000181"),
        "customers.csv, line 3, column cnpj, value (personal data, not shown): the same as on line 2, where each",
    ),
    (
        changed("pricing.csv", "2,1,2,8.90", "2,1,,8.90"),
        (
            "pricing.csv, line 3, column product_id and customer_tier_id and effective_from, "
            'value "1", empty, "2024-01-01 00:00:00+00:00": the same as on line 2, where each row needs its own'
        ),
    ),
    (
        changed("order_items.csv.gz", "2,2,2,1", "2,7,2,1"),
        'order_items.csv.gz, line 3, column order_id, value "7": orders has no such row, neither in the database nor',
    ),
    (
        changed("orders.csv", "2,2,2024", "2,9,2024"),
        'orders.csv, line 5, column customer_id, value "9": customers has no such row',
    ),
    (
        changed("categories.csv", "2,Analgésicos,1", "2,Analgésicos,5"),
        'categories.csv, line 2, column parent_id, value "5": categories has no such row',
    ),
    (
        changed("categories.csv", "1,Medicamentos,", "1,Medicamentos,9"),
        'categories.csv, line 3, column parent_id, value "9": categories has no such row',
    ),
]


@pytest.mark.parametrize(("files", "told"), CELLS)
def test_a_bad_cell(database: str, tmp_path: Path, files: dict[str, str], told: str) -> None:
    assert refusal(database, tmp_path / "data", files).startswith(told)


@pytest.mark.parametrize(("files", "told"), HEADERS)
def test_a_bad_header(database: str, tmp_path: Path, files: dict[str, str], told: str) -> None:
    assert told in refusal(database, tmp_path / "data", files)


@pytest.mark.parametrize(("files", "told"), RECORDS)
def test_a_bad_record(database: str, tmp_path: Path, files: dict[str, str], told: str) -> None:
    assert told in refusal(database, tmp_path / "data", files)


@pytest.mark.parametrize(("files", "told"), KEYS)
def test_a_bad_key_or_link(database: str, tmp_path: Path, files: dict[str, str], told: str) -> None:
    assert refusal(database, tmp_path / "data", files).startswith(told)


def test_a_value_that_another_row_of_the_database_has(migrated_database: str, tmp_path: Path) -> None:
    load(migrated_database, write(tmp_path / "first", FILES))
    told = refusal(migrated_database, tmp_path / "second", {"products.csv": "id,sku,name\n8,A-8,X\n9,A-1,Y\n"})
    assert told == 'products.csv, line 3, column sku, value "A-1": products has it already, in the row 1'
    told = refusal(
        migrated_database, tmp_path / "third", {"customers.csv": "id,name,cnpj,region\n9,X,11222333000181,Sul\n"}
    )
    assert told == (
        "customers.csv, line 2, column cnpj, value (personal data, not shown): customers has it already, in the row 1"
    )


def test_a_row_that_stands_twice_in_a_file_and_is_there_already(migrated_database: str, tmp_path: Path) -> None:
    load(migrated_database, write(tmp_path / "first", {"warehouses.csv": "id,name\n1,CD\n"}))
    told = refusal(migrated_database, tmp_path / "second", {"warehouses.csv": "id,name\n1,CD\n1,CD\n"})
    assert told.startswith('warehouses.csv, line 3, column id, value "1": the same as on line 2')


def test_a_default_that_breaks_a_rule(migrated_database: str, tmp_path: Path) -> None:
    """The file does not have the column, so no cell of it can be named."""
    with psycopg.connect(migrated_database) as connection:
        connection.execute("alter table customer_tiers alter column name set default 'gold'")
        connection.execute("alter table orders add constraint odd check (total < 20)")
    told = refusal(migrated_database, tmp_path / "data", FILES)
    assert told == "orders.csv: a row breaks odd of orders"


def test_several_bad_cells_are_told_in_the_order_of_the_file(database: str, tmp_path: Path) -> None:
    rows = "".join(f"{'x' * (number % 2)}{number},\n" for number in range(30))
    with pytest.raises(LoadRefused) as refused:
        load(database, write(tmp_path / "data", {"warehouses.csv": "id,name\n" + rows}))
    assert [f"{fault.line} {fault.column}" for fault in refused.value.faults] == (
        ["2 name", "3 id", "3 name", "4 name", "5 id", "5 name", "6 name", "7 id", "7 name", "8 name"]
    )


def test_a_bad_cell_before_a_bad_record_is_told_first(database: str, tmp_path: Path) -> None:
    told = refusal(database, tmp_path / "data", {"warehouses.csv": "id,name\n1,A\nx,B\n3\n"})
    assert told.startswith('warehouses.csv, line 3, column id, value "x"')
    told = refusal(database, tmp_path / "data", {"warehouses.csv": "id,name\n1,A\n2,B\n3\n"})
    assert told == "warehouses.csv, line 4: 1 cells, where the header names 2"


@pytest.mark.parametrize("rows", [4_999, 5_000, 12_345])
def test_the_line_is_right_far_down_in_a_file(database: str, tmp_path: Path, rows: int) -> None:
    """Cells with line breaks move everything below them down."""
    good = "".join(f'{number},"two\nlines"\n' for number in range(1, rows + 1))
    files = {"warehouses.csv.gz": f"id,name,city\n{good.replace(chr(34) + chr(10), chr(34) + ',' + chr(10))}x,y,\n"}
    told = refusal(database, tmp_path / "data", files)
    assert told.startswith(f'warehouses.csv.gz, line {2 * rows + 2}, column id, value "x"')


def test_a_long_value_is_cut(database: str, tmp_path: Path) -> None:
    told = refusal(database, tmp_path / "data", {"warehouses.csv": f"id,name\n{'9' * 1000},A\n"})
    assert told == f'warehouses.csv, line 2, column id, value "{"9" * 59}…": out of range: from -{2**63} to {2**63 - 1}'


def test_a_folder_that_is_not_there(database: str, tmp_path: Path) -> None:
    with pytest.raises(LoadRefused, match="nowhere: there is no such folder"):
        load(database, tmp_path / "nowhere")


def test_a_file_in_place_of_a_folder(database: str, tmp_path: Path) -> None:
    write(tmp_path, {"orders.csv": FILES["orders.csv"]})
    with pytest.raises(LoadRefused, match=r"orders\.csv: is a file: name the folder that it lies in"):
        load(database, tmp_path / "orders.csv")


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({}, "data: has no file to load: files are named after tables, such as categories.csv.gz"),
        ({"notes.txt": ""}, "data: has no file to load"),
        ({"order.csv": "id\n"}, "order.csv: there is no table order; did you mean orders? (tables: categories, "),
        ({"orders.CSV": "id\n", "xyz.csv.gz": "id\n"}, "xyz.csv.gz: there is no table xyz (tables: "),
        ({"Orders.csv": "id\n"}, "Orders.csv: there is no table Orders; did you mean orders?"),
        ({"orders.csv.bz2": ""}, "orders.csv.bz2: only files that end in .csv or .csv.gz can be loaded"),
        ({"orders.xlsx": ""}, "orders.xlsx: only files that end in .csv or .csv.gz can be loaded"),
        ({"orders.csv": "id\n", "orders.csv.gz": "id\n"}, "orders.csv.gz: orders.csv is there as well: keep one"),
    ],
)
def test_a_folder_with_other_files(database: str, tmp_path: Path, files: dict[str, str], told: str) -> None:
    assert told in refusal(database, tmp_path / "data", files)


PACKED = gzip.compress(("id,name\n" + "".join(f"{number},CD {number}\n" for number in range(1, 2000))).encode())


@pytest.mark.parametrize(
    "damaged",
    [PACKED[:-5], PACKED[:3000], PACKED[:5], PACKED[:2000] + b"\0\1\2" * 20 + PACKED[2060:], b"id,name\n"],
    ids=["no end", "half", "no head", "altered", "not compressed"],
)
def test_a_damaged_archive(database: str, tmp_path: Path, damaged: bytes) -> None:
    told = refusal(database, tmp_path / "data", {"warehouses.csv.gz": damaged})
    assert told.startswith("warehouses.csv.gz, line ")
    assert "is damaged or not complete, copy it again" in told


def test_a_file_that_cannot_be_read(database: str, tmp_path: Path) -> None:
    folder = write(tmp_path / "data", {name: text for name, text in FILES.items() if name != "orders.csv"})
    (folder / "orders.csv").symlink_to("gone.csv")
    with pytest.raises(LoadRefused, match=r"orders\.csv: cannot be read: No such file or directory"):
        load(database, folder)


@pytest.mark.parametrize("piece", [b"a" * 2**20, b"," * 2**20, b'"\n",' * 2**18], ids=["a cell", "cells", "lines"])
def test_a_little_file_that_unpacks_to_an_endless_record_is_refused_before_it_fills_memory(
    database: str, tmp_path: Path, piece: bytes
) -> None:
    bomb = gzip.compress(b"id,name\n1000,CD\n" + piece * 200)
    assert len(bomb) < 2**20
    reason = refusal(database, tmp_path, {"warehouses.csv.gz": bomb})
    assert "warehouses.csv.gz, line 3: a record of more than 32 MB" in reason


def test_what_is_no_file_is_not_waited_for(database: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "warehouses.csv")
    assert refusal(database, tmp_path, {}) == "warehouses.csv: is neither a file nor a link to one"
    (tmp_path / "warehouses.csv").unlink()
    (tmp_path / "warehouses.csv").symlink_to("/dev/zero")
    assert refusal(database, tmp_path, {}) == "warehouses.csv: is neither a file nor a link to one"


def test_links_to_files_are_loaded(database: str, tmp_path: Path) -> None:
    (tmp_path / "elsewhere.txt").write_text("id,name\n1000,other\n")
    (tmp_path / "warehouses.csv").symlink_to(tmp_path / "elsewhere.txt")
    assert "warehouses has the row 1000 with another name" in refusal(database, tmp_path, {})
