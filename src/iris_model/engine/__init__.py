"""Evaluates a compiled model with nothing but the standard library.

    from iris_model.engine import load
    model = load("iris_trained_model.safetensors")
    model.predict([[5.1, 3.5, 1.4, 0.2]])          # ['setosa']

In: a path; rows as plain lists. Out: plain lists. This room is shipped inside every function and imports nothing but the
standard library, and as little as possible of that.
"""

from .errors import InvalidInput, ModelFormatError
from .model import CompiledModel

__all__ = ["CompiledModel", "InvalidInput", "ModelFormatError", "load"]


def load(path: str) -> CompiledModel:
    """Open the compiled model at `path`; raises ModelFormatError."""
    return CompiledModel(path)
