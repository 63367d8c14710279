"""Models that were exported to ONNX, with an operator that is not compiled."""

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.fallback.zoo import Animal, Entry, fit, labels, numbers, target

N = numbers(columns="abc").to_numpy(np.float32)
Y = labels(numbers(columns="abc"))


class Session:
    """The exported model, asked by onnxruntime itself: what it answers is right, whatever scikit-learn says in float64."""

    def __init__(self, content, is_classifier):
        import onnxruntime

        self.session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        if is_classifier:
            self.predict_proba = self._probabilities

    def _run(self, X):
        return self.session.run(None, {self.session.get_inputs()[0].name: X})

    def predict(self, X):
        answers = np.asarray(self._run(X)[0])
        return answers.ravel() if answers.size == len(answers) else answers

    def _probabilities(self, X):
        table = self._run(X)[1]
        return np.array([list(row.values()) for row in table]) if isinstance(table, list) else table


def with_foreign_operator(model):
    """The same model with an operator that is not compiled, so that onnxruntime serves it."""
    from onnx import helper

    name = model.graph.input[0].name
    for node in model.graph.node:
        node.input[:] = [f"{name}_same" if each == name else each for each in node.input]
    model.graph.node.insert(0, helper.make_node("Einsum", [name], [f"{name}_same"], equation="ij->ij"))
    return model


def exported(model, y, **options):
    from skl2onnx import to_onnx

    fitted = fit(model, N, y)
    made = to_onnx(
        fitted, N[:1], options={id(fitted): options} if options else None, target_opset={"": 17, "ai.onnx.ml": 3}
    )
    content = with_foreign_operator(made).SerializeToString()
    session = Session(content, hasattr(fitted, "predict_proba"))

    def dump(path):
        path.write_bytes(content)

    return Animal(session, N, executor="onnxruntime", tolerance=1e-6, dump=dump, filename="model.onnx", data=False)


ENTRIES = [
    Entry("onnx forest", lambda: exported(RandomForestClassifier(8, random_state=0), Y)),
    Entry("onnx logistic, arrays", lambda: exported(LogisticRegression(), Y, zipmap=False)),
    Entry("onnx texts as labels", lambda: exported(LogisticRegression(), np.where(Y, "yes", "no"))),
    Entry("onnx ridge", lambda: exported(Ridge(), target())),
    Entry(
        "onnx pipeline",
        lambda: exported(make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(4,), max_iter=50)), target()),
    ),
    Entry("onnx boosting", lambda: exported(GradientBoostingRegressor(n_estimators=5), target())),
]
