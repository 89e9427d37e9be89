"""Where the benchmark keeps what it makes."""

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
BENCH: Final = ROOT / "bench"
LATEST: Final = BENCH / "latest.json"
LATEST_SIZES: Final = BENCH / "sizes-latest.json"
LATEST_ETL: Final = BENCH / "etl-latest.json"
POSTGRAPHILE: Final = BENCH / "postgraphile"

RESULTS: Final = BENCH / "results"
"""Not under version control. The database in it is kept from run to run."""
DATA: Final = RESULTS / "data"
ETL_DATA: Final = RESULTS / "etl"
LOGS: Final = RESULTS / "logs"
LOADS: Final = RESULTS / "loads"
