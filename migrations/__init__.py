"""The operational database's history, a file a step in `versions`; steps only go forward.

A step that went out is never changed: what it should have done differently is another step.
"""
