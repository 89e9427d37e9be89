"""Asking the warehouse: one interface over the embedded one and BigQuery."""
