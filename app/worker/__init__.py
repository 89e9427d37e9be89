"""The ETL worker put together from the settings."""
