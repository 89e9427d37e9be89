"""`gateway warehouse query`: on a file that nobody has open, and on one that a worker serves."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from app.cli import main, warehouse_reading
from etl.warehouses.duckdb.serving import serve_queries
from tests.app.cli.running import environment, run, start

VALUES = """
select 1 as whole, -12.30::decimal(14, 2) as amount, 'a "b", c' as text, '' as blank, null as absent,
  timestamptz '2026-03-01 09:00:00.5-03' as moment, timestamp '2026-03-01 09:00:00' as naive, date '2026-03-01' as day,
  true as flag, [1, 2] as list, {'a': 1.5::decimal(3, 1)} as struct, 'é' as accent, '=1+1' as formula,
  'x'::blob as bytes, 0.5::double as half, 'nan'::double as odd, 9223372036854775807 as big, 'two' || chr(10) as lines
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "w.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("create schema marts; create table marts.t as select i, i % 2 = 0 as e from range(10) r(i)")
    return path


@pytest.fixture(params=["alone", "served"])
def place(request: pytest.FixtureRequest, file: Path) -> Iterator[str]:
    """The setting of a warehouse that a worker serves, or that nobody has open."""
    if request.param == "alone":
        yield f"duckdb://{file}"
        return
    with duckdb.connect(file) as connection, serve_queries(connection, file):
        yield f"duckdb://{file}"


class Query:
    """Runs the command in this process, which spares each case the seconds of a start."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, output: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._output = output

    def __call__(self, place: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        self._monkeypatch.setenv("GATEWAY_WAREHOUSE_URL", place)
        self._monkeypatch.setattr(sys, "argv", ["gateway", "warehouse", "query", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        told = self._output.readouterr()
        return subprocess.CompletedProcess(arguments, int(ended.value.code or 0), told.out, told.err)


@pytest.fixture
def query(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Query:
    for name in set(os.environ) - set(environment()):
        monkeypatch.delenv(name)
    return Query(monkeypatch, capfd)


def test_rows_are_printed_as_csv(query: Query, place: str) -> None:
    done = query(place, "select i, e from marts.t order by i limit 3")
    assert (done.returncode, done.stdout, done.stderr) == (0, "i,e\n0,true\n1,false\n2,true\n", "")


def test_every_kind_of_value_is_exact_and_a_null_is_no_empty_text(query: Query, place: str) -> None:
    done = query(place, VALUES)
    assert ',"",,' in done.stdout
    (row,) = csv.DictReader(io.StringIO(done.stdout, newline=""))
    assert row == {
        "whole": "1",
        "amount": "-12.30",
        "text": 'a "b", c',
        "blank": "",
        "absent": "",
        "moment": "2026-03-01T12:00:00.500000Z",
        "naive": "2026-03-01T09:00:00",
        "day": "2026-03-01",
        "flag": "true",
        "list": "[1, 2]",
        "struct": '{"a": "1.5"}',
        "accent": "é",
        "formula": "=1+1",
        "bytes": "eA==",
        "half": "0.5",
        "odd": "nan",
        "big": "9223372036854775807",
        "lines": "two\n",
    }


def test_programs_get_an_object(query: Query, place: str) -> None:
    told = json.loads(
        query(place, "--json", "select 1.10::decimal(4, 2) as a, null as b, [date '2026-01-02'] c").stdout
    )
    assert told["columns"][0] == {"name": "a", "type": "decimal128(4, 2)"}
    assert told["rows"] == [{"a": "1.10", "b": None, "c": ["2026-01-02"]}]


def test_values_are_bound_and_never_part_of_the_sql(query: Query, place: str) -> None:
    text = "x' or true --"
    done = query(
        place, "select $text as t, count(*) as n from marts.t where i = $i", "--param", f"text={text}", "--param", "i=3"
    )
    assert done.stdout == f"t,n\n{text},1\n"
    assert query(place, "select 1", "--param", "nothing").stderr == "error: --param nothing is not NAME=TEXT\n"


def test_sql_can_come_from_standard_input(place: str) -> None:
    process = start("warehouse", "query", "-", settings={"warehouse_url": place}, stdin=subprocess.PIPE)
    assert process.communicate("select 1 as one", timeout=60) == ("one\n1\n", "")
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("selec 1", "error: Parser Error: syntax error"),
        ("select * from marts.nothing", "error: Catalog Error: Table with name nothing does not exist"),
        ("delete from marts.t", "error: DELETE is refused"),
        ("copy marts.t to '/tmp/t.csv'", "error: COPY is refused"),
        ("from '/etc/passwd'", "error: Catalog Error"),
        ("select 1; select 2", "error: a query is one statement, and this has 2"),
        ("", "error: a query is one statement, and this has 0"),
    ],
)
def test_what_is_wrong_is_said_beside_and_nothing_is_printed(query: Query, place: str, sql: str, reason: str) -> None:
    done = query(place, sql)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(reason)
    assert "Traceback" not in done.stderr


def test_limits_are_errors(query: Query, place: str) -> None:
    assert "more than 9 rows" in query(place, "from marts.t", "--max-rows", "9").stderr
    endless = "select count(*) from range(10000000) a(i), range(10000000) b(i) where a.i + b.i = 3"
    done = query(place, endless, "--timeout", "0.3")
    assert (done.returncode, done.stdout) == (1, "")
    assert "ended after 0.3 s" in done.stderr


def test_a_pipe_that_ends_early_is_no_traceback(file: Path) -> None:
    process = start("warehouse", "query", "from range(200000)", settings={"warehouse_url": f"duckdb://{file}"})
    assert process.stdout
    assert process.stderr
    assert process.stdout.readline() == "range\n"
    process.stdout.close()
    assert process.stderr.read() == ""
    process.stderr.close()
    process.wait(60)


def test_what_a_killed_worker_had_not_folded_in_is_read_too(query: Query, tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    code = f"""if True:
        import duckdb, os
        c = duckdb.connect({str(path)!r})
        c.execute("create table t as select 1 as a")
        c.execute("insert into t values (2)")
        os._exit(9)
    """
    subprocess.run([sys.executable, "-c", code], check=False)
    assert query(f"duckdb://{path}", "select sum(a) as s from t").stdout == "s\n3\n"


def test_a_warehouse_that_is_not_there_yet(tmp_path: Path) -> None:
    done = run("warehouse", "query", "select 1", data_dir=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: there is no warehouse at {tmp_path}/warehouse/warehouse.duckdb yet")


def test_another_process_that_has_the_file_and_does_not_answer(
    query: Query, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(warehouse_reading, "_PATIENCE", 0.2)
    code = f"import duckdb; c = duckdb.connect({str(file)!r}); print(1, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout
        holder.stdout.readline()
        done = query(f"duckdb://{file}", "select 1")
        holder.communicate("\n")
    assert done.returncode == 1
    assert done.stderr == f"error: another process has {file} open and does not answer: end it, or wait until it does\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("select $name", "--param", "name=a\udcff"), "texts are UTF-8"),
        (("select 'a\udcff'",), "texts are UTF-8"),
        (("select case when i < 19000 then date '2026-03-01' else 'infinity' end from range(20000) r(i)",), "cast it"),
        (("select 'infinity'::timestamptz as at", "--json"), "outside the years 1 to 9999"),
        (("select 1 as a, 2 as a", "--json"), "two columns are called a"),
    ],
)
def test_what_can_not_be_said_is_told_and_nothing_is_printed(
    query: Query, place: str, arguments: tuple[str, ...], told: str
) -> None:
    ended = query(place, *arguments)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert told in ended.stderr
    assert "Traceback" not in ended.stderr
