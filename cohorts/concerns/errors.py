"""What cannot be done with a report, in words for whoever tried."""


class ConcernError(Exception):
    """The text says what is wrong and what to do."""
