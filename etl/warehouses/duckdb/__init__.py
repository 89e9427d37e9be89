"""DuckDB as the warehouse: one process owns the file."""
