"""The database's log of changes: whether a worker can read it, and what the slot costs the database's disk."""

import psycopg

from app.diagnosis.finding import Facts, Finding, Health
from etl.worker.guard import exposure


def look_at_change_log(connection: psycopg.Connection, slot: str) -> Finding:
    """Look at the write-ahead log's level and at the slot of the warehouse."""
    level = connection.execute("select current_setting('wal_level')").fetchone()
    if level is None or level[0] != "logical":
        advice = "set wal_level = logical and restart PostgreSQL, or no worker can feed the warehouse"
        return Finding("change log", Health.NOTE, f"wal_level is {level and level[0]}", advice)
    found = exposure(connection, slot)
    facts: Facts = {
        "slot": slot,
        "wal_status": found.slot.wal_status if found.slot else None,
        "kept_bytes": found.slot.kept_bytes if found.slot else None,
        "limit_bytes": found.limit,
    }
    if found.alarm is not None:
        return Finding("change log", Health.PROBLEM, f"slot {slot}: {found.alarm}", "see `gateway etl status`", facts)
    if found.slot is None:
        return Finding("change log", Health.OK, f"logical; slot {slot} to be made by the first worker", facts=facts)
    kept = (found.slot.kept_bytes or 0) / 2**20
    text = f"slot {slot} is {found.slot.wal_status} and keeps {kept:,.0f} MB of {(found.limit or 0) / 2**20:,.0f} MB"
    return Finding("change log", Health.OK, text, facts=facts)
