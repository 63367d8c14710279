"""Answer with the names of the classes. Imported only if `answer-labels` is set: the signature then has the names."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from iris_model.contract.signature import OutputSignature, Signature, Source


class NamedClasses:
    """An evaluator whose `predict` returns names: `answer_classes` of the signature in place of `classes`."""

    def __init__(self, evaluator: "Any") -> None:
        self._evaluator = evaluator
        self.described: OutputSignature = getattr(evaluator, "described", None) or evaluator.signature
        self.columns = getattr(evaluator, "columns", None) or evaluator.signature["columns"]
        self.source: Source = evaluator.source
        self.outputs = evaluator.outputs
        self._evaluate = evaluator.evaluate
        self._evaluate_table = getattr(evaluator, "evaluate_table", evaluator.evaluate)
        if hasattr(evaluator, "find_encoder"):
            self.find_encoder = evaluator.find_encoder

    @property
    def signature(self) -> "Signature":
        """The signature of the evaluator."""
        signature: Signature = self._evaluator.signature
        return signature

    def evaluate(self, rows: "Sequence[object]", outputs: "tuple[str, ...]") -> "list[object]":
        """Return the values of several outputs. Raises InvalidInput."""
        return self._name(self._evaluate(rows, outputs), outputs)

    def evaluate_table(self, table: object, outputs: "tuple[str, ...]") -> "list[object]":
        """Return the values of several outputs for the table of an encoder."""
        return self._name(self._evaluate_table(table, outputs), outputs)

    def _name(self, values: "Sequence[Sequence[object]]", outputs: "tuple[str, ...]") -> "list[object]":
        return [
            name_classes(value, self.described) if output == "predict" else value
            for output, value in zip(outputs, values)
        ]


def name_classes(predictions: "Sequence[object]", signature: "OutputSignature") -> "list[object]":
    """Return the predictions with names: one for each row, or a list of one for each target.

    A label that is not a class stays: some models have a label for outliers.
    """
    classes, names = signature["classes"] or [], signature["answer_classes"]
    if not classes or not isinstance(classes[0], list):
        table = dict(zip(classes, names))
        return [table.get(label, label) for label in predictions]
    tables = [dict(zip(*pair)) for pair in zip(classes, names)]
    return [
        [known.get(label, label) for known, label in zip(tables, row)]
        for row in predictions
        if isinstance(row, (list, tuple))
    ]
