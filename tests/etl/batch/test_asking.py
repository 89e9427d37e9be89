"""Having a worker do jobs, over its socket."""

import contextlib
import json
import socket
import threading
import time
from pathlib import Path

import pytest

from etl.batch.asking import JobFailed, NobodyThere, ask, serve_jobs
from etl.batch.jobs import JobRefused, Jobs, Tell, Words
from schema.warehouse_wire import socket_of
from tests.servers import wait_until


def double(arguments: Words, tell: Tell) -> Words:
    tell({"note": "on it"})
    if arguments["number"] < 0:
        raise JobRefused("a number below zero has no double here")
    return {"double": 2 * arguments["number"]}


@pytest.fixture
def database(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


def test_a_job_tells_on_its_way_and_answers(database: Path) -> None:
    told: list[Words] = []
    with serve_jobs(Jobs({"double": double}), database):
        assert ask(database, "double", {"number": 4}, told.append) == {"double": 8}
    assert told == [{"note": "on it"}]


def test_refusals_say_why_and_faults_only_their_kind(database: Path) -> None:
    with serve_jobs(Jobs({"double": double}), database):
        with pytest.raises(JobRefused, match="below zero"):
            ask(database, "double", {"number": -1}, print)
        with pytest.raises(JobRefused, match="no job triple: this worker knows double"):
            ask(database, "triple", {}, print)
        with pytest.raises(JobFailed, match=r"\(KeyError\)"):
            ask(database, "double", {"secret": 1}, print)


def test_nobody_is_there_before_and_after(database: Path) -> None:
    with pytest.raises(NobodyThere):
        ask(database, "double", {}, print)
    with serve_jobs(Jobs({}), database):
        pass
    with pytest.raises(NobodyThere):
        ask(database, "double", {}, print)


def test_only_its_own_user_can_open_the_socket(database: Path) -> None:
    with serve_jobs(Jobs({}), database):
        place = socket_of(database.with_name("warehouse.duckdb.jobs"))
        assert place.stat().st_mode & 0o777 == 0o600


def test_what_is_no_request_gets_no_answer_and_disturbs_nobody(database: Path) -> None:
    with serve_jobs(Jobs({"double": double}), database):
        for text in (b"", b"\n", b"[]\n", b'{"job": "double"}\n', b"x" * 100_000):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(str(socket_of(database.with_name("warehouse.duckdb.jobs"))))
                connection.sendall(text)
                connection.shutdown(socket.SHUT_WR)
                with contextlib.suppress(ConnectionResetError):
                    assert connection.recv(10) == b""
        assert ask(database, "double", {"number": 1}, print) == {"double": 2}


def test_a_job_goes_on_when_whoever_asked_has_gone(database: Path) -> None:
    began, may_go, ended = threading.Event(), threading.Event(), threading.Event()

    def slow(_arguments: Words, tell: Tell) -> Words:
        began.set()
        may_go.wait(60)
        tell({"note": "nobody hears this"})
        ended.set()
        return {}

    with serve_jobs(Jobs({"slow": slow}), database):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(socket_of(database.with_name("warehouse.duckdb.jobs"))))
            connection.sendall(json.dumps({"token": None, "job": "slow", "arguments": {}}).encode() + b"\n")
            assert began.wait(60)
        may_go.set()
        wait_until("the job has ended", ended.is_set)


def test_jobs_take_turns_and_the_second_hears_that_it_waits(database: Path) -> None:
    at_once: list[bool] = []
    notes: list[Words] = []
    running, heard = threading.Lock(), threading.Event()

    def alone(_arguments: Words, _tell: Tell) -> Words:
        is_alone = running.acquire(blocking=False)
        at_once.append(not is_alone)
        # The other one has come, and was told that it waits.
        assert heard.wait(60)
        if is_alone:
            running.release()
        return {}

    def hear(note: Words) -> None:
        notes.append(note)
        heard.set()

    def asker() -> None:
        ask(database, "alone", {}, hear)

    with serve_jobs(Jobs({"alone": alone}), database):
        threads = [threading.Thread(target=asker) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert at_once == [False, False]
    assert [note["note"] for note in notes] == ["another job is running on the warehouse: waiting for it"]


def test_a_job_whose_command_went_away_before_its_turn_is_not_done(
    database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    done, begun, go_on = list[int](), threading.Event(), threading.Event()

    def wait(arguments: Words, _tell: Tell) -> Words:
        begun.set()
        go_on.wait(10)
        done.append(arguments["number"])
        return {}

    with serve_jobs(Jobs({"wait": wait}), database):
        first = threading.Thread(target=ask, args=(database, "wait", {"number": 1}, print))
        first.start()
        begun.wait(10)
        with socket.socket(socket.AF_UNIX) as given_up:
            given_up.connect(str(socket_of(database.with_name("warehouse.duckdb.jobs"))))
            asked = json.dumps({"token": None, "job": "wait", "arguments": {"number": 2}})
            given_up.sendall(asked.encode() + b"\n")
            assert b"waiting for it" in given_up.recv(1000)
        time.sleep(0.5)
        go_on.set()
        first.join()
        ask(database, "wait", {"number": 3}, print)
    assert done == [1, 3]
    assert caplog.records == []
