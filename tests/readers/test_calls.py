"""Calls of a pickle are checked, not only names: files that misuse trusted names to run or write something are refused."""

import functools
import io
import pickle

import joblib
import numpy as np
import pytest
from sklearn.ensemble import StackingRegressor
from sklearn.linear_model import LinearRegression
from sklearn.metrics._scorer import _PassthroughScorer
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline

from iris_model.errors import ModelFileError, UntrustedModel
from iris_model.readers import find_refused, open_model, scan_pickle
from tests.support.spread import spread

MODEL = LinearRegression().fit(np.eye(3), [1.0, 2.0, 3.0])


def text(value):
    return b"\x8c" + bytes([len(value)]) + value.encode()


def named(module, name):
    return text(module) + text(name) + b"\x93"


def unmemoized(value):
    buffer = io.BytesIO()
    pickler = pickle._Pickler(buffer, 2)
    pickler.fast = True
    pickler.dump(value)
    return buffer.getvalue()[2:-1]


class Call:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def refuse(path):
    """Both what looks at a file and what opens it refuse it."""
    assert find_refused(scan_pickle(path))
    with pytest.raises(UntrustedModel) as caught:
        open_model(path)
    return str(caught.value)


def test_objects_hidden_in_the_type_of_a_joblib_array(tmp_path):
    marker = tmp_path / "marker"
    inner = b"\x80\x02" + unmemoized(Call(exec, f"open({str(marker)!r}, 'w').write('x')")) + b"0"
    inner += unmemoized(np.zeros((2, 3))) + b"."
    dtype = np.dtype({"names": ["a"], "formats": ["O"], "offsets": [0], "itemsize": len(inner)})
    state = (
        b"}(" + text("subclass") + named("numpy", "ndarray") + text("shape") + b"K\x01\x85" + text("order") + text("C")
    )
    state += text("dtype") + unmemoized(dtype) + text("allow_mmap") + b"\x89u"
    data = b"\x80\x04" + named("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81" + state + b"b" + inner
    (tmp_path / "m.joblib").write_bytes(data + b"0" + unmemoized(MODEL) + b".")
    assert "holds objects" in refuse(tmp_path / "m.joblib")
    assert not marker.exists()


def test_a_callable_part_of_scikit_learn_is_not_called(tmp_path):
    target = tmp_path / "written"
    stacking = StackingRegressor([])
    stacking.estimators_, stacking.stack_method_ = [np.array([b"content"])], ["tofile"]
    stacking.final_estimator_ = LinearRegression()
    scorer = Call(_PassthroughScorer(None), stacking, str(target), None)
    (tmp_path / "m.pkl").write_bytes(pickle.dumps([scorer, MODEL], 4))
    assert "calls an object that the file itself creates" in refuse(tmp_path / "m.pkl")
    assert not target.exists()


ARRAY = named("numpy", "ndarray")
OBJECTS = named("numpy", "dtype") + text("O8") + b"\x89\x88\x87R"

REFUSED = {
    "ndarray over a buffer": ARRAY + b"K\x01\x85" + text("O") + named("builtins", "bytearray") + b"\x87R.",
    "an estimator with arguments": named("sklearn.linear_model._base", "LinearRegression") + b"\x88\x85R.",
    "a pipeline with steps": named("sklearn.pipeline", "Pipeline") + b"](K\x01K\x02\x86e\x85R.",
    "NEWOBJ with arguments": named("sklearn.linear_model._base", "LinearRegression") + b"\x88\x85\x81.",
    "NEWOBJ_EX with keywords": named("sklearn.linear_model._base", "LinearRegression")
    + b")}"
    + text("copy_X")
    + b"\x88s\x92.",
    "BUILD on a class": named("sklearn.linear_model._base", "LinearRegression")
    + b"N}"
    + text("predict")
    + named("numpy", "log")
    + b"s\x86b.",
    "BUILD on a function": named("numpy", "clip") + b"}" + text("__doc__") + text("x") + b"sb.",
    "SETITEM on a class": named("sklearn.pipeline", "Pipeline") + text("a") + text("b") + b"s.",
    "a function of numpy": named("numpy", "log") + b"K\x01\x85R.",
    "numpy.array called": named("numpy", "array") + b"K\x01\x85R.",
    "a partial called": named("functools", "partial") + named("numpy", "log") + b"\x85RK\x01\x85R.",
    "getattr of a class": named("builtins", "getattr")
    + named("sklearn.base", "BaseEstimator")
    + text("__init__")
    + b"\x86R.",
    "getattr of a dunder": named("builtins", "getattr") + named("builtins", "str") + text("__class__") + b"\x86R.",
    "a constructor of a base": named("copyreg", "_reconstructor")
    + named("numpy", "ndarray")
    + named("builtins", "object")
    + b"N\x87R.",
    "a type with a hidden object": named("numpy", "dtype") + text("V8") + b"\x89\x88\x87R(K\x03" + text("|")
    # a field of objects, flags 0
    + b"N" + text("a") + b"\x85}" + text("a") + OBJECTS + b"K\x00\x86sK\x08K\x01K\x00tb.",
    "a type of a subarray": named("numpy", "dtype") + text("V8") + b"\x89\x88\x87R(K\x03" + text("|")
    + OBJECTS + b"K\x01\x85\x86NNK\x08K\x01K\x00tb.",
    "an unpickler of Cython for another class": named("sklearn._loss._loss", "__pyx_unpickle_CyPinballLoss")
    + named("builtins", "object")
    + b"K\x00N\x87R.",
    "a loss of a text": named("sklearn._loss._loss", "CyPinballLoss") + text("a") + b"\x85R.",
    "a computed class": b"c__builtin__\nobject\n)\x81)R.",
}  # fmt: skip


@pytest.mark.parametrize("data", REFUSED.values(), ids=REFUSED)
def test_calls_that_no_model_needs(data, tmp_path):
    path = tmp_path / "m.pkl"
    path.write_bytes(b"\x80\x04" + data)
    refuse(path)


DATA = np.arange(8.0)
BROKEN = {
    "fewer cells than the shape says": DATA.tobytes()[:-8],
    "more cells than the shape says": DATA.tobytes() + bytes(8),
}


@pytest.mark.parametrize("cells", BROKEN.values(), ids=BROKEN)
def test_arrays_whose_bytes_do_not_fit(cells, tmp_path):
    class Wrong(np.ndarray):
        def __reduce__(self):
            maker, arguments, state = np.arange(8.0).__reduce__()
            return maker, arguments, (*state[:4], cells)

    (tmp_path / "m.pkl").write_bytes(pickle.dumps(DATA.view(Wrong), 4))
    with pytest.raises((UntrustedModel, ModelFileError)):
        open_model(tmp_path / "m.pkl")


def test_a_scalar_of_an_object_is_refused(tmp_path):
    data = (
        named("numpy._core.multiarray", "scalar") + named("numpy", "dtype") + text("O8") + b"\x89\x88\x87R" + b"N\x86R."
    )
    (tmp_path / "m.pkl").write_bytes(b"\x80\x04" + data)
    with pytest.raises(UntrustedModel, match="not a numeric or string type"):
        open_model(tmp_path / "m.pkl")


def test_no_module_is_imported_for_what_is_refused(tmp_path):
    (tmp_path / "m.pkl").write_bytes(b"\x80\x04" + named("this_module_must_not_be_imported", "f") + b")R.")
    assert "this_module_must_not_be_imported.f" in refuse(tmp_path / "m.pkl")


def test_a_constant_of_a_module_is_no_class(tmp_path):
    """Its name looks like a class's. Items of it are not set, and it is not handed out."""
    (tmp_path / "m.pkl").write_bytes(b"\x80\x04" + named("sklearn.metrics._scorer", "_SCORERS") + text("r2") + b"Ns.")
    refuse(tmp_path / "m.pkl")
    (tmp_path / "m.pkl").write_bytes(b"\x80\x04" + named("sklearn.metrics._scorer", "_SCORERS") + b".")
    with pytest.raises(UntrustedModel, match="not a class"):
        open_model(tmp_path / "m.pkl")


def test_classes_of_the_user_may_be_called(tmp_path, monkeypatch):
    (tmp_path / "made_models.py").write_text(
        "class Scale:\n"
        "    def __init__(self, by): self.by = by\n"
        "    def __reduce__(self): return Scale, (self.by,), {'fitted_': True}\n"
        "    def transform(self, X): return X * self.by\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import made_models

    (tmp_path / "m.pkl").write_bytes(pickle.dumps(Pipeline([("scale", made_models.Scale(2))])))
    opened = open_model(tmp_path / "m.pkl", trust=["made_models"]).estimator
    assert (opened.steps[0][1].by, opened.steps[0][1].fitted_) == (2, True)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(
    "dtype", spread(["f8", ">f4", "i2", "U3", "S2", "M8[D]", "O", "bool", [("a", "f8"), ("b", "U2")]], 4), ids=str
)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3)], ids=str)
def test_arrays_are_what_joblib_and_pickle_make_of_them(shape, dtype, order, tmp_path):
    array = np.zeros(shape, dtype=dtype, order=order)
    model = KNeighborsClassifier()
    model.held_ = array
    path = tmp_path / "m.pkl"
    joblib.dump(model, path)
    opened = [open_model(path).estimator.held_]
    for protocol in range(6):
        path.write_bytes(pickle.dumps(model, protocol))
        opened.append(open_model(path).estimator.held_)
    for found in opened:
        assert (found.dtype.newbyteorder("="), found.shape) == (array.dtype.newbyteorder("="), array.shape)
        assert found.tolist() == array.tolist()


@pytest.mark.parametrize("name", ["MT19937", "PCG64"])
def test_random_states_go_on_where_they_were(name, tmp_path):
    state = np.random.RandomState(getattr(np.random, name)(3))
    state.normal(size=5)
    model = KNeighborsClassifier()
    model.random_state, model.function = state, functools.partial(np.clip, a_min=0)
    (tmp_path / "m.pkl").write_bytes(pickle.dumps(model))
    opened = open_model(tmp_path / "m.pkl").estimator
    assert opened.random_state.normal(size=4).tolist() == state.normal(size=4).tolist()
    assert opened.function([-1.0], a_max=3).tolist() == [0.0]
