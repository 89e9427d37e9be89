"""What can go wrong with a source, told apart by what to do about it."""

from psycopg import pq


class SourceGone(Exception):
    """The connection to the source ended or could not be made: try again."""


class SlotTaken(SourceGone):
    """Another worker reads the slot: stand by."""


class ChangesLost(Exception):
    """The source no longer has what was not loaded yet: copy all tables again; going on would leave a gap."""


def refused(result: pq.abc.PGresult | None) -> str:
    """Return the source's reason in its first line, which quotes no rows."""
    if result is None:
        return "the source ended the stream"
    primary = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY)
    return primary.decode(errors="replace") if primary else "the source ended the stream"
