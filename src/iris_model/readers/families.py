"""Find the converter of a class by its name: one file per family, imported when a model needs it.

To support another class, write a converter and add it to the `READERS` of its family. Add a new family to `FAMILIES`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from .graph import Reader

# The library module in a class name -> the families with converters for its classes.
FAMILIES: dict[str, tuple[str, ...]] = {
    "category_encoders": ("category_encoders.encoders",),
    "feature_engine.creation": ("feature_engine.creation", "feature_engine.discretisers"),
    "feature_engine.datetime": ("feature_engine.dates",),
    "feature_engine.discretisation": ("feature_engine.discretisers",),
    "feature_engine.encoding": ("feature_engine.encoders",),
    "feature_engine.imputation": ("feature_engine.imputers",),
    "feature_engine.outliers": ("feature_engine.numbers",),
    "feature_engine.pipeline": ("feature_engine.creation",),
    "feature_engine.scaling": ("feature_engine.numbers",),
    "feature_engine.selection": ("feature_engine.creation",),
    "feature_engine.transformation": ("feature_engine.numbers",),
    "feature_engine.wrappers": ("feature_engine.creation",),
    "imblearn.ensemble": ("imblearn.ensembles",),
    "imblearn.pipeline": ("imblearn.pipeline",),
    "sklearn.calibration": ("sklearn.calibration",),
    "sklearn.cluster": ("sklearn.clustering", "sklearn.decomposition"),
    "sklearn.compose": ("sklearn.compose", "sklearn.target"),
    "sklearn.covariance": ("sklearn.mixture",),
    "sklearn.cross_decomposition": ("sklearn.regression",),
    "sklearn.decomposition": ("sklearn.decomposition", "sklearn.sparse_coding"),
    "sklearn.discriminant_analysis": ("sklearn.discriminant",),
    "sklearn.dummy": ("sklearn.dummy",),
    "sklearn.ensemble": (
        "sklearn.ensembles",
        "sklearn.gradient_boosting",
        "sklearn.stacking",
        "sklearn.trees",
        "sklearn.voting",
    ),
    "sklearn.feature_extraction": ("sklearn.dictionaries",),
    "sklearn.feature_extraction.text": ("sklearn.text",),
    "sklearn.feature_selection": ("sklearn.feature_selection",),
    "sklearn.frozen": ("sklearn.wrappers",),
    "sklearn.gaussian_process": ("sklearn.gaussian_process",),
    "sklearn.impute": ("sklearn.imputers",),
    "sklearn.isotonic": ("sklearn.regression",),
    "sklearn.kernel_approximation": ("sklearn.decomposition",),
    "sklearn.kernel_ridge": ("sklearn.regression",),
    "sklearn.linear_model": ("sklearn.linear",),
    "sklearn.manifold": ("sklearn.manifold",),
    "sklearn.mixture": ("sklearn.mixture",),
    "sklearn.model_selection": ("sklearn.wrappers",),
    "sklearn.multiclass": ("sklearn.multiclass",),
    "sklearn.multioutput": ("sklearn.multioutput",),
    "sklearn.naive_bayes": ("sklearn.naive_bayes",),
    "sklearn.neighbors": ("sklearn.decomposition", "sklearn.density", "sklearn.discriminant", "sklearn.neighbors"),
    "sklearn.neural_network": ("sklearn.neural_network",),
    "sklearn.pipeline": ("sklearn.compose", "sklearn.pipeline"),
    "sklearn.preprocessing": ("sklearn.encoders", "sklearn.preprocessing", "sklearn.scalers"),
    "sklearn.random_projection": ("sklearn.decomposition",),
    "sklearn.semi_supervised": ("sklearn.manifold", "sklearn.wrappers"),
    "sklearn.svm": ("sklearn.linear", "sklearn.svm"),
    "sklearn.tree": ("sklearn.trees",),
    "skl2onnx.sklapi.cast_transformer": ("sklearn.casts",),
    "xgboost.sklearn": ("xgboost.wrappers",),
    "lightgbm": ("lightgbm.boosters",),
    "lightgbm.sklearn": ("lightgbm.wrappers",),
    "catboost.core": ("catboost.wrappers",),
}


def find_reader(name: str) -> Reader | None:
    """Return the converter of a class, by its public name, or None."""
    return _readers_of(FAMILIES.get(name.rpartition(".")[0], ())).get(name)


def all_readers() -> dict[str, Reader]:
    """Return every converter by the name of its class. Imports all of them: for listings only."""
    return _readers_of(sorted({family for families in FAMILIES.values() for family in families}))


def _readers_of(families: Iterable[str]) -> dict[str, Reader]:
    readers: dict[str, Reader] = {}
    for family in families:
        readers |= importlib.import_module(f".{family}", __package__).READERS
    return readers
