"""The change log of PostgreSQL: logical replication by pgoutput, decoded column by column."""
