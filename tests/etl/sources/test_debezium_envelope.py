"""Envelopes of another form than Debezium's are told as such, whatever is wrong in them."""

import copy
import json
from collections.abc import Sequence
from typing import Any

import pytest

from etl.sources.debezium.envelope import Event, Headers, NoEnvelope, read_envelope

GOOD: dict[str, Any] = {
    "schema": {"fields": [{"field": "after", "fields": [{"field": "id", "type": "int64"}]}]},
    "payload": {"op": "c", "after": {"id": 1}, "source": {"lsn": 7, "sequence": '[null,"7"]', "ts_ms": 5}},
}


def changed(path: Sequence[str], value: object) -> dict[str, Any]:
    made = copy.deepcopy(GOOD)
    part = made
    for name in path[:-1]:
        part = part[name]
    part[path[-1]] = value
    return made


SOURCE = ("payload", "source")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("payload", "after", "id"), 2**63), (("payload", "after", "id"), True),
        ((*SOURCE, "ts_ms"), 10**17), ((*SOURCE, "ts_ms"), -(10**17)), ((*SOURCE, "ts_us"), 2**63),
        ((*SOURCE, "lsn"), 2**64 - 1), ((*SOURCE, "lsn"), 2**63 - 1), ((*SOURCE, "lsn"), -1), ((*SOURCE, "lsn"), [7]),
        ((*SOURCE, "sequence"), json.dumps([str(2**70)])), ((*SOURCE, "sequence"), "[]"), ((*SOURCE, "sequence"), "{}"),
        ((*SOURCE, "sequence"), "[" * 100_000), ((*SOURCE, "sequence"), json.dumps(["9" * 5000])),
        (("schema", "fields"), 5), (("schema", "fields"), ["x"]),
        (("schema", "fields"), [{"field": "after", "fields": 5}]),
        (("schema", "fields"), [{"field": "after", "fields": [{"type": "string"}]}]),
        (("schema", "fields"), [{"field": "after", "fields": [{"field": {}}]}]),
        (("payload",), {"op": "m", "source": {"lsn": "abc"}, "message": {"prefix": "x", "content": ""}}),
        (("payload",), {"op": [], "source": {}}), (("payload", "after"), 5),
        (("payload",), {"op": "r", "after": {"id": 1}, "source": {"lsn": 2**63}}),
    ],
)  # fmt: skip # a table
def test_what_is_malformed_is_no_envelope(path: Sequence[str], value: object) -> None:
    with pytest.raises(NoEnvelope):
        read_envelope(json.dumps(changed(path, value)).encode(), None, (), "id")


@pytest.mark.parametrize("key", [b"[]", b"5", b'"x"', b"{", b'{"payload": 5}', b"\xff", b'{"id": 9223372036854775808}'])
def test_a_key_that_is_none_is_no_envelope(key: bytes) -> None:
    value = json.dumps(GOOD).encode()
    cases: list[tuple[bytes | None, Headers]] = [(key, ()), (None, [("__debezium.oldkey", key)])]
    for said, headers in cases:
        with pytest.raises(NoEnvelope):
            read_envelope(value, said, headers, "id")


@pytest.mark.parametrize("said", ["true", "incremental"])
def test_only_a_snapshot_that_is_made_beside_the_stream_begins_nothing_anew(said: str) -> None:
    made = changed((*SOURCE, "snapshot"), said)
    made["payload"]["op"] = "r"
    event = read_envelope(json.dumps(made).encode(), None, (), "id")
    assert isinstance(event, Event)
    assert (event.begins_anew, event.place, event.read_at) == (said == "true", None, 7)
