"""Nodes of skops that would build or call what a pickle must not: refused, or never built."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import skops.io
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import RandomizedSearchCV
from sklearn.pipeline import Pipeline

from iris_model.errors import UntrustedModel
from iris_model.readers import open_model

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(40, 2)), np.arange(40) % 2
PLAIN = LogisticRegression().fit(X, Y)


def change(data: bytes, visit: Callable[[dict[str, Any]], None]) -> bytes:
    """Change each node of a skops file in place."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    schema = json.loads(files["schema.json"])
    waiting: list[Any] = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            visit(node)
            waiting += node.values()
        elif isinstance(node, list):
            waiting += node
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in (files | {"schema.json": json.dumps(schema)}).items():
            archive.writestr(name, content)
    return buffer.getvalue()


def test_a_distribution_in_a_skops_file_runs_nothing(tmp_path: Path):
    """scipy runs a text of the state with `exec` when such an object gets its state."""
    mark = tmp_path / "ran"

    def poison(node: dict[str, Any]) -> None:
        content = node.get("content")
        if node.get("__loader__") == "JsonNode" and isinstance(content, str) and "def _parse_args" in content:
            node["content"] = json.dumps(f"open({str(mark)!r}, 'w')\n{json.loads(content)}")

    search = RandomizedSearchCV(LogisticRegression(), {"C": stats.uniform(1, 2)}, n_iter=2, cv=2, random_state=0)
    data = skops.io.dumps(search.fit(X, Y))
    poisoned = change(data, poison)
    assert poisoned != data
    # It is a real attack: skops itself runs it, once the names are trusted.
    skops.io.loads(poisoned, trusted=skops.io.get_untrusted_types(data=poisoned))
    assert mark.exists()
    mark.unlink()
    path = tmp_path / "search.skops"
    path.write_bytes(poisoned)
    opened = open_model(path)
    assert not mark.exists()
    assert (opened.estimator.predict(X) == search.predict(X)).all()


def test_a_cache_in_a_skops_file_is_not_made(tmp_path: Path):
    pipeline = Pipeline([("model", PLAIN)], memory=str(tmp_path))
    place = tmp_path / "cache"

    def put_memory(node: dict[str, Any]) -> None:
        if "memory" in node:
            state = {"__class__": "dict", "__module__": "builtins", "__loader__": "DictNode", "content": {}}
            state["key_types"] = {
                "__class__": "list",
                "__module__": "builtins",
                "__loader__": "ListNode",
                "content": [],
            }
            state["content"]["location"] = dict(node["memory"], content=json.dumps(str(place)), __id__=7)
            node["memory"] = {
                "__class__": "Memory", "__module__": "joblib.memory", "__loader__": "ObjectNode", "content": state,
            }  # fmt: skip

    path = tmp_path / "pipeline.skops"
    path.write_bytes(change(skops.io.dumps(pipeline), put_memory))
    assert open_model(path).estimator.memory is None
    assert not place.exists()


def attached(path: Path, node: dict[str, Any]) -> Path:
    """A model with one more attribute."""

    def attach(found: dict[str, Any]) -> None:
        if "coef_" in found and "extra_" not in found:
            found["extra_"] = node

    path.write_bytes(change(skops.io.dumps(PLAIN), attach))
    return path


def node(module: str, name: str, loader: str, content: Any) -> dict[str, Any]:
    return {"__class__": name, "__module__": module, "__loader__": loader, "content": content, "__id__": 99}


def text(value: object) -> dict[str, Any]:
    return node("builtins", "str", "JsonNode", json.dumps(value)) | {"is_json": True}


def test_a_constructor_is_not_called_with_arguments_of_the_file(tmp_path: Path):
    """`numpy.memmap(path, mode="w+")` writes a file."""
    target = tmp_path / "written"
    arguments = node("builtins", "list", "ListNode", [text(str(target)), text("u1"), text("w+"), text(0), text(10)])
    path = attached(tmp_path / "m.skops", node("numpy", "memmap", "ConstructorFromReduceNode", arguments))
    with pytest.raises(UntrustedModel, match=r"numpy\.memmap"):
        open_model(path)
    assert not target.exists()


@pytest.mark.parametrize(
    ("module", "name", "loader"),
    [
        ("sklearn.linear_model._logistic", "LogisticRegression", "ConstructorFromReduceNode"),
        ("sklearn.linear_model._logistic", "LogisticRegression", "LossNode"),
        ("numpy", "memmap", "ObjectNode"),
        ("numpy", "memmap", "LossNode"),
        ("numpy", "ndarray", "ConstructorFromReduceNode"),
        ("numpy._core.multiarray", "_reconstruct", "FunctionNode"),
        ("numpy._core.numeric", "_frombuffer", "FunctionNode"),
        ("pyarrow.lib", "_restore_array", "FunctionNode"),
        ("pandas", "Index", "ObjectNode"),
        ("pandas", "Index", "ConstructorFromReduceNode"),
        ("pandas.arrays", "ArrowStringArray", "ObjectNode"),
        ("pandas.core.indexes.base", "_new_Index", "FunctionNode"),
    ],
)
def test_callables_are_refused_as_skops_nodes(module: str, name: str, loader: str, tmp_path: Path):
    content = node("builtins", "list", "ListNode", [])
    path = attached(tmp_path / "m.skops", node(module, name, loader, content) | {"__reduce__": {"args": content}})
    with pytest.raises(UntrustedModel, match=name):
        open_model(path)
