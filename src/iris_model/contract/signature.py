"""What a model takes and answers: the signature, its columns, and where the model came from (docs/architecture.md)."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

Label: TypeAlias = bool | int | float | str
"""What a classifier answers: each label keeps the type that it had in training."""

Cell: TypeAlias = bool | int | float | str | None
"""One value of a row; None is a missing one."""

Task: TypeAlias = Literal["classifier", "regressor", "clusterer", "outlier_detector", "transformer"]


ColumnKind: TypeAlias = Literal["numeric", "categorical", "text", "unknown"]


class Column(TypedDict):
    """One input column, as training met it."""

    name: str
    kind: ColumnKind
    """`unknown` only while a model is described."""
    dtype: str
    """float64, float32, bool, str, object, category; of a model that is not compiled also int64, int32, datetime64."""
    missing: bool
    """Whether the original takes a missing value."""
    categories: NotRequired[list[Any]]
    minimum: NotRequired[float]
    maximum: NotRequired[float]
    missing_as: NotRequired[Literal["none"]]
    optional: NotRequired[bool]
    """A named row may leave it out."""
    dropped: NotRequired[bool]
    """The model never looks at it."""
    hashed: NotRequired[bool]
    """Any other name would count as well."""
    closed: NotRequired[bool]
    """A category that training never met is refused."""
    puzzled_by: NotRequired[list[str]]
    """Classes that look at it and that no reader knows; only while a model is described."""


class Output(TypedDict):
    """What one method answers for a row: a list has the width of each of several outputs."""

    kind: Literal["label", "number"]
    columns: int | list[int]
    tensor: NotRequired[str]
    """Of ONNX models."""


class Feed(TypedDict):
    """One input of an ONNX model: how many columns of a row it takes, 0 for one number without a list."""

    name: str
    dtype: str
    columns: int


class InputSignature(TypedDict):
    """What goes in."""

    columns: list[Column]
    named: bool
    """Whether the model was trained with column names."""
    input: NotRequired[str | None]
    """How rows reach an original: documents, dictionaries, frame, series or table."""
    inputs: NotRequired[list[Feed]]
    one_row: NotRequired[bool]
    """Whether an ONNX model is asked row by row."""


class OutputSignature(TypedDict):
    """What comes out."""

    task: Task
    classes: list[Any] | None
    """Labels; of a classifier with several outputs a list of labels for each."""
    outputs: dict[str, Output]


class Signature(InputSignature, OutputSignature):
    """What goes in and what comes out."""


Source = TypedDict(
    "Source",
    {
        "library": str,
        "version": str,
        "class": str,
        "sha256": str,
        "tool": str,
        "parity": NotRequired[dict[str, Any]],
        "file": NotRequired[str],
        "format": NotRequired[str],
    },
)
"""Where a model came from; `parity` of a compiled one, `file` and `format` of one that stays as it is."""
