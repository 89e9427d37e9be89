"""What can go wrong with a source, told apart by what to do about it."""


class SourceGone(Exception):
    """The connection to the source ended or could not be made: try again."""


class ChangesLost(Exception):
    """The source no longer has what was not loaded yet: copy all tables again; going on would leave a gap."""
