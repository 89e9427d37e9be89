"""What a polling source keeps of the tables is learnt from the warehouse a part at a time."""

from collections.abc import Iterator

import pyarrow as pa

from etl.changes import Batch, Changes
from etl.sources.poll.delivered import Delivered
from tests.etl.warehouses.things import AT, INSERT, SHAPE, changes, warehouse

PARTS, ROWS, TEXT = 30, 1_000, "x" * 1_000


def test_a_large_table_is_never_in_memory_whole() -> None:
    before, held = pa.total_allocated_bytes(), list[int]()

    def parts() -> Iterator[pa.RecordBatch]:
        for part in range(PARTS):
            keys = list(range(part * ROWS, (part + 1) * ROWS))
            yield pa.RecordBatch.from_pydict({"id": keys, "a": keys, "b": [TEXT] * ROWS}, SHAPE.own)
            held.append(pa.total_allocated_bytes() - before)

    made = Delivered()
    made.learn(SHAPE, None, parts())
    assert len(held) == PARTS
    assert max(held) < PARTS * ROWS * len(TEXT) / 3
    row = changes([(1, 0, INSERT, 5, None, 0, 5, TEXT), (1, 1, INSERT, 6, None, 0, 6, "other")])
    assert made.difference(SHAPE, None, row.records).places.tolist() == [1]
    made.close()


def test_a_column_beside_one_whose_type_was_changed_is_not_compared() -> None:
    kept = warehouse()
    row = {"_op": INSERT, "_commit_lsn": 1, "_seq": 0, "_committed_at": AT, "_key": 1, "_unchanged": 2, "id": 1}
    wider = pa.schema([*SHAPE.records, pa.field("a__text", pa.string())])
    kept.append(Batch(1, [Changes("things", pa.RecordBatch.from_pylist([row | {"b": "x", "a__text": "many"}], wider))]))
    made = Delivered()
    made.learn(SHAPE, None, kept.batches("things", SHAPE.names))
    same = changes([(1, 0, INSERT, 1, None, 0, None, "x")])
    assert made.difference(SHAPE, None, same.records).places.tolist() == []
    made.close()
