"""Open model files, and convert fitted estimators to graphs.

    path ──► open_model    check the pickle's globals and versions first, then build the object   ──► OpenedModel
    estimator ──► read_estimator    one converter per class, found by name in tables              ──► Graph

Nothing here runs code from a file before it was checked. Nothing here decides whether an answer is right; the compiler
does. A library is imported only for its own models.
"""

from iris_model.readers.opening.model_file import ModelFile, read_model_file, scan_pickle
from iris_model.readers.opening.onnx_files import find_external_files
from iris_model.readers.opening.open import OpenedModel, open_model
from iris_model.readers.pickled.refusals import find_refused
from iris_model.readers.pickled.scan import PickleScan
from iris_model.readers.pickled.trusted import find_refused_globals

from .estimators import METHODS, needed_methods, offered_methods, read_estimator, read_partly
from .graph import Graph, Node
from .plugins import library_of

__all__ = [
    "METHODS",
    "Graph",
    "ModelFile",
    "Node",
    "OpenedModel",
    "PickleScan",
    "find_external_files",
    "find_refused",
    "find_refused_globals",
    "library_of",
    "needed_methods",
    "offered_methods",
    "open_model",
    "read_estimator",
    "read_model_file",
    "read_partly",
    "scan_pickle",
]
