"""Compiles a fitted model into one file, and proves that the file answers as the model does.

    open      a path becomes an estimator (readers)
    read      the estimator becomes a graph (readers); every reason for a refusal at once
    pass      the graph becomes a smaller graph that computes the same (passes)
    emit      the graph becomes the bytes of a compiled model (emit)
    verify    the bytes, evaluated by the engine, against the original's own methods, row by row (rows, verify)

    describe  a model that stays as it is: signature, source and golden rows for the `original` executor,
              and for ONNX models (describe_onnx)
    requirements    what must be installed where the model is opened again

Nothing is handed out that was not verified. Nothing here prints or writes but a temporary file.
"""

from .compile import Compilation, compile_model
from .describe import Description, describe_original
from .describe_onnx import describe_onnx
from .report import ParityReport
from .requirements import list_requirements

__all__ = [
    "Compilation",
    "Description",
    "ParityReport",
    "compile_model",
    "describe_onnx",
    "describe_original",
    "list_requirements",
]
