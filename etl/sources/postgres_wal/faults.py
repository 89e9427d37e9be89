"""Why PostgreSQL refuses, in words that can be logged."""

from psycopg import pq


def refused(result: pq.abc.PGresult | None) -> str:
    """Return the source's reason in its first line, which quotes no rows."""
    if result is None:
        return "the source ended the stream"
    primary = result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY)
    return primary.decode(errors="replace") if primary else "the source ended the stream"
