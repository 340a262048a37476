"""Where an Account is read from: one file per place."""


class SourceError(ValueError):
    """Nothing could be read at all. The message is one line: where, what, what instead."""
