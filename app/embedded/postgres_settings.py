"""Settings of the embedded PostgreSQL, given on its command line at each start."""

import sys
from dataclasses import dataclass

from app.embedded.ports import LOOPBACK

# One call for the file system, where there is one, instead of one for each of a thousand files.
SYNC_METHOD = "syncfs" if sys.platform == "linux" else "fsync"


@dataclass(frozen=True)
class PostgresTuning:
    """What tests choose otherwise than users."""

    # Off: much faster; a crash of the machine may destroy the cluster, that of a process does not.
    durable: bool = True
    shared_buffers: str = "128MB"
    max_connections: int = 100


def settings_of(port: int, tuning: PostgresTuning) -> dict[str, str | int]:
    """Return the values by name. Not in a file: root writes nothing into a folder that its server controls."""
    durable = "on" if tuning.durable else "off"
    return {
        "listen_addresses": LOOPBACK,
        "port": port,
        "unix_socket_directories": "",
        "max_connections": tuning.max_connections,
        "password_encryption": "scram-sha-256",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # Memory and disk of a developer's machine, with a solid-state disk.
        "shared_buffers": tuning.shared_buffers,
        "effective_cache_size": "1GB",
        "maintenance_work_mem": "128MB",
        "work_mem": "16MB",
        "random_page_cost": "1.1",
        "jit": "off",
        # A commit that was acknowledged survives every crash.
        "fsync": durable,
        "full_page_writes": durable,
        "synchronous_commit": "on",
        # After a crash, before the log is replayed.
        "recovery_init_sync_method": SYNC_METHOD,
        # The change log.
        "wal_level": "logical",
        "max_wal_size": "1GB",
        "max_wal_senders": 10,
        "max_replication_slots": 10,
        # A reader that never comes back must not fill the disk.
        "max_slot_wal_keep_size": "4GB",
        # Events of the server only: messages about statements carry their values, so personal data.
        "log_min_messages": "log",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "log_statement": "none",
        "log_min_duration_statement": -1,
        "log_parameter_max_length": 0,
        "log_parameter_max_length_on_error": 0,
        "log_autovacuum_min_duration": -1,
        "log_checkpoints": "off",
        "log_lock_waits": "off",
        "log_line_prefix": "%m [%p] ",
    }
