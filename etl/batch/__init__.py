"""Work on the warehouse beside its stream: runs of models, checks, exports, retries; by command and by schedule."""
