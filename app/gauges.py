"""What is told of the process when its metrics are read."""

from app.audit.running import Recording
from app.metrics import Gauges
from resolvers.database import Database
from resolvers.engine import Engine
from security.budgets import FailoverBuckets


def gauges(database: Database, engine: Engine, recording: Recording, buckets: FailoverBuckets) -> Gauges:
    """Return the gauges, and the counters that others count."""
    pool = database.pool
    return {
        "statements_total": ("Statements that were sent to the database.", lambda: database.statements),
        "database_connections": ("Connections to the database that are open.", lambda: pool.size),
        "database_connections_free": ("Those of them that wait for work.", lambda: pool.free),
        "kept_schemas": ("Schemas that are kept, one for each set of capabilities.", lambda: engine.kept["schemas"]),
        "kept_documents": ("Documents that are kept.", lambda: engine.kept["documents"]),
        "kept_plans": ("Plans of compiled operations that are kept.", lambda: engine.kept["plans"]),
        "kept_statements": ("Statements of these plans that are kept.", lambda: engine.kept["statements"]),
        "audit_lag_seconds": ("Seconds for which the database has taken no audit records.", lambda: recording.lag),
        "audit_held_records": (
            "Audit records in memory, because the journal takes none.",
            lambda: recording.executor.held,
        ),
        "budgets_are_local": ("1 while Redis does not answer and budgets are split.", lambda: int(buckets.is_local)),
    }
