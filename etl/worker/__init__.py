"""The worker: one process that feeds a warehouse from a source's log and looks after it."""
