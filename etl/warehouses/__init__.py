"""Where changes land: one interface, and DuckDB and BigQuery behind it."""
