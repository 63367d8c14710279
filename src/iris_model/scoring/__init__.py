"""The Python API: one model, many rows. `import iris_model as im` offers these names.

    opening     compile an estimator, or open a file, project or function directory   -> Model
    model       Model: predict(X), predict_proba(X), ...                              (the user's object)
    inputs      X of any library                                                      -> Columns, batch by batch
    frames      DataFrames and Series of pandas                                       (one kind of X)
    arrow       objects with the Arrow C interface: pyarrow, Polars, DuckDB           (another kind of X)
    interchange objects with only the DataFrame interchange protocol                  (another kind of X)
    core        Columns -> arrays of answers, equal to those of a request
    outputs     arrays -> the container of the library that X came from
    report      the comparison with the original, and the model's representation

Only NumPy is imported here: a caller that passes a DataFrame has imported its library already.
"""

from iris_model.contract.comparison import Report

from .model import Model
from .opening import compile, load

__all__ = ["Model", "Report", "compile", "load"]
