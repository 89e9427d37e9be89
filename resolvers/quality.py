"""Results of the warehouse's checks, read where the worker keeps them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from schema.derive.quality import HISTORY_SIZE
from security.errors import BadUserInput, Unavailable

if TYPE_CHECKING:
    # Arrow, which it brings, takes a second and many megabytes: for who asks for results, and not before.
    from resolvers.warehouse.reader import WarehouseReader

Row = dict[str, Any]
OpenReader = Callable[[], "WarehouseReader"]
"""Makes the reader of the worker's own DuckDB file; it may take a second, and may block."""

_MOST_OF_ONE: Final = 1000
_ABSENT: Final = "The warehouse does not answer: its worker is starting, or does not run beside this gateway."
_SECONDS: Final = 5.0
_MOST_CHECKS: Final = 10_000
_COLUMNS: Final = """
check_name as name, kind, table_name as "table", nullif(column_name, '') as "column", upper(severity) as severity,
upper(status) as status, examined, violations, tolerated, checked_at as at, detail
"""
_HAS_RESULTS: Final = """
select 1 from information_schema.tables where table_schema = 'pipeline' and table_name = 'check_result'
"""
_LAST: Final = """
select {columns} from {results}
where checked_at > (select max(checked_at) from {results}) - interval 30 day
qualify row_number() over (partition by check_name order by checked_at desc) = 1
order by name
"""
_HISTORY: Final = """
select {columns} from {results} where check_name = {name} order by checked_at desc limit {first}
"""


def size_of_history(asked: int | None) -> int:
    """Return how many results of one check `first` asks for."""
    if asked is None:
        return HISTORY_SIZE
    if not 1 <= asked <= _MOST_OF_ONE:
        raise BadUserInput(f"`first: {asked}` is out of range: ask for 1 to {_MOST_OF_ONE:,} results.")
    return asked


class QualityResults:
    """Reads results of checks; the file's reader is made when somebody asks first."""

    def __init__(self, open_reader: OpenReader | None = None) -> None:
        self._open = open_reader
        self._reader: WarehouseReader | None = None

    async def last(self) -> Sequence[Row]:
        """Return the last result of each check, by the fields of `QualityResult`; raises `Unavailable`."""
        return await self._read(_LAST, {})

    async def history(self, name: str, first: int) -> Sequence[Row]:
        """Return the last results of a check, the newest first; raises `Unavailable`."""
        return await self._read(_HISTORY, {"name": name, "first": first})

    async def close(self) -> None:
        """Let connections go."""
        if self._reader is not None:
            await self._reader.close()

    async def _read(self, query: str, values: Mapping[str, Any]) -> Sequence[Row]:
        try:
            return await self._asked(await self._opened(), query, values)
        except Unavailable:
            raise Unavailable(_ABSENT) from None

    async def _asked(self, reader: "WarehouseReader", query: str, values: Mapping[str, Any]) -> Sequence[Row]:
        from resolvers.warehouse.reader import Limits  # noqa: PLC0415 - see above

        limits = Limits(rows=_MOST_CHECKS, seconds=_SECONDS)
        if not (await reader.query(_HAS_RESULTS, limits=limits)).num_rows:
            # Nothing was ever checked.
            return []
        named = {name: reader.parameter(name) for name in values}
        text = query.format(columns=_COLUMNS, results=reader.table("pipeline", "check_result"), **named)
        rows: Sequence[Row] = (await reader.query(text, values, limits)).to_pylist()
        return rows

    async def _opened(self) -> "WarehouseReader":
        if self._open is None:
            raise Unavailable(_ABSENT)
        if self._reader is None:
            self._reader = await asyncio.to_thread(self._open)
        return self._reader
