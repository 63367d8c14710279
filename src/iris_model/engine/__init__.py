"""Evaluate a compiled model with the standard library alone.

    from iris_model.engine import load
    model = load("iris_trained_model.safetensors")
    model.predict([[5.1, 3.5, 1.4, 0.2]])          # ['setosa']

Rows and answers are plain lists. This package is shipped inside every function, so it imports only modules of the
standard library that load quickly.
"""

from .errors import InvalidInput, ModelFormatError
from .model import CompiledModel

__all__ = ["CompiledModel", "InvalidInput", "ModelFormatError", "load"]


def load(path: str, *, own_code: bool = False) -> CompiledModel:
    """Open the compiled model at `path`. `own_code`: run the steps of the user's own in it (`iris_model.step`).

    The time does not depend on the number of parameters. Raises ModelFormatError if the file is not a valid compiled
    model.
    """
    return CompiledModel(path, own_code=own_code)
