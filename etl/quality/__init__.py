"""Data quality: what the warehouse's tables have to be like, checked with a history of results."""
