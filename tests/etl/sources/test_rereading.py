"""Rows that were set aside are read in the shape of today."""

import struct

import pyarrow as pa

from etl.changes import DeadLetter, Operation
from etl.sources.postgres_wal.rereading import read_copied
from tests.etl.sources.recording import shape_of

BIGINT, TEXT = 20, 25
ROW = struct.pack(">h iq i3s iq", 3, 8, 7, 3, b"old", 8, 9)


def test_a_column_that_is_declared_no_longer_is_passed_over() -> None:
    columns = (("id", BIGINT), ("gone", TEXT), ("kept", BIGINT))
    letter = DeadLetter("things", 5, 0, 7, "kept", "", ROW, Operation.SNAPSHOT, columns=columns)
    found = read_copied(letter, shape_of("things", id=pa.int64(), kept=pa.int64(), new=pa.string()))
    assert found is not None
    (row,) = found.records.to_pylist()
    assert (row["id"], row["kept"], row["new"], row["_unchanged"]) == (7, 9, None, 4)
