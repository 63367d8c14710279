"""The two things that can go wrong while a compiled model is opened or asked."""


class ModelFormatError(Exception):
    """The compiled-model file is damaged, of another format, or not a compiled model at all."""


class InvalidInput(ValueError):
    """What was asked does not fit the model. The message is one sentence for the person who asked.

    `row` counts from 0, `feature` is the column's name, `expected` says what would have fitted; each is None where it
    does not apply. `problem` is a short stable word for programs (see docs/reference/problems.md).
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
