"""How many rows of large tables a page reads: some times as many as it shows, and not the table."""
