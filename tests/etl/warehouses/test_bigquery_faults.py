"""What the worker does about BigQuery's faults: a request is done once, whatever becomes of its answers."""

import datetime as dt
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from google.api_core import exceptions as google
from google.cloud.bigquery import SchemaField, Table

from etl.warehouses.bigquery import faults
from etl.warehouses.bigquery.service import Place, Service
from etl.warehouses.bigquery.warehouse import BigQueryWarehouse, Pace
from etl.warehouses.bigquery.writing import Stream, append_somewhere
from etl.warehouses.interface import Fenced
from tests.bigquery_stub import LOST, Fault, Stub, stub
from tests.emulator import Emulator
from tests.etl.warehouses.failing import Shaky, failing_once
from tests.etl.warehouses.opening import AT_ONCE, BigQueryOpener
from tests.etl.warehouses.things import INSERT, SHAPE, UNSENT_B, UPDATE, batch, content, copy
from tests.servers import wait_until


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faults, "_FIRST_PAUSE", 0.01)


@pytest.fixture
def server() -> Iterator[Stub]:
    with stub() as state:
        yield state


def service_of(server: Stub, **details: Any) -> Service:
    return Service(Place("test", "d", rest_endpoint=server.url, grpc_endpoint="127.0.0.1:1", **details), patience=5.0)


def test_every_query_is_labelled_named_and_bounded(server: Stub) -> None:
    assert service_of(server, maximum_bytes=12_345_678).query("select 1 as n").to_pylist() == [{"n": 1}]
    (asked,) = server.asked
    assert asked["configuration"]["labels"] == {"application": "cienty-gateway", "part": "etl"}
    assert asked["configuration"]["query"]["maximumBytesBilled"] == "12345678"
    assert asked["jobReference"]["jobId"].startswith("cienty_")


@pytest.mark.parametrize(
    "fault",
    [
        *((429, "rateLimitExceeded"), (500, "backendError"), (502, "badGateway"), (503, "unavailable")),
        *((504, "timeout"), (403, "rateLimitExceeded"), (403, "quotaExceeded"), LOST),
    ],
)
def test_a_fault_that_passes_is_waited_for_and_the_query_runs_once(server: Stub, fault: Fault) -> None:
    server.faults = [fault, (503, "unavailable"), fault]
    assert service_of(server).query("select 1 as n").to_pylist() == [{"n": 1}]
    assert len(server.jobs) == 1
    assert len({asked["jobReference"]["jobId"] for asked in server.asked}) == 1


@pytest.mark.parametrize("fault", [(400, "invalidQuery"), (403, "accessDenied"), (404, "notFound")])
def test_a_fault_that_does_not_pass_is_raised_at_once(server: Stub, fault: tuple[int, str]) -> None:
    server.faults = [fault]
    with pytest.raises(google.GoogleAPICallError):
        service_of(server).query("select 1 as n")
    assert len(server.asked) == 1


def test_patience_ends() -> None:
    tries = []

    def fail() -> None:
        tries.append(1)
        raise google.ServiceUnavailable("down")

    with pytest.raises(google.ServiceUnavailable):
        faults.persist(fail, faults.Pauses(100.0, sleep=lambda _: None))
    assert 5 < len(tries) < 40


@pytest.fixture
def service(bigquery: Emulator) -> Iterator[Service]:
    made = Service(bigquery.place(), patience=5.0)
    made.rest.create_dataset(made.place.raw)
    made.rest.create_table(Table(made.place.path("t"), [SchemaField("n", "INT64")]))
    yield made
    made.close()


def numbers(*values: int) -> pa.Table:
    return pa.table({"n": pa.array(values, pa.int64())})


def test_rows_whose_answer_was_lost_are_there_once(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "writing", Shaky(service.writing, ["before", "after", "after", "fine", "after"]))
    stream = Stream(service, "t")
    for start in (0, 2, 4):
        stream.append(numbers(start, start + 1))
    found = service.query(f"select n from {service.place.name('t')} order by n").column("n").to_pylist()
    assert found == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    "faults",
    [["before"], ["after"], ["nothing"], ["after", "quota"], ["after", "denied"]],
    ids=" then ".join,
)
def test_rows_after_a_request_of_unknown_outcome_are_not_taken_for_its_replay(
    service: Service, monkeypatch: pytest.MonkeyPatch, faults: list[str]
) -> None:
    service.patience = 0.005 * (len(faults) - 1)
    monkeypatch.setattr(service, "writing", Shaky(service.writing, ["fine", *faults]))
    stream = Stream(service, "t")
    stream.append(numbers(0))
    with pytest.raises(google.GoogleAPICallError):
        stream.append(numbers(1))
    stream.append(numbers(1, 2, 3))
    found = service.query(f"select distinct n from {service.place.name('t')} order by n").column("n").to_pylist()
    assert found == [0, 1, 2, 3]


def test_a_stream_that_was_ended_is_replaced(service: Service) -> None:
    stream = Stream(service, "t")
    append_somewhere(stream, numbers(1))
    service.writing.finalize_write_stream(name=stream.name)
    append_somewhere(stream, numbers(2))
    assert sorted(service.query(f"select n from {service.place.name('t')}").column("n").to_pylist()) == [1, 2]


def test_a_connection_that_ends_without_an_answer_is_no_success(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "writing", Shaky(service.writing, ["nothing"]))
    Stream(service, "t").append(numbers(1))
    assert service.query(f"select n from {service.place.name('t')}").column("n").to_pylist() == [1]


def test_no_request_is_too_long_where_few_rows_are_far_longer_than_others() -> None:
    texts = ["short"] * 990 + ["long" * 2**18] * 30
    appended = Shaky(None, ["size"] * 100)
    unsent: Any = type("Unsent", (), {"place": Place("p", "d"), "writing": appended, "ask": lambda _, act, **__: act()})
    stream = Stream(unsent(), "t")
    stream.name = "a stream"
    stream.append(pa.table({"text": texts}))
    assert max(appended.sizes) < 10_000_000
    assert sum(appended.sizes) > sum(map(len, texts))


def test_long_appends_go_in_pieces(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("etl.warehouses.bigquery.writing._REQUEST_BYTES", 4000)
    Stream(service, "t").append(numbers(*range(2000)))
    assert service.query(f"select count(distinct n) as n from {service.place.name('t')}").to_pylist() == [{"n": 2000}]


@pytest.fixture
def opener(bigquery: Emulator, tmp_path: Path) -> Iterator[BigQueryOpener]:
    made = BigQueryOpener(tmp_path, bigquery.place())
    yield made
    made.close()


@pytest.mark.parametrize(
    "place",
    [
        "etl.warehouses.bigquery.mirror.Mirror._send_rows",
        "etl.warehouses.bigquery.claim.Claim.write",
        "etl.warehouses.bigquery.mirror.Mirror._view",
        "etl.warehouses.bigquery.journal.Journal.note_folded",
        "etl.warehouses.bigquery.journal.Journal.begin",
    ],
)
def test_wherever_the_mirror_ends_it_goes_on_from_what_was_seen(
    opener: BigQueryOpener, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    made = opener()
    made.fence("me")
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "x")], 1))
    failing_once(monkeypatch, place)
    with pytest.raises(RuntimeError):
        content(made)
    made.append(batch([(2, 0, UPDATE, 1, None, UNSENT_B, 2, None), (2, 1, INSERT, 2, None, 0, 2, "y")], 2))
    opener.close()
    again = opener()
    again.fence("me again")
    again.append(batch([(3, 0, UPDATE, 2, None, UNSENT_B, 3, None)], 3))
    assert content(again) == {1: (2, "x"), 2: (3, "y")}
    again.compact("things")
    assert content(again) == {1: (2, "x"), 2: (3, "y")}
    changes = [(row["_load_id"], row["_commit_lsn"], row["_seq"], row["_key"]) for row in opener.rows("things__log")]
    assert len(changes) == len(set(changes))


def in_order(log: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(log, key=lambda row: (row["_commit_lsn"], row["_seq"]))


def test_what_was_sent_without_a_checkpoint_is_not_seen(
    opener: BigQueryOpener, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = opener()
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "x")], 1))
    assert content(made) == {1: (1, "x")}
    before = opener.rows("things"), in_order(opener.rows("things__log"))
    made.append(batch([(2, 0, UPDATE, 1, None, 0, 2, "y")], 2))
    monkeypatch.setattr("etl.warehouses.bigquery.claim.Claim.write", lambda *_: None)
    content(made)
    assert len(opener.rows("things__changes")) == len(before[1]) + 1
    assert (opener.rows("things"), in_order(opener.rows("things__log"))) == before


def test_a_journal_that_was_lost_is_begun_anew_behind_the_loads_that_are_there(
    opener: BigQueryOpener, bigquery: Emulator, tmp_path: Path
) -> None:
    made = opener()
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "x"), (1, 1, INSERT, 2, None, 0, 2, "gone since")], 1))
    content(made)
    made.append(batch([(2, 0, UPDATE, 1, None, 0, 2, "y")], 2))
    content(made)
    last = max(row["_load_id"] for row in opener.rows("things__log"))
    other = BigQueryOpener(tmp_path / "elsewhere", opener.place)
    other.folder.mkdir()
    new = other()
    assert new.position() is None
    new.fence("another machine")
    new.append(copy({1: (9, "z")}, 50, 50))
    assert content(new) == {1: (9, "z")}
    newer = [row for row in other.rows("things__log") if row["_load_id"] > last]
    assert {(row["_op"], row["_key"]) for row in newer} == {(4, None), (5, 1)}
    made.append(batch([(3, 0, UPDATE, 1, None, 0, 3, "late")], 3))
    for act in (lambda: content(made), lambda: made.compact("things")):
        with pytest.raises(Fenced):
            act()
    assert content(new) == {1: (9, "z")}
    new.compact("things")
    assert content(new) == {1: (9, "z")}
    other.close()


def test_the_follower_sends_by_itself_and_tells_when_it_can_not(
    bigquery: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = bigquery.place()
    made = BigQueryWarehouse(place, tmp_path / "j.duckdb", Pace(sending=0.05), patience=0.0)
    made.prepare([SHAPE])
    made.fence("me")
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "x")], 1))
    # The emulator refuses what comes while another statement runs: nothing is asked before all is sent.
    wait_until("the mirror has sent it", lambda: made._mirror._sent == 1)
    assert made.degraded() == {}
    asked = made._mirror._service
    monkeypatch.setattr(asked, "writing", Shaky(asked.writing, ["before"] * 1000))
    made.append(batch([(2, 0, INSERT, 2, None, 0, 2, "y")], 2))
    wait_until("the problem is told", made.degraded)
    assert made.degraded() == {"things": ["BigQuery does not follow: ServiceUnavailable"]}
    assert made.position() == 2
    made.close()


def test_nothing_waits_for_the_one_that_waits_for_bigquery(bigquery: Emulator, tmp_path: Path) -> None:
    place = bigquery.place()
    made = BigQueryWarehouse(place, tmp_path / "j.duckdb", AT_ONCE, patience=5.0)
    made.prepare([SHAPE])
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "x")], 1))
    assert content(made) == {1: (1, "x")}
    made.append(batch([(2, 0, INSERT, 2, None, 0, 2, "y")], 2))
    with made._mirror._turn, ThreadPoolExecutor(1) as beside:
        for act in (lambda: made.compact("things"), lambda: made.prune(dt.timedelta(0)), made.restart):
            beside.submit(act).result(10)
    made.append(copy({1: (1, "X")}, 1, 1))
    assert content(made) == {1: (1, "X")}
    # What was to be pruned is, with the next sending.
    always = "_committed_at >= timestamp '1900-01-01'"
    left = made._mirror._service.query(f"select b from {place.name('things__changes')} where {always} and _key = 1")
    assert left.to_pylist() == [{"b": "X"}]
    made.close()


def following(place: Place, path: Path, patience: float = 5.0) -> BigQueryWarehouse:
    made = BigQueryWarehouse(place, path, Pace(sending=0.02, folding=3600.0), patience)
    made.prepare([SHAPE])
    return made


def test_a_worker_that_stands_by_takes_nothing_over(bigquery: Emulator, tmp_path: Path) -> None:
    place = bigquery.place()
    active = following(place, tmp_path / "active.duckdb")
    active.fence("active")
    active.append(batch([(1, 0, INSERT, 1, None, 0, 1, "x")], 1))
    wait_until("the active one has sent it", lambda: active._mirror._sent == 1)
    standby = following(place, tmp_path / "standby.duckdb")
    time.sleep(0.5)
    active.append(batch([(2, 0, INSERT, 2, None, 0, 2, "y")], 2))
    wait_until("the active one goes on sending", lambda: active._mirror._sent == 2 or bool(active.degraded()))
    assert active.degraded() == {}
    standby.close()
    active.close()
    assert content(following(place, tmp_path / "active.duckdb")) == {1: (1, "x"), 2: (2, "y")}


def test_a_worker_that_takes_over_again_is_followed_again(bigquery: Emulator, tmp_path: Path) -> None:
    place = bigquery.place()
    one, other = (following(place, tmp_path / f"{name}.duckdb") for name in ("one", "other"))
    one.fence("one")
    one.append(batch([(1, 0, INSERT, 1, None, 0, 1, "x")], 1))
    wait_until("the first one has sent it", lambda: one._mirror._sent == 1)
    other.fence("other")
    other.append(copy({1: (1, "x")}, 1, 1))
    wait_until("the other one has taken over", lambda: other._mirror._sent == 1)
    wait_until("the first one is refused", lambda: is_refused(one))
    other.close()
    one.fence("one")
    one.append(batch([(2, 0, INSERT, 2, None, 0, 2, "y")], 2))
    (load_id,) = one.connection.cursor().execute("select load_id from raw.checkpoint").fetchall()[0]
    wait_until("what it has is sent", lambda: one._mirror._sent == load_id)
    one.close()


def is_refused(made: BigQueryWarehouse) -> bool:
    try:
        made.append(batch([], 1))
    except Fenced:
        return True
    return False


def test_a_worker_begins_while_bigquery_is_down(tmp_path: Path) -> None:
    nowhere = Place("test", "d", rest_endpoint="http://127.0.0.1:1", grpc_endpoint="127.0.0.1:1")
    made = following(nowhere, tmp_path / "j.duckdb", patience=0.0)
    made.fence("me")
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "x")], 1))
    wait_until("the problem is told", made.degraded)
    assert made.position() == 1
    made.close()


def test_a_row_that_is_longer_than_a_request_is_loaded(opener: BigQueryOpener) -> None:
    made = opener()
    made.append(batch([(1, 0, INSERT, 1, None, 0, 1, "x")], 1))
    content(made)
    long = "é" * 6_000_000
    made.append(batch([(2, 0, INSERT, 2, None, 0, 2, "y"), (2, 1, UPDATE, 1, None, 0, 1, long)], 2))
    assert content(made) == {1: (1, long), 2: (2, "y")}
