"""Measuring the ETL."""
