"""The replication slot: made with an exported snapshot, watched, and never gone on with where changes were lost."""

from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

import psycopg
from psycopg import pq, sql

from etl.sources.faults import ChangesLost, SourceGone
from etl.sources.postgres_wal.faults import refused
from etl.sources.postgres_wal.stream import replication_connection

_STATE = """
select slot.plugin, slot.database = current_database(), slot.active, slot.wal_status, slot.safe_wal_size,
    slot.confirmed_flush_lsn - '0/0'::pg_lsn,
    pg_current_wal_lsn() - slot.confirmed_flush_lsn, pg_current_wal_lsn() - slot.restart_lsn
from pg_replication_slots slot where slot.slot_name = %s
"""
_NO_SLOT: Final = "the replication slot is gone"


@dataclass(frozen=True)
class SlotState:
    """A slot as the source tells it; `safe_bytes` is what may still be written before it is lost, None for no limit.

    `confirmed` is the LSN before which the source may have forgotten; `lag_bytes` what was written since,
    `kept_bytes` what the source keeps on its disk because of the slot.
    """

    plugin: str
    is_of_this_database: bool
    is_active: bool
    wal_status: str
    safe_bytes: int | None
    confirmed: int
    lag_bytes: int
    kept_bytes: int | None


def slot_state(connection: psycopg.Connection, name: str) -> SlotState | None:
    """Return where a slot stands, None if there is none of this name."""
    row = connection.execute(_STATE, [name]).fetchone()
    if row is None:
        return None
    plugin, is_here, is_active, status, safe, confirmed, lag, kept = row
    return SlotState(
        plugin,
        bool(is_here),
        is_active,
        status or "lost",
        safe,
        int(confirmed or 0),
        int(lag or 0),
        None if kept is None else int(kept),
    )


def require_resumable(state: SlotState | None, position: int) -> None:
    """Raise ChangesLost unless everything after the position is still to be had from the slot."""
    if state is None:
        raise ChangesLost(_NO_SLOT)
    if state.plugin != "pgoutput" or not state.is_of_this_database:
        raise ChangesLost("the replication slot is another one of the same name")
    if state.wal_status == "lost":
        raise ChangesLost("the source removed log that the slot still needed (max_slot_wal_keep_size)")
    if state.confirmed > position + 1:
        raise ChangesLost("the replication slot is ahead of the warehouse: changes between them are gone")
    if state.confirmed + state.lag_bytes < position:
        raise ChangesLost("the warehouse is ahead of the source, which was set back to an earlier state")


def drop_slot(connection: psycopg.Connection, name: str) -> None:
    """Remove a slot if it is there; SourceGone while another connection reads it."""
    try:
        connection.execute(
            "select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name = %s", [name]
        )
    except psycopg.errors.ObjectInUse:
        raise SourceGone("the replication slot is in use by another worker") from None


class NewSlot:
    """A slot just made, with a snapshot of the moment from which it streams; the snapshot lives as long as this.

    A temporary one goes with this too: it is made for the sake of the snapshot. Making one waits for the transactions
    that write at the moment.
    """

    def __init__(self, url: str, name: str, *, is_temporary: bool = False) -> None:
        self._connection = replication_connection(url)
        kind = "TEMPORARY LOGICAL" if is_temporary else "LOGICAL"
        command = f"CREATE_REPLICATION_SLOT \"{name}\" {kind} pgoutput (SNAPSHOT 'export')"
        result = self._connection.exec_(command.encode())
        if result.status != pq.ExecStatus.TUPLES_OK:
            reason = refused(result)
            self._connection.finish()
            raise SourceGone(f"the replication slot can't be made: {reason}")
        point, snapshot = result.get_value(0, 1), result.get_value(0, 2)
        high, _, low = (point or b"0/0").decode().partition("/")
        # Commits from this LSN on are streamed; those before it are in the snapshot.
        self.position = (int(high, 16) << 32 | int(low, 16)) - 1
        self.snapshot = (snapshot or b"").decode()

    def adopt(self, connection: psycopg.Connection) -> None:
        """Let a connection see what the snapshot sees, until the end of its transaction."""
        connection.execute("begin transaction isolation level repeatable read, read only")
        connection.execute(sql.SQL("set transaction snapshot {}").format(sql.Literal(self.snapshot)))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.finish()
