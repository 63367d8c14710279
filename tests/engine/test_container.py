"""Damaged, foreign and future files: one clear message each."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load, save

from iris_model.engine import ModelFormatError
from iris_model.engine import load as load_model
from tests.support.tiny_model import TENSORS, metadata, tiny_bytes, write_tiny

ROW = [5.7, 2.8, 4.5, 1.3]


def open_bytes(tmp_path: Path, data: bytes) -> list[str]:
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    return load_model(str(path)).predict([ROW])


def with_header(data: bytes, change: dict[str, object]) -> bytes:
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    header.update(change)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data[8 + length :]


def test_the_tiny_model_answers(tmp_path: Path) -> None:
    assert open_bytes(tmp_path, tiny_bytes()) == ["versicolor"]


def test_any_safetensors_reader_opens_the_file() -> None:
    tensors = load(tiny_bytes())
    np.testing.assert_array_equal(tensors["decisions.coefficients"], TENSORS["decisions.coefficients"])


def test_every_truncation_is_reported(tmp_path: Path) -> None:
    data = tiny_bytes()
    for length in range(len(data)):
        with pytest.raises(ModelFormatError) as caught:
            open_bytes(tmp_path, data[:length])
        assert "compile" in str(caught.value)


@pytest.mark.parametrize("every", [pytest.param(True, marks=pytest.mark.slow), False])
def test_every_flipped_bit_is_an_answer_or_a_clear_error(every: bool, tmp_path: Path) -> None:
    """A flipped bit of a coefficient is another model; a flipped bit of the header must not be anything but an error."""
    data = bytearray(tiny_bytes())
    for position in range(len(data)):
        for bit in (0, 3, 7) if every else (position % 8,):
            data[position] ^= 1 << bit
            try:
                answers = open_bytes(tmp_path, bytes(data))
                assert len(answers) == 1
            except ModelFormatError:
                pass
            except AttributeError as error:  # the name of an output was hit: the model has no `predict` any more
                assert "has no predict" in str(error)
            except (
                ValueError
            ) as error:  # InvalidInput: the name or kind of a column was hit, or a number became infinite
                assert type(error).__name__ == "InvalidInput"
            data[position] ^= 1 << bit


@pytest.mark.parametrize(
    ("data", "part"),
    [
        (b"", "0 bytes, too few"),
        (b"\x80\x04\x95" + b"\x00" * 40, "its header should have"),
        (struct.pack("<Q", 2) + b"[]", "not a JSON object"),
        (struct.pack("<Q", 2) + b"{}", "not a compiled model"),
        (save({"a": np.zeros(2)}), "without iris-model's metadata"),
        (tiny_bytes(format="iris-model/3"), "install the iris-model that wrote it"),
        (tiny_bytes(format="other/1"), "expected 'iris-model/1'"),
        (tiny_bytes(graph="{"), "metadata is not valid JSON"),
        (tiny_bytes(graph={"outputs": {}}), "lacks 'nodes'"),
        (tiny_bytes(signature={"columns": []}), "lacks 'task'"),
    ],
)
def test_the_message_names_the_problem(tmp_path: Path, data: bytes, part: str) -> None:
    with pytest.raises(ModelFormatError, match=r"cannot open|damaged") as caught:
        open_bytes(tmp_path, data)
    assert part in str(caught.value)
    assert "model.safetensors" in str(caught.value)


def test_a_missing_model_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelFormatError, match="No such file"):
        load_model(str(tmp_path / "none.safetensors"))


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F64", "shape": [3], "data_offsets": [0, 800]},
        {"dtype": "F64", "shape": [3], "data_offsets": [96, 72]},
        {"dtype": "F64", "shape": [-3], "data_offsets": [0, 24]},
        {"dtype": "F64", "shape": [10**12], "data_offsets": [0, 8 * 10**12]},
        {"dtype": "F65", "shape": [3], "data_offsets": [0, 24]},
        {"dtype": "F64", "shape": "x", "data_offsets": [0, 24]},
        {"dtype": "F64", "shape": [3], "data_offsets": [True, 25]},
        {"dtype": "F64", "shape": [3]},
        7,
    ],
)
def test_a_tensor_that_the_file_does_not_hold(tmp_path: Path, entry: object) -> None:
    with pytest.raises(ModelFormatError, match=r"decisions\.intercepts"):
        open_bytes(tmp_path, with_header(tiny_bytes(), {"decisions.intercepts": entry}))


def graph_with(**node: object) -> dict[str, object]:
    whole = {"op": "linear", "inputs": ["rows"], "output": "y", "attributes": {}, "tensors": [], **node}
    return {"nodes": [whole], "outputs": {"predict": "y"}}


@pytest.mark.parametrize(
    ("graph", "part"),
    [
        (graph_with(op="conv2d"), "operator 'conv2d'"),
        (graph_with(inputs=["later"]), "'later' before anything made it"),
        (graph_with(inputs=["y"]), "'y' before anything made it"),
        (graph_with(tensors=["nothing"]), "tensor 'y.nothing'"),
        (graph_with(attributes={"coefficients": 1}), "operator 'linear' failed"),
        ({"nodes": [], "outputs": {"predict": "y"}}, "nothing makes 'y'"),
    ],
)
def test_a_graph_that_cannot_run(tmp_path: Path, graph: dict[str, object], part: str) -> None:
    with pytest.raises(ModelFormatError) as caught:
        open_bytes(tmp_path, tiny_bytes(graph=graph))
    assert part in str(caught.value)


def test_a_large_file_is_mapped_and_not_read(tmp_path: Path) -> None:
    tensors = {**TENSORS, "unused": np.zeros(1_000_000)}
    path = tmp_path / "large.safetensors"
    path.write_bytes(save(tensors, metadata()))
    model = load_model(str(path))
    assert type(model._container._data.obj).__name__ == "mmap"
    assert model.predict([ROW]) == ["versicolor"]


def test_outputs_share_what_they_share(tmp_path: Path) -> None:
    model = load_model(str(write_tiny(tmp_path / "m.safetensors")))
    labels, probabilities = model.evaluate([[0, 0, 1, 0], [0, 0, 3, 0], [0, 0, 6, 0]], ("predict", "predict_proba"))
    assert labels == ["setosa", "versicolor", "virginica"]
    assert [max(range(3), key=row.__getitem__) for row in probabilities] == [0, 1, 2]
    assert model.decision_function([[0, 0, 1, 0]]) == [[4.0, 0.0, -16.0]]


def test_a_missing_method_is_an_attribute_error(tmp_path: Path) -> None:
    model = load_model(str(write_tiny(tmp_path / "m.safetensors")))
    with pytest.raises(AttributeError, match="no transform; it has predict, predict_proba, decision_function"):
        model.transform([ROW])
