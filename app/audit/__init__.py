"""The audit log: who asked for what, kept in a journal at once and in the database soon after."""
