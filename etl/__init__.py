"""Data on the move: files, demo data, and the warehouse."""
