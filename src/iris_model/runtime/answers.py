"""What the model said, in the two ways in which protocols want it."""

from math import isfinite

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Answers:
    """Predictions for some rows, and probabilities where the model has them.

    Strict JSON has no NaN and no infinity: where a model answers with one, the answer says null.
    """

    def __init__(
        self, model_name: str, classes: "list[Any] | None", predictions: "list[Any]", probabilities: "list[Any] | None"
    ) -> None:
        self.model_name = model_name
        self._classes = classes
        self._predictions = [_finite(value) for value in predictions]
        self.probabilities = None if probabilities is None else [_finite(row) for row in probabilities]

    def plain(self) -> "list[Any]":
        """One prediction per row: a label, a number, or a list of them where the target has several."""
        return self._predictions

    def detailed(self) -> "list[dict[str, Any]]":
        """One object per row: the prediction, and the probabilities by class."""
        if self.probabilities is None:
            return [{"prediction": prediction} for prediction in self._predictions]
        names = self.class_names()
        return [
            {"prediction": prediction, "probabilities": _by_class(names, row)}
            for prediction, row in zip(self._predictions, self.probabilities)
        ]

    def has_flat_probabilities(self) -> bool:
        """Whether there is one list of probabilities per row, and not one for each of several targets."""
        return bool(self.probabilities) and not isinstance(self.probabilities[0][0], list)  # type: ignore[index]

    def class_names(self) -> "list[Any]":
        """The classes as keys of a JSON object; one list for each target where there are several."""
        return list(map(label_key, self._classes or []))


def label_key(label: "Any") -> "Any":
    """A label as the key of a JSON object, spelled as JSON spells the value; a list of them for a list."""
    if isinstance(label, list):
        return list(map(label_key, label))
    if label is True or label is False:
        return "true" if label else "false"
    return label if isinstance(label, str) else repr(label)


def _by_class(names: "list[Any]", row: "list[Any]") -> "Any":
    """By class; a list for several targets. A chain of classifiers tells the last class of each target alone."""
    if not names or isinstance(names[0], str):
        return dict(zip(names, row))
    return [dict(zip(*pair)) if isinstance(pair[1], list) else {pair[0][-1]: pair[1]} for pair in zip(names, row)]


def _finite(value: "Any") -> "Any":
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, list):
        return [_finite(item) for item in value]
    return value
