"""Sources of changes: each gives the same batches, in the order in which the changes were committed."""
