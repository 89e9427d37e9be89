"""Whatever text a file holds, the database holds it afterwards."""

import csv
import io
import uuid
from pathlib import Path

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from etl.files.reading import open_csv
from tests.etl.files.folders import load, write

# Half characters cannot be written in UTF-8, and PostgreSQL cannot keep NUL.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
awkward = st.text(st.sampled_from("\"',;\\.\n\r\t N\u2028\ufeff\x85\x1a\u00e7\U0001f48a"))


def as_csv(rows: list[list[str]], line_end: str) -> str:
    written = io.StringIO(newline="")
    # Left to itself, the writer of older versions of Python forgets to quote a lone carriage return.
    has_return = any("\r" in cell for row in rows for cell in row)
    quoted = csv.writer(written, lineterminator=line_end, quoting=csv.QUOTE_ALL)
    plain = csv.writer(written, lineterminator=line_end, quoting=csv.QUOTE_MINIMAL)
    (quoted if has_return else plain).writerows(rows)
    return written.getvalue()


@settings(max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cells=st.lists(st.tuples(texts | awkward, texts | awkward), max_size=8), line_end=st.sampled_from(["\n", "\r\n"])
)
@example(cells=[("\\.", "\\N"), ("a\n\\.\nb", "\\"), ('"', '""')], line_end="\n")
def test_text_comes_back_as_it_was(
    migrated_database: str, tmp_path: Path, cells: list[tuple[str, str]], line_end: str
) -> None:
    rows = [["id", "name", "city"], *[[str(key), f"x{name}", city] for key, (name, city) in enumerate(cells, 1)]]
    folder = tmp_path / uuid.uuid4().hex
    with psycopg.connect(migrated_database) as connection:
        connection.execute("delete from warehouses")
    load(migrated_database, write(folder, {"warehouses.csv.gz": as_csv(rows, line_end)}))
    with psycopg.connect(migrated_database) as connection:
        held = connection.execute("select name, city from warehouses order by id").fetchall()
    assert held == [(f"x{name}", city or None) for name, city in cells]


@settings(max_examples=200, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cells=st.lists(st.lists(texts | awkward, min_size=3, max_size=3), max_size=8))
def test_each_cell_is_on_the_line_that_an_editor_shows(tmp_path: Path, cells: list[list[str]]) -> None:
    text = as_csv([["a", "b", "c"], *cells], "\n")
    path = tmp_path / "lines.csv"
    path.write_bytes(text.encode())
    before = "a,b,c\n"
    with open_csv(path) as content:
        for record, row in zip(content.rows(), cells, strict=True):
            written = [as_csv([[cell, ""]], "")[:-1] for cell in row]
            for position in range(3):
                ahead = before + ",".join(written[:position])
                assert record.line_of(position) == lines_in(ahead)
            before += ",".join(written) + "\n"


def lines_in(text: str) -> int:
    return text.replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1


@pytest.mark.parametrize("name", ["lines.csv", "lines.csv.gz"])
def test_how_much_of_a_file_was_read_is_known(tmp_path: Path, name: str) -> None:
    write(tmp_path, {name: "a,b\n" + "".join(f"{uuid.uuid4()},x\n" for _ in range(20_000))})
    with open_csv(tmp_path / name) as content:
        positions = [content.position for _ in content.rows()]
    assert positions == sorted(positions)
    assert 0 < positions[0] < positions[-1] == (tmp_path / name).stat().st_size
