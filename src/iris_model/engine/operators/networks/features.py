"""Preprocessing of ai.onnx.ml: scalers, encoders, imputers, texts as keys."""

import math

from .arrays import FLOATS, Array, make, refuse, size_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from array import array
    from collections.abc import Sequence
    from typing import Any

    from .arrays import Attributes, Inputs, StepFunction


def listed(attributes: "Attributes", name: str) -> "list[Any]":
    """Return an attribute that is a list: long lists and numbers with a fraction are constants."""
    value = attributes.get(name)
    if value is None:
        return []
    if isinstance(value, Array):
        cells: Sequence[object] = value.cells
        return cells if isinstance(cells, list) else list(cells)
    return list(value)


def rows_of(value: Array) -> "tuple[int, int]":
    """Return the number of rows and of columns: a tensor of one dimension is one row."""
    if len(value.shape) < 2:
        return 1, len(value.cells)
    return value.shape[0], size_of(value.shape[1:])


def as_float(value: Array) -> "array[float]":
    """Return the cells in float32, as these operators compute."""
    return value.cells if value.kind == "f" else make([float(cell) for cell in value.cells], value.shape, "f").cells


def _scaler(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    _, width = rows_of(value)
    offset, scale = (_spread(listed(attributes, name), width) for name in ("offset", "scale"))
    cells: list[float] = []
    source = as_float(value)
    for start in range(0, len(source), width):
        moved = make(
            [cell - by for cell, by in zip(source[start : start + width], offset)] if offset else
            source[start : start + width], (), "f",
        ).cells  # fmt: skip
        cells += [cell * by for cell, by in zip(moved, scale)] if scale else moved
    return [make(cells, value.shape, "f")]


def _spread(values: "list[float]", width: int) -> "list[float]":
    return values * width if len(values) == 1 else values


def _normalizer(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value, norm = inputs[0], attributes.get("norm", "MAX")
    _, width = rows_of(value)
    cells: list[float] = []
    source = as_float(value)
    for start in range(0, len(source), width):
        row = source[start : start + width]
        if norm == "MAX":
            size = max(row)
        elif norm == "L1":
            size = math.fsum([abs(cell) for cell in row])
        else:
            size = math.sqrt(math.fsum([cell * cell for cell in row]))
        cells += [cell / size for cell in row] if size else row
    return [make(cells, value.shape, "f")]


def _imputer(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    _, width = rows_of(value)
    floats = value.kind in FLOATS
    fills = _spread(listed(attributes, "imputed_value_floats" if floats else "imputed_value_int64s"), width)
    filler: Array | float = attributes.get("replaced_value_float" if floats else "replaced_value_int64", 0)
    replaced = filler.cells[0] if isinstance(filler, Array) else filler
    is_nan = replaced != replaced
    cells = [
        fills[place % width] if (cell != cell if is_nan else cell == replaced) else cell
        for place, cell in enumerate(value.cells)
    ]
    return [make(cells, value.shape, value.kind)]


def _binarizer(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value, threshold = inputs[0], attributes.get("threshold", 0.0)
    return [make([1 if cell > threshold else 0 for cell in value.cells], value.shape, value.kind)]


def _one_hot(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    known: list[float | str] = listed(attributes, "cats_int64s") or listed(attributes, "cats_strings")
    places = {category: place for place, category in enumerate(known)}
    cells: list[float] = []
    for cell in value.cells:
        row = [0.0] * len(known)
        place = places.get(cell if value.kind == "s" else int(cell))
        if place is not None:
            row[place] = 1.0
        elif not attributes.get("zeros", 1):
            raise refuse(f"the category {cell!r} is not known", "a category of training")
        cells += row
    return [make(cells, (*value.shape, len(known)), "f")]


def _label_encoder(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    keys, _ = _table(attributes, "keys", ("keys_strings", "keys_int64s", "keys_floats", "keys_tensor"))
    values, kind = _table(attributes, "values", ("values_strings", "values_int64s", "values_floats", "values_tensor"))
    default = _default(attributes, kind)
    if not keys and "classes_strings" in attributes:
        # The first version of the operator: texts to their place, or back.
        classes = listed(attributes, "classes_strings")
        if value.kind == "s":
            found = {text: place for place, text in enumerate(classes)}
            unknown: int = attributes.get("default_int64", -1)
            return [make([found.get(text, unknown) for text in value.texts()], value.shape, "q")]
        other: str = attributes.get("default_string", "_Unused")
        texts = [classes[place] if 0 <= place < len(classes) else other for place in value.integers()]
        return [make(texts, value.shape, "s")]
    table = {key: entry for key, entry in zip(reversed(keys), reversed(values)) if key == key}
    missing = next((entry for key, entry in zip(keys, values) if key != key), default)
    cells = [table.get(cell, default) if cell == cell else missing for cell in value.cells]
    return [make(cells, value.shape, kind)]


def _table(attributes: "Attributes", prefix: str, names: "Sequence[str]") -> "tuple[list[Any], str]":
    for name in names:
        if name in attributes:
            value = attributes[name]
            if name.endswith("tensor"):
                return list(value.cells), value.kind
            return listed(attributes, name), {"s": "s", "i": "q", "f": "f"}[name[len(prefix) + 1]]
    return [], "q"


def _default(attributes: "Attributes", kind: str) -> "Any":
    if "default_tensor" in attributes:
        return attributes["default_tensor"].cells[0]
    if kind == "s":
        return attributes.get("default_string", "_Unused")
    if kind == "q":
        return attributes.get("default_int64", -1)
    value = attributes.get("default_float", -0.0)
    return value.cells[0] if isinstance(value, Array) else value


def _category_mapper(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value = inputs[0]
    numbers, texts = listed(attributes, "cats_int64s"), listed(attributes, "cats_strings")
    if value.kind == "s":
        to_number = dict(zip(texts, numbers))
        other: int = attributes.get("default_int64", -1)
        return [make([to_number.get(text, other) for text in value.texts()], value.shape, "q")]
    to_text = dict(zip(numbers, texts))
    unknown: str = attributes.get("default_string", "_Unused")
    return [make([to_text.get(cell, unknown) for cell in value.cells], value.shape, "s")]


def _extractor(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    value, places = inputs[0], inputs[1].integers()
    width = value.shape[-1]
    if any(not 0 <= place < width for place in places):
        raise ValueError(f"columns {places} of {width}")
    cells = [value.cells[start + place] for start in range(0, len(value.cells), width) for place in places]
    shape = (*value.shape[:-1], len(places)) if len(value.shape) > 1 else (1, len(places))
    return [make(cells, shape, value.kind)]


def _vectorizer(inputs: "Inputs", attributes: "Attributes") -> "list[Array]":
    count = inputs[0].shape[0] if len(inputs[0].shape) > 1 else 1
    widths = listed(attributes, "inputdimensions") or [len(value.cells) // count for value in inputs]
    sources = [as_float(value) for value in inputs]
    cells: list[float] = []
    for row in range(count):
        for source, width in zip(sources, widths):
            own = len(source) // count
            part = source[row * own : row * own + min(own, width)]
            cells += part
            cells += [0.0] * (width - len(part))
    return [make(cells, (count, sum(widths)), "f")]


FUNCTIONS: "dict[str, StepFunction]" = {
    "ArrayFeatureExtractor": _extractor,
    "Binarizer": _binarizer,
    "CategoryMapper": _category_mapper,
    "FeatureVectorizer": _vectorizer,
    "Imputer": _imputer,
    "LabelEncoder": _label_encoder,
    "Normalizer": _normalizer,
    "OneHotEncoder": _one_hot,
    "Scaler": _scaler,
}
