"""Changes found by asking the tables again and again, where replication isn't allowed."""
