"""Recording: what a record tells, and what is refused when records can't be kept."""

import asyncio
import datetime as dt
import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from app.audit import recording, shipping
from app.audit.anchors import Anchors
from app.audit.journal import Journal, entries, journals, left_behind
from app.audit.recording import RecordingExecutor
from app.audit.shipping import Shipping
from app.embedded.locks import FileLock
from resolvers.answers import Answer
from resolvers.engine import Costing, MutationByGet, Operation
from security.principal import Actor, Principal
from security.roles import Role
from tests.graph import Asking
from tests.model.viewers import ADMIN, ALL_SEEN, SUPPORT, rows_of

LIMIT = 60.0


class Recorded:
    """Records what an engine runs, with a database that is never there."""

    def __init__(self, ask: Asking, folder: Path) -> None:
        self.shipping = Shipping("postgresql://nobody@127.0.0.1:1/nothing", folder, Anchors(folder / "anchors"), b"")
        self.executor = RecordingExecutor(ask.engine, self.shipping, most_lag=LIMIT)

    async def ask(self, document: str, principal: Principal = ADMIN.principal, **more: Any) -> Answer:
        operation = Operation(document, request="r1", address="192.0.2.7", **more)
        return await self.executor.execute(operation, principal)

    @property
    def records(self) -> list[dict[str, Any]]:
        found, _ = entries(self.shipping.journal.path, 0, 1 << 20)
        return [orjson.loads(record) for record in found.records]


@pytest.fixture
def recorded(ask: Asking, tmp_path: Path) -> Recorded:
    return Recorded(ask, tmp_path)


async def test_what_a_record_tells(recorded: Recorded) -> None:
    actor = Actor("assistant", frozenset({Role.ADMIN}))
    principal = Principal("ana", frozenset({Role.SUPPORT}), actor=actor)
    before = dt.datetime.now(dt.UTC)
    answer = await recorded.ask("query Look { customers(first: 2) { nodes { name phone } } }", principal, name="Look")
    [told] = recorded.records
    assert before <= dt.datetime.fromisoformat(told.pop("at")) <= dt.datetime.now(dt.UTC)
    assert len(told.pop("document")) == 64
    first, second, third = (row["id"] for row in rows_of("customers", ALL_SEEN)[:3])
    # The reference path has read one row more, to tell whether there is one.
    told["subjects"] = told["subjects"].replace(f"Customer:{third} ", "")
    assert told == {
        "request": "r1",
        "subject": "ana",
        "actor": "assistant",
        "roles": "support",
        "address": "192.0.2.7",
        "operation": "Look",
        "outcome": "ANSWERED",
        "coordinates": "Customer.name Customer.phone CustomerConnection.nodes Query.customers",
        "personal": "Customer.phone",
        "subjects": f"Customer:{first} Customer:{second} ",
    }
    assert b"\x02" not in answer.body


@pytest.mark.parametrize(
    ("document", "personal"),
    [
        ("{ orders { nodes { databaseId } } }", None),
        ("{ customers { nodes { name } } }", None),
        ("{ orders(first: 1) { nodes { customer { cnpj } } } }", "Customer.cnpj"),
        ("{ node(id: $id) { ... on Customer { email } } }", "Customer.email"),
        ("{ customers(where: {cnpj: {isNull: true}}) { totalCount } }", "CustomerFilter.cnpj"),
        ("{ customers(orderBy: {field: EMAIL}) { totalCount } }", "CustomerOrderField.EMAIL"),
        (
            "{ customersAggregate(groupBy: {field: PHONE}) { key { phone } } }",
            "CustomerGroupField.PHONE CustomerGroupKey.phone",
        ),
    ],
)
async def test_personal_data_is_named(recorded: Recorded, document: str, personal: str | None) -> None:
    answer = await recorded.ask(document.replace("$id", '"Q3VzdG9tZXI6MTQ="'))
    assert answer.executed
    [told] = recorded.records
    assert told.get("personal") == personal


async def test_personal_data_in_variables_is_named_and_not_written_down(recorded: Recorded) -> None:
    document = "query($where: CustomerFilter) { customers(where: $where) { totalCount } }"
    await recorded.ask(document, variables={"where": {"not": {"email": {"eq": "ana@farmacia.example"}}}})
    [told] = recorded.records
    assert told["personal"] == "$email"
    assert "farmacia" not in str(told)


async def test_an_answer_with_its_cost_is_recorded_as_any_other(recorded: Recorded) -> None:
    await recorded.ask("{ customers(first: 1) { nodes { phone } } }", costing=Costing.TOLD)
    [told] = recorded.records
    assert told["personal"] == "Customer.phone"


async def test_rows_behind_links_are_named_once(recorded: Recorded) -> None:
    await recorded.ask("{ orders { nodes { notes customer { name phone } } } }")
    [told] = recorded.records
    rows = told["subjects"].split()
    assert len(rows) == len(set(rows))
    orders = rows_of("orders", ALL_SEEN)[:20]
    expected = {f"Order:{row['id']}" for row in orders} | {f"Customer:{row['customer_id']}" for row in orders}
    assert expected <= set(rows) <= expected | {f"Order:{row['id']}" for row in rows_of("orders", ALL_SEEN)}


@pytest.mark.parametrize(
    ("document", "principal", "outcome"),
    [
        ("{", ADMIN.principal, "GRAPHQL_PARSE_FAILED"),
        ("{ customers { nodes { address } } }", SUPPORT.principal, "GRAPHQL_VALIDATION_FAILED"),
        ("{ orders(first: 0) { totalCount } }", ADMIN.principal, "BAD_USER_INPUT"),
    ],
)
async def test_what_is_refused_is_recorded(
    recorded: Recorded, document: str, principal: Principal, outcome: str
) -> None:
    await recorded.ask(document, principal)
    [told] = recorded.records
    assert (told["outcome"], told["subject"]) == (outcome, principal.subject)
    assert len(told["document"]) == 64
    assert "coordinates" not in told


@pytest.mark.parametrize(
    ("end", "outcome"), [(MutationByGet(), "BAD_USER_INPUT"), (asyncio.CancelledError(), "CANCELLED")]
)
async def test_what_has_no_answer_is_recorded(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch, end: BaseException, outcome: str
) -> None:
    async def ended(*_: object) -> Answer:
        raise end

    monkeypatch.setattr(recorded.executor, "_executor", SimpleNamespace(execute=ended))
    with pytest.raises(type(end)):
        await recorded.ask(OTHER)
    [told] = recorded.records
    assert told["outcome"] == outcome


async def test_texts_that_the_database_does_not_take(recorded: Recorded) -> None:
    await recorded.ask("{ __typename }", Principal("a\0b\ud800", frozenset({Role.ADMIN})), name="é\n")
    [told] = recorded.records
    assert (told["subject"], told["operation"]) == ("a?b?", None)


SENSITIVE = "{ customers(first: 1) { nodes { phone } } }"
OTHER = "{ customers(first: 1) { nodes { name } } }"


async def test_without_a_journal_only_personal_data_is_refused(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_record: bytes) -> None:
        raise OSError(errno.ENOSPC, "no room")

    with monkeypatch.context() as broken:
        broken.setattr(recorded.shipping.journal, "append", full)
        refused = await recorded.ask(SENSITIVE)
        assert (refused.status, refused.executed) == (503, False)
        assert orjson.loads(refused.body)["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
        assert (await recorded.ask(OTHER)).executed
        assert recorded.records == []
    # With room again nothing of it is lost.
    assert (await recorded.ask(SENSITIVE)).executed
    assert [told["outcome"] for told in recorded.records] == ["ANSWERED"] * 3


async def test_while_the_database_takes_no_records_personal_data_is_refused(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await recorded.ask(SENSITIVE)).executed
    assert not await recorded.shipping.ship()
    monkeypatch.setattr(Shipping, "lag", LIMIT + 1)
    assert (await recorded.ask(SENSITIVE)).status == 503
    assert (await recorded.ask(OTHER)).executed
    # On the disk all the same, to be shipped later.
    assert [told["outcome"] for told in recorded.records] == ["ANSWERED", "UNAVAILABLE", "ANSWERED"]


async def test_where_no_more_records_can_be_held_nothing_is_answered(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_record: bytes) -> None:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(recording, "_MOST_HELD", 2)
    with monkeypatch.context() as broken:
        broken.setattr(recorded.shipping.journal, "append", full)
        answers = [await recorded.ask(OTHER) for _ in range(4)]
        assert [answer.status for answer in answers] == [200, 200, 503, 503]
    assert (await recorded.ask(OTHER)).executed
    assert [told["outcome"] for told in recorded.records] == ["ANSWERED"] * 3


async def test_what_the_database_does_not_take_waits_in_one_journal_after_the_other(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "ROOM", 1_000)
    monkeypatch.setattr(shipping, "_MOST_JOURNALS", 4)
    recorded.shipping.journal.close()
    recorded.shipping.journal = Journal(recorded.shipping.journal.path.parent, room=1_000)
    folder = recorded.shipping.journal.path.parent
    for _ in range(12):
        assert (await recorded.ask(OTHER)).executed
        assert not await recorded.shipping.ship()
    assert len(list(journals(folder))) == 4
    assert len(list(left_behind(folder))) == 3
    # The last of them is full, and what it does not take is in memory.
    on_disk = [one for path in journals(folder) for one in entries(path, 0, 1 << 20)[0].records]
    assert recorded.executor.held > 0
    assert len(on_disk) + recorded.executor.held == 12
    # As soon as there may be another one, it has them, whether or not somebody asks for anything.
    monkeypatch.setattr(shipping, "_MOST_JOURNALS", 5)
    while recorded.executor.held and len(list(journals(folder))) < 5:
        assert not await recorded.shipping.ship()
    on_disk = [one for path in journals(folder) for one in entries(path, 0, 1 << 20)[0].records]
    assert (len(on_disk), recorded.executor.held) == (12, 0)


async def test_a_record_larger_than_a_journal_gets_one_of_its_size(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shipping, "ROOM", 100)
    recorded.shipping.journal = Journal(recorded.shipping.journal.path.parent, room=100)
    assert (await recorded.ask(SENSITIVE)).status == 503
    await recorded.shipping.ship()
    assert (await recorded.ask(SENSITIVE)).executed
    assert [told["outcome"] for told in recorded.records] == ["ANSWERED", "ANSWERED"]


_WRITER = """
import sys
from pathlib import Path
from app.audit.journal import Journal
journal = Journal(Path(sys.argv[1]))
number = 0
while True:
    journal.append(b'{"number": %d}' % number)
    sys.stdout.write(f"{number}\\n")
    sys.stdout.flush()
    number += 1
"""


def test_what_was_answered_for_is_there_after_kill_9(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for _ in range(500):
            answered = int(process.stdout.readline())
        assert list(left_behind(tmp_path)) == []
        os.kill(process.pid, signal.SIGKILL)
        answered = max([answered, *(int(line) for line in process.stdout.read().split())])
    [path] = left_behind(tmp_path)
    found, _ = entries(path, 0, 1 << 20)
    assert [orjson.loads(record)["number"] for record in found.records][: answered + 1] == list(range(answered + 1))


_KILLED_WHILE_MAKING = """
import os, signal, sys
from pathlib import Path
from app.audit.journal import Journal
os.write = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
Journal(Path(sys.argv[1]))
"""


def test_what_a_kill_left_of_a_journal_that_was_being_made_is_removed_at_a_start(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", _KILLED_WHILE_MAKING, str(tmp_path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    [left] = tmp_path.glob("*.new")
    being_made = FileLock(tmp_path / "locked.new")
    being_made.exclusive()
    for path in (left, being_made.path):
        os.utime(path, (0, 0))
    not_locked_yet = tmp_path / "begun.new"
    not_locked_yet.touch()
    # As at a start of the gateway.
    journal = Shipping("postgresql://nobody@127.0.0.1:1/nothing", tmp_path, Anchors(tmp_path / "anchors"), b"").journal
    assert set(tmp_path.iterdir()) == {being_made.path, not_locked_yet, journal.path}
    being_made.release()
    journal.close()


def test_a_full_journal_takes_no_part_of_a_record(tmp_path: Path) -> None:
    journal = Journal(tmp_path, room=40)
    journal.append(b'{"number": 1}')
    before = journal.is_filling
    journal.append(b'{"number": 2}')
    assert (before, journal.is_filling) == (False, True)
    with pytest.raises(OSError, match="full") as full:
        journal.append(b'{"number": 3}')
    assert full.value.errno == errno.ENOSPC
    found, _ = entries(journal.path, 0, 1 << 20)
    assert found.records == [b'{"number": 1}', b'{"number": 2}']


def test_a_closed_journal_takes_no_record(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.close()
    with pytest.raises(OSError, match="closed"):
        journal.append(b'{"number": 1}')


def test_without_room_on_the_disk_no_journal_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_descriptor: int, _block: bytes) -> int:
        raise OSError(errno.ENOSPC, "no room")

    with monkeypatch.context() as broken:
        broken.setattr(os, "write", full)
        with pytest.raises(OSError, match="no room"):
            Journal(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_record_that_was_cut_off_is_none(tmp_path: Path) -> None:
    journal = Journal(tmp_path, room=64)
    journal.append(b'{"number": 1}')
    with journal.path.open("r+b") as file:
        file.seek(14)
        file.write(b'{"num')
    found, after = entries(journal.path, 0, 1 << 20)
    assert (found.records, after) == ([b'{"number": 1}'], 14)


def test_records_larger_than_a_batch_are_read_whole(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(b"x" * 5000)
    journal.append(b"y")
    found, after = entries(journal.path, 0, 1000)
    assert [len(record) for record in found.records] == [5000]
    assert entries(journal.path, after, 1000)[0].records == [b"y"]
