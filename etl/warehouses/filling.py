"""Unsent values: taken from the newest row that is known of the same key."""

from collections.abc import Callable, Collection

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from etl.changes import META, Operation

Known = Callable[[Collection[int]], pa.Table]
Places = npt.NDArray[np.int64]


def filled(records: pa.Table, known: Known) -> pa.Table:
    """Return the changes with what was not sent, as far as it is known.

    `known` gives the rows as they stand before these changes, by key: the column `_key` and the own columns. A bit of
    `_unchanged` that is left says that the value is not known.
    """
    masks = records.column("_unchanged").to_numpy().copy()
    if not masks.any():
        return records
    keys = records.column("_key").to_pylist()
    old_keys = records.column("_old_key").to_pylist()
    operations = records.column("_op").to_pylist()
    before = known({old_keys[i] if old_keys[i] is not None else keys[i] for i in np.flatnonzero(masks)})
    names = records.column_names[len(META.names) :]
    newest = {key: i for i, key in enumerate(before.column("_key").to_pylist())}
    places = np.tile(np.arange(len(records)) + len(before), (len(names), 1))
    unknown = masks.copy()
    for i, (key, operation) in enumerate(zip(keys, operations, strict=True)):
        if operation == Operation.TRUNCATE:
            newest.clear()
        elif operation != Operation.DELETE:
            if masks[i]:
                source = newest.get(key if old_keys[i] is None else old_keys[i])
                unknown[i] = _look_up(i, source, len(before), places, unknown)
            newest[key] = i + len(before)
    columns = {name: records.column(name) for name in META.names} | {"_unchanged": pa.array(unknown, pa.int64())}
    for bit, name in enumerate(names):
        both = pa.chunked_array([*before.column(name).chunks, *records.column(name).chunks], records.column(name).type)
        columns[name] = both.take(pa.array(places[bit]))
    return pa.table(columns)


def _look_up(row: int, source: int | None, start: int, places: Places, unknown: Places) -> int:
    """Point a row's unsent values to where they are; return the bits of those that stay unknown.

    Places from `start` on are changes, those before it are known rows.
    """
    mask, left = int(unknown[row]), 0
    if source is None:
        return mask
    for bit in range(len(places)):
        if mask >> bit & 1:
            places[bit, row] = places[bit, source - start] if source >= start else source
            left |= int(unknown[source - start]) & (1 << bit) if source >= start else 0
    return left
