"""Dead letters read again, in the shape that their table has now, by the code that reads rows."""

import numpy as np

from etl.changes import Changes, DeadLetter, TableShape
from etl.sources.postgres_wal.cells import PADDING, Buffer
from etl.sources.postgres_wal.messages import Relation, RelationColumn
from etl.sources.postgres_wal.rows import EPOCH, MICROSECOND, REPLICATED, Rows
from etl.sources.postgres_wal.runs import Run
from etl.sources.postgres_wal.snapshot import COPIED, CopiedRows
from etl.sources.postgres_wal.wire import Block

__all__ = ["COPIED", "REPLICATED", "read_copied", "read_replicated"]


def read_replicated(letter: DeadLetter, shape: TableShape) -> Changes | None:
    """Return the change of a letter that came with the stream; None where it still does not fit."""
    columns = tuple(RelationColumn(name, oid, is_key=name == shape.key) for name, oid in letter.columns)
    rows = Rows(Relation(0, letter.table, columns), shape)
    rows.runs.append(
        Run(
            starts=np.array([0]),
            tables=np.array([0]),
            operations=np.array([letter.operation], dtype=np.int8),
            commits=np.array([letter.commit_lsn]),
            times=np.array([(letter.committed_at - EPOCH) // MICROSECOND]),
            places=np.array([letter.seq]),
            moved=np.array([letter.old_key is not None]),
            old_keys=np.array([letter.old_key or 0]),
        )
    )
    return rows.typed(Buffer(letter.raw + PADDING))[0]


def read_copied(letter: DeadLetter, shape: TableShape) -> Changes | None:
    """Return the row of a letter that came with a copy; None where it still does not fit."""
    block = Block(letter.raw + PADDING, np.array([0]), np.array([len(letter.raw)]))
    return CopiedRows(shape, dict(letter.columns), letter.commit_lsn).typed(block, letter.seq)[0]
