"""Rows of a DuckDB in batches that are bounded in bytes, too: a batch holds 2 GB of a column at the most."""

from collections.abc import Iterator
from typing import Final

import pyarrow as pa

PIECE_ROWS: Final = 64
"""How many rows to ask DuckDB for at a time: of the longest texts that are taken in, 8 MiB, as many fit."""

_BYTES: Final = 64 * 2**20


def gathered(pieces: pa.RecordBatchReader, rows: int) -> pa.RecordBatchReader:
    """Return the rows of small batches in batches of about so many rows, or about 64 MB where that is less."""
    return pa.RecordBatchReader.from_batches(pieces.schema, _gathered(pieces, rows))


def _gathered(pieces: pa.RecordBatchReader, rows: int) -> Iterator[pa.RecordBatch]:
    held: list[pa.RecordBatch] = []
    count = size = 0
    for piece in pieces:
        held.append(piece)
        count, size = count + piece.num_rows, size + piece.nbytes
        if count >= rows or size >= _BYTES:
            yield pa.concat_batches(held)
            held, count, size = [], 0, 0
    if held:
        yield pa.concat_batches(held)
