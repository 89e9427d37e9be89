"""What the gateway should answer over the sample, computed row by row in Python: no SQL and none of its code."""
