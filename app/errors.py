"""Faults that stop a command or a start, each with a message that says what to do."""


class StartError(Exception):
    """The command cannot go on; its text is shown to the operator as it is, without a traceback."""
