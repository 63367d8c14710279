"""Compile a fitted model into one file, and verify that the file answers as the model does.

    open      a path to an estimator (readers)
    read      the estimator to a graph (readers); a refusal lists every reason
    pass      the graph to a smaller graph that computes the same (passes)
    emit      the graph to the bytes of a compiled model (emit)
    verify    the bytes, evaluated by the engine, against the original's own methods, row by row (rows, verify)

    networks        the same for ONNX files, against onnxruntime

    describe        for a model that is not compiled: signature, source and golden rows for the `original` executor,
                    and for ONNX models (describe_onnx)
    inspection      the content of a model file: steps, columns, classes, trees
    requirements    the packages that open the model elsewhere

Only verified models are returned. This package prints nothing, and writes only temporary files.
"""

from iris_model.compiler.description.describe import Description, describe_original
from iris_model.compiler.description.onnx import describe_onnx
from iris_model.compiler.parity.report import ParityReport
from iris_model.readers import find_external_files, read_model_file
from iris_model.readers.estimators import FIT_FIRST

from .compile import Compilation, compile_model
from .inspection import inspect_compiled, inspect_model, inspect_onnx
from .networks.reading import find_unsupported_steps
from .requirements import list_requirements

__all__ = [
    "FIT_FIRST",
    "Compilation",
    "Description",
    "ParityReport",
    "compile_model",
    "describe_onnx",
    "describe_original",
    "find_external_files",
    "find_unsupported_steps",
    "inspect_compiled",
    "inspect_model",
    "inspect_onnx",
    "list_requirements",
    "read_model_file",
]
