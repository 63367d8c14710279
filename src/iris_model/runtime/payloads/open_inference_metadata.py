"""Metadata requests of the Open Inference Protocol: `GET .../v2/...`. Imported only by such a request."""

from iris_model.engine.rows import holds_numbers

from .open_inference import datatype_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from iris_model.contract.signature import Column
    from iris_model.runtime.card import Described


def describe_path(model: "Described", path: str) -> "dict[str, object] | None":
    """Return the answer for `path`, or None if the protocol has no such path.

    Any model name in the path refers to the one model. It is loaded, so the function is ready.
    """
    match f"{path}/".partition("/v2/")[2].strip("/").split("/"):
        case [""]:
            from iris_model import __version__

            return {"name": "iris-model", "version": __version__, "extensions": []}
        case ["health", "live" | "ready" as state]:
            return {state: True}
        case ["models", _, "ready"] | ["models", _, "versions", _, "ready"]:
            return {"name": model.name, "ready": True}
        case ["models", _] | ["models", _, "versions", _]:
            return {
                "name": model.name,
                "versions": [],
                "platform": f"iris-model_{model.executor}",
                "inputs": _inputs(model.signature["columns"]),
                "outputs": _outputs(model),
            }
    return None


def _inputs(columns: "list[Column]") -> "list[object]":
    """Return one tensor if all cells are numbers, else one for each column."""
    if all(map(holds_numbers, columns)):
        return [_tensor("rows", "FP64", len(columns))]
    return [_tensor(column["name"], "FP64" if holds_numbers(column) else "BYTES", 1) for column in columns]


def _outputs(model: "Described") -> "list[dict[str, object]]":
    first, *others = [(name, model.signature["outputs"][name]) for name in model.outputs]
    # labels without classes are numbers: cluster numbers, or 1 and -1 from an outlier detector
    groups = [group if isinstance(group, list) else [group] for group in model.classes or [0]]
    classes = [label for group in groups for label in group]
    datatype = datatype_of(classes) if first[1]["kind"] == "label" else "FP64"
    width = first[1]["columns"]
    tensors = [_tensor("predict", datatype, 0 if width == 1 and first[0] != "transform" else width)]
    for name, output in others:
        widths = output["columns"]
        if isinstance(widths, list):
            tensors += [_tensor(f"{name}_{index}", "FP64", width) for index, width in enumerate(widths)]
        else:
            tensors.append(_tensor(name, "FP64", widths))
    return tensors


def _tensor(name: str, datatype: str, width: "int | list[int]") -> "dict[str, object]":
    return {"name": name, "datatype": datatype, "shape": [-1, width] if width else [-1]}
