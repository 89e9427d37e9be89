"""Which warehouse the models are built on, as dbt's profile says it.

The profile is written into the run's folder; nothing is read from a home folder.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

PROFILE: Final = "cienty"


@dataclass(frozen=True)
class DuckDBTarget:
    """The worker's own DuckDB, by the name of its database; dbt gets cursors of the open connection, never the file.

    `threads` models are built at a time.
    """

    database: str
    threads: int = 2

    def profile(self) -> dict[str, Any]:
        """Return dbt's output."""
        return {"type": "duckdb", "path": f"{self.database}.duckdb", "schema": "main", "threads": self.threads}


@dataclass(frozen=True)
class BigQueryTarget:
    """A BigQuery project and the datasets whose names begin with `dataset`.

    No query may bill more than `maximum_bytes`. `api_endpoint` names another server than Google's, for tests.
    """

    project: str
    dataset: str
    location: str = "southamerica-east1"
    maximum_bytes: int = 100 * 2**30
    threads: int = 4
    api_endpoint: str | None = None

    def profile(self) -> dict[str, Any]:
        """Return dbt's output; credentials are the environment's own (application default credentials)."""
        profile: dict[str, Any] = {
            "type": "bigquery",
            "method": "oauth",
            "project": self.project,
            "dataset": self.dataset,
            "location": self.location,
            "maximum_bytes_billed": self.maximum_bytes,
            "job_execution_timeout_seconds": 600,
            "threads": self.threads,
        }
        # A server that is not Google's is a test's, and asks for no credentials that could be real.
        stand_in = {"api_endpoint": self.api_endpoint, "method": "oauth-secrets", "token": "none"}
        return profile | stand_in if self.api_endpoint else profile


def write_profile(target: DuckDBTarget | BigQueryTarget, folder: Path) -> None:
    """Write `profiles.yml`, which may be JSON: that is YAML too."""
    folder.mkdir(parents=True, exist_ok=True)
    described = {PROFILE: {"target": "warehouse", "outputs": {"warehouse": target.profile()}}}
    (folder / "profiles.yml").write_text(json.dumps(described))
