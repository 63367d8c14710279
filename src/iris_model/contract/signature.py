"""Inputs and outputs of a model: the signature, its columns, and the source of the model (docs/architecture.md)."""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

Label: TypeAlias = bool | int | float | str
"""A class label. It keeps the type that it had in training."""

Cell: TypeAlias = bool | int | float | str | None
"""One value of a row; None is a missing value."""

Task: TypeAlias = Literal["classifier", "regressor", "clusterer", "outlier_detector", "transformer"]


ColumnKind: TypeAlias = Literal["numeric", "categorical", "text", "unknown"]


class Column(TypedDict):
    """One input column, as it was in the training data."""

    name: str
    kind: ColumnKind
    """`unknown` only until the model is fully described."""
    dtype: str
    """float64, float32, bool, str, object, category; for a model that is not compiled also int64, int32, datetime64."""
    missing: bool
    """Whether the original accepts a missing value."""
    categories: NotRequired[list[Any]]
    minimum: NotRequired[float]
    maximum: NotRequired[float]
    missing_as: NotRequired[Literal["none"]]
    encoded: NotRequired[bool]
    """The training data had bytes. A row contains their UTF-8 text."""
    whole_name: NotRequired[bool]
    """The name was an integer in training. The key of a row contains its digits."""
    optional: NotRequired[bool]
    """A row with column names may omit it."""
    dropped: NotRequired[bool]
    """The model does not use it."""
    hashed: NotRequired[bool]
    """The original would hash any other column name too, so a row with an unknown name is refused."""
    json: NotRequired[Literal["dict", "pair", "string"]]
    """A cell is the JSON text of a FeatureHasher's row: an object of features, a list of [name, value] pairs, or of names."""
    offsets: NotRequired[list[int]]
    """The offsets from UTC of the dates in training, in seconds, if there was another than zero."""
    closed: NotRequired[bool]
    """A category that was not in the training data is refused."""
    assumed_order: NotRequired[bool]
    """The order of `categories` is not in the model file and was not given: it is assumed to be sorted."""
    assumed_type: NotRequired[bool]
    """A step of the user's own answers otherwise if the column has categories of pandas; the type is not in the model file."""
    puzzled_by: NotRequired[list[str]]
    """Classes that use the column and that no converter knows; only until the model is fully described."""


class SharedColumns(TypedDict):
    """The columns in the file of a wide model (docs/reference/compiled-model.md)."""

    count: int
    kinds: list[Column]
    """The columns without names and ranges. Columns that differ in nothing else share an entry."""


class Output(TypedDict):
    """The answer of one method for a row. A list has the number of columns of each target."""

    kind: Literal["label", "number"]
    columns: int | list[int]
    tensor: NotRequired[str]
    """The name of the output tensor, in ONNX models."""


class Feed(TypedDict):
    """One input of an ONNX model. `columns`: how many columns of a row it takes; 0 for one number without a list."""

    name: str
    dtype: str
    columns: int


class InputSignature(TypedDict):
    """The inputs of a model."""

    columns: list[Column]
    named: bool
    """Whether the model was trained with column names."""
    input: NotRequired[str | None]
    """The container in which the original gets its rows: documents, dictionaries, frame, series or table."""
    inputs: NotRequired[list[Feed]]
    one_row: NotRequired[bool]
    """Whether an ONNX model accepts only one row per call."""


class OutputSignature(TypedDict):
    """The outputs of a model."""

    task: Task
    classes: list[Any] | None
    """Class labels. For a classifier with several targets: one list of labels per target."""
    outputs: dict[str, Output]
    answer_classes: NotRequired[list[Any]]
    """Names of `classes` in the same order, if the function answers with them (`answer-labels`)."""


class Signature(InputSignature, OutputSignature):
    """The inputs and outputs of a model."""


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
"""The origin of a model. Compiled models have `parity`; models that are not compiled have `file` and `format`."""
