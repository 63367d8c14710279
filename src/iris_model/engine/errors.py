"""The errors of opening and evaluating a model."""


class ModelFormatError(Exception):
    """The file is damaged, has another format version, or is not a compiled model."""


class InvalidInput(ValueError):
    """The input does not fit the model. The message is one sentence for the caller.

    `row` counts from 0, `feature` is the name of the column, `expected` describes valid values; each is None where it
    does not apply. `problem` is a stable identifier for programs; the reference page "problems" lists them.
    """

    def __init__(
        self,
        message: str,
        *,
        row: int | None = None,
        feature: str | None = None,
        expected: str | None = None,
        problem: str = "invalid-input",
    ) -> None:
        super().__init__(message)
        self.row = row
        self.feature = feature
        self.expected = expected
        self.problem = problem


class UnusableAnswer(Exception):
    """A method of an original model returned something other than labels or numbers, one for each row."""
