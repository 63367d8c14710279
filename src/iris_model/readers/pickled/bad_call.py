"""The error of the functions that rebuild data."""


class BadCall(ValueError):
    """A call with arguments that no library writes."""
