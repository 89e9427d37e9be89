"""The dbt project's models: what is generated for them, and running them on the worker's warehouse."""
