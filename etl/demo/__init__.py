"""Demo data: made up, repeatable, and credible to who knows Brazilian pharmacies."""

from etl.demo.plan import DemoPlan
from etl.demo.rows import COLUMNS, rows
from etl.demo.seeding import Progress, SeedRefused, SeedResult, holds_data, seed

__all__ = ["COLUMNS", "DemoPlan", "Progress", "SeedRefused", "SeedResult", "holds_data", "rows", "seed"]
