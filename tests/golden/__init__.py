"""Golden files: an operation, the SQL that it becomes and its answer, side by side for a reviewer."""
