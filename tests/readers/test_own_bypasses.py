"""Attacks on the opener by its own authors: names hidden in states, arrays, extension codes and formats.

Each is opened as `inspect` and `compile` do, and what opens is asked for predictions; nothing may run or be written.
"""

from __future__ import annotations

import contextlib
import copyreg
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import joblib
import numpy as np
import pytest
from click.testing import CliRunner

from iris_model.cli import cli
from iris_model.errors import IrisModelError
from iris_model.project.compilation.confined import Confined, Died
from iris_model.readers import open_model
from tests.readers.test_bypasses import refuse
from tests.support.hostile_pickles import MARKER, found, plain, short

# How scikit-learn's classes lie inside their modules.
TRANSFORMER = ("sklearn.preprocessing._function_transformer", "FunctionTransformer")
PIPELINE = ("sklearn.pipeline", "Pipeline")
STACKING = ("sklearn.ensemble._stacking", "StackingClassifier")


def _created(module: str, name: str, **state: bytes) -> bytes:
    """An object with attributes, each given by the opcodes that make it."""
    items = b"".join(short(key) + value for key, value in state.items())
    return found(module, name) + b")\x81}(" + items + b"ub"


def _transformer(function: bytes, **more: bytes) -> bytes:
    nothing = {"inverse_func": b"N", "validate": b"\x89", "accept_sparse": b"\x89", "check_inverse": b"\x89"}
    nothing |= {"feature_names_out": b"N", "kw_args": b"N", "inv_kw_args": b"N", "_sklearn_version": short("1.9.1")}
    return _created(*TRANSFORMER, **(nothing | {"func": function} | more))


def _partial(function: bytes, arguments: bytes) -> bytes:
    return found("functools", "partial") + function + b"\x85R(" + function + arguments + b"}Ntb"


def _call(module: str, name: str, *arguments: bytes) -> bytes:
    return found(module, name) + b"(" + b"".join(arguments) + b"tR"


def _array(values: list[float]) -> bytes:
    return plain(np.array(values))


def _dtype(code: str, state: bytes = b"") -> bytes:
    return _call("numpy", "dtype", short(code), b"\x89", b"\x88") + state


_OBJECT_FIELD = (
    b"(K\x03" + short("|") + b"N" + short("a") + b"\x85}" + short("a") + _dtype("O8") + b"K\x00\x86sK\x08K\x01K\x1btb"
)
_METADATA = (
    b"(K\x04" + short("<") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00}" + short("m") + found("os", "mkdir") + b"stb"
)
_MARKER = short(MARKER)
_WRAPPER = ("joblib.numpy_pickle", "NumpyArrayWrapper")
_ARRAY = found("numpy", "ndarray")


def _wrapper(dtype: bytes, **more: bytes) -> bytes:
    state = {"subclass": _ARRAY, "shape": b"K\x01\x85", "order": short("C"), "dtype": dtype, "allow_mmap": b"\x89"}
    return _created(*_WRAPPER, **(state | {"numpy_array_alignment_bytes": b"N"} | more))


_INNER = b"\x80\x04" + found("os", "mkdir") + _MARKER + b"\x85R."
PICKLES = {
    "globals of a rebuild function": _call(
        "builtins", "getattr", found("numpy._core.multiarray", "_reconstruct"), short("__globals__")
    ),
    "a class by getattr of a class": _call("builtins", "getattr", found("builtins", "str"), short("__base__")),
    "format, which reads attributes": _call("builtins", "getattr", found("builtins", "str"), short("format"))
    + short("{0.__class__.__init__.__globals__}") + found(*PIPELINE) + b"\x86R",
    "numpy.save as a step": _transformer(found("numpy", "save"), kw_args=b"}" + short("file") + _MARKER + b"s"),
    "numpy.ndarray.tofile as a step": _transformer(found("numpy", "ndarray.tofile")),
    "scipy.io.savemat as a step": _transformer(_partial(found("scipy.io", "savemat"), _MARKER + b"\x85")),
    "joblib.dump as a step": _transformer(_partial(found("joblib", "dump"), _MARKER + b"\x85")),
    "numpy.genfromtxt as a step": _transformer(_partial(found("numpy", "genfromtxt"), short("/etc/passwd") + b"\x85")),
    "numpy.apply_along_axis as a step": _transformer(_partial(found("numpy", "apply_along_axis"), _ARRAY + b"\x85")),
    "a partial of a partial": _transformer(_partial(_partial(found("numpy", "memmap"), _MARKER + short("f8") + b"\x86"), b")")),
    "__newobj_ex__": _call("copyreg", "__newobj_ex__", found("numpy", "memmap"), _MARKER + b"\x85", b"}"),
    "__reduce_ex__ of copyreg": _call("copyreg", "__reduce_ex__", found(*PIPELINE), b"K\x02"),
    "an extension code": b"\x82\xf7" + _MARKER + b"\x85R",
    "a long extension code": b"\x84\xf7\x00\x00\x00" + _MARKER + b"\x85R",
    "a persistent id": b"Pos.mkdir\n",
    "a persistent id of an object": found("os", "mkdir") + b"Q",
    "an array that is a mapped file": _call(
        "numpy._core.multiarray", "_reconstruct", found("numpy", "memmap"), _MARKER + b"\x85", b"C\x02w+"
    ),
    "an array of a class of estimators": _call(
        "numpy._core.multiarray", "_reconstruct", found(*PIPELINE), b"K\x00\x85", b"C\x01b"
    ),
    "a dtype with a field of objects": _dtype("V8", _OBJECT_FIELD),
    "a dtype with metadata": _dtype("M8", _METADATA),
    "a scalar of objects": _call("numpy._core.multiarray", "scalar", _dtype("O8"), b"C\x08" + b"x" * 8),
    "an array from bytes that are objects": _call(
        "numpy._core.numeric", "_frombuffer", b"C\x08" + b"x" * 8, _dtype("O8"), b"K\x01\x85", short("C")
    ),
    "a wrapper whose type changes": _wrapper(_dtype("f8")) + b"}" + short("dtype") + _dtype("O8") + b"sb" + _INNER,
    "a wrapper of a field of objects": _wrapper(_dtype("V8", _OBJECT_FIELD)) + _INNER,
    "a wrapper of another class": _wrapper(_dtype("O8"), subclass=found("os", "mkdir")) + _INNER,
    "a wrapper that is read later": _wrapper(_dtype("O8")) + _INNER + b"0" + _array([1.0]),
    "a state with a class": _created(*PIPELINE, __class__=found("os", "_Environ")),
    "a state in slots": found(*PIPELINE) + b")\x81N}" + short("__class__") + found("os", "_Environ") + b"s\x86b",
    "a Bunch that overrides how it takes a state": _created(
        "sklearn.utils._bunch", "Bunch", __setstate__=found("os", "mkdir")
    ) + _MARKER + b"b",
    "a key that is an object": b"}" + _created(*PIPELINE, steps=b"]") + b"K\x01s",
    "a pipeline with keywords": found(*PIPELINE) + b"]\x85}" + short("memory") + _MARKER + b"s\x92",
    "a pipeline with a cache": _created(
        *PIPELINE, steps=b"](" + short("a") + _transformer(b"N") + b"\x86e",
        memory=_created("joblib.memory", "Memory", location=_MARKER), verbose=b"\x89",
    ),
    "a method that is chosen by name": _created(
        *STACKING, estimators_=b"](" + _array([1.0]) + b"e", stack_method_=b"](" + short("tofile") + b"e",
        final_estimator_=_transformer(b"N"), passthrough=b"\x89", _label_encoder=b"N", classes_=_array([0.0]),
    ),
    "a method in a list that grows later": _created(
        *STACKING, estimators_=b"](" + _array([1.0]) + b"e", stack_method_=b"]q\x21",
        final_estimator_=_transformer(b"N"), passthrough=b"\x89", _label_encoder=b"N", classes_=_array([0.0]),
    ) + b"h\x21" + _MARKER + b"a0",
    "a mapped file as a step": _transformer(
        found("numpy", "memmap"), kw_args=b"}(" + short("mode") + short("w+") + short("shape") + b"K\x01\x85u"
    ),
    "a class of arrays as a step": _transformer(
        _ARRAY, kw_args=b"}(" + short("dtype") + short("O") + short("buffer") + plain(bytearray(64)) + b"u"
    ),
    "a tree as a step": _transformer(
        found("sklearn.tree._tree", "Tree"), kw_args=b"}(" + short("n_outputs") + b"J\xff\xff\xff\x0fu"
    ),
    "a partial of a class of arrays": _transformer(found("functools", "partial") + _ARRAY + b"\x85R"),
    "a pipeline whose rows become a path": _created(
        *PIPELINE, memory=b"N", verbose=b"\x89", transform_input=b"N", steps=b"](" + short("a")
        + _transformer(found("builtins", "str")) + b"\x86" + short("b") + _created(
            *STACKING, estimators_=b"](" + _array([1.0]) + b"e", stack_method_=b"](" + short("tofile") + b"e",
            final_estimator_=_transformer(b"N"), passthrough=b"\x89", _label_encoder=b"N", classes_=_array([0.0]),
        ) + b"\x86e",
    ),
    "a memo that is read before it is written": b"h\x05" + found("os", "mkdir") + b"q\x05" + _MARKER + b"\x85R",
    "a memo of a far index": short("os") + b"r\xff\xff\xff\x7f0j\xff\xff\xff\x7f" + short("mkdir") + b"\x93" + _MARKER + b"\x85R",
    "a name with dots through a class": _call("sklearn.pipeline", "Pipeline.__init__.__globals__.get", short("os")),
    "a module that looks like a trusted one": _call("sklearn.pipeline.os", "mkdir", _MARKER),
    "a text that hides in a name": found("sklearn.pipeline", "Pipeline\nos") + b")\x81",
    "a booster of garbage": _created("xgboost.core", "Booster", handle=plain(bytearray(b"CONFIG-offset:" + b"\xff" * 64))),
    "a booster of LightGBM that says it is huge": _created(
        "lightgbm.basic", "Booster", handle=b"V" + b"tree\\u000aversion=v4\\u000anum_class=2147483647\\u000a" + b"\n", params=b"}"
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def _extension(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Somewhere to write a marker to; a program may have registered a code for a function."""
    monkeypatch.chdir(tmp_path)
    copyreg.add_extension("os", "mkdir", 0xF7)
    yield
    copyreg.remove_extension("os", "mkdir", 0xF7)


# These open: their names are harmless to hold, and a model may have them. What they do when asked is looked at as well.
OPENED = {
    "a pipeline with a cache",
    "a class of arrays as a step",
    "a mapped file as a step",
    "a tree as a step",
    "a wrapper that is read later",
}


@pytest.mark.parametrize("name", PICKLES)
def test_nothing_runs(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.pkl"
    pickled = b"\x80\x04" + PICKLES[name] + b"."
    path.write_bytes(pickled)
    if "booster" in name:
        # The library may crash on it, and then ends a copy.
        copy = Confined(lambda: json.dumps(refuse(pickled, Path("model.pkl").absolute())[1:]).encode())
        with contextlib.suppress(Died, IrisModelError):
            opened, seen = json.loads(copy.wait())
            assert not seen
            assert opened
        copy.end()
        return
    scanned, opened, seen = refuse(pickled, path)
    assert not seen, (scanned, opened, seen)
    assert opened or name in OPENED, (scanned, opened)
    if not opened:
        _ask(path)
    assert [each.name for each in tmp_path.iterdir()] == ["model.pkl"]


def _ask(path: Path) -> None:
    model = open_model(path).estimator
    for rows in ([[1.0, 2.0]], [MARKER], MARKER, (4,)):
        for method in ("predict", "transform", "predict_proba"):
            with contextlib.suppress(Exception):
                getattr(model, method)(rows)


def _skops(schema: object) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("schema.json", json.dumps(schema))
    return buffer.getvalue()


_NODES = {
    "a function": {"__class__": "function", "__module__": "builtins", "__loader__": "FunctionNode",
                   "content": {"module_path": "os", "function": "mkdir"}},
    "a type": {"__class__": "mkdir", "__module__": "os", "__loader__": "TypeNode"},
    "a class in a trusted module": {"__class__": "os.mkdir", "__module__": "sklearn.pipeline", "__loader__": "ObjectNode",
                                    "content": None},
    "a reduce": {"__class__": "mkdir", "__module__": "os", "__loader__": "ReduceNode",
                 "__reduce__": {"args": {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode",
                                         "content": [{"__class__": "str", "__module__": "builtins", "__loader__": "JsonNode",
                                                      "content": json.dumps(MARKER)}]}}, "content": {}},
    "a method": {"__class__": "method", "__module__": "builtins", "__loader__": "MethodNode",
                 "content": {"func": "__init__.__globals__", "obj": {"__class__": "Pipeline", "__module__": "sklearn.pipeline",
                                                                     "__loader__": "ObjectNode", "content": None}}},
    "an operator": {"__class__": "methodcaller", "__module__": "operator", "__loader__": "OperatorFuncNode",
                    "attrs": {"__class__": "tuple", "__module__": "builtins", "__loader__": "TupleNode", "content": []}},
    "a partial": {"__class__": "partial", "__module__": "functools", "__loader__": "PartialNode",
                  "content": {"func": {"__class__": "function", "__module__": "builtins", "__loader__": "FunctionNode",
                                       "content": {"module_path": "posix", "function": "mkdir"}}, "args": None, "kwds": None,
                              "namespace": None}},
    "a loader that skops does not have": {"__class__": "mkdir", "__module__": "os", "__loader__": "../../os"},
}  # fmt: skip


@pytest.mark.parametrize("name", _NODES)
def test_nothing_runs_from_skops(name: str, tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    data = _skops({"_skops_version": "0.14.0", "protocol": 2, **_NODES[name]})
    scanned, opened, seen = refuse(data, path)
    assert not seen
    assert scanned and opened
    assert [each.name for each in tmp_path.iterdir()] == ["model.skops"]


def test_an_array_of_joblib_in_an_array_of_joblib(tmp_path: Path) -> None:
    """An array of objects holds a pickle, which may hold a wrapper again."""
    buffer = io.BytesIO()
    joblib.dump(np.array([None], dtype=object), buffer)
    data = buffer.getvalue()
    inner = data[data.rindex(b"\x80") :]
    for body in (_wrapper(_dtype("V8", _OBJECT_FIELD)) + _INNER, _wrapper(_dtype("O8")) + _INNER):
        hostile = data.replace(inner, b"\x80\x04" + body + b"." + b".")
        scanned, opened, seen = refuse(hostile, tmp_path / "model.joblib")
        assert not seen
        assert scanned and opened
    assert not (tmp_path / MARKER).exists()


@pytest.mark.skipif(sys.platform != "linux", reason="the commands open models in a confined copy on Linux")
@pytest.mark.parametrize("name", sorted(OPENED))
def test_commands_write_nothing(name: str, tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"\x80\x04" + PICKLES[name] + b".")
    for command in (["inspect", "model.pkl"], ["compile", "model.pkl"]):
        done = CliRunner().invoke(cli, command)
        assert done.exception is None or isinstance(done.exception, SystemExit), done.output
        assert "Traceback" not in done.output
    assert [each.name for each in tmp_path.iterdir()] == ["model.pkl"]
