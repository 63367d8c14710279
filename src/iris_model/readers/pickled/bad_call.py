"""What the functions that rebuild data raise."""


class BadCall(ValueError):
    """A call with arguments that no library writes."""
