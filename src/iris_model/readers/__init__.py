"""Opens what users have, and reads it into a graph.

    path ──► open_model    look at the pickle's globals and versions first, then build the object   ──► OpenedModel
    estimator ──► read_estimator    one reader per class, found by name in hand-written tables       ──► Graph

Nothing here runs code from a file before it was judged, and nothing here decides whether an answer is right: that is
the compiler's work. A library is imported by its own pickles only.
"""

from .estimators import METHODS, needed_methods, offered_methods, read_estimator, read_partly
from .graph import Graph, Node
from .libraries import library_of
from .open import OpenedModel, open_model
from .pickles import PickleScan, scan_pickle
from .trusted import find_refused_globals

__all__ = [
    "METHODS",
    "Graph",
    "Node",
    "OpenedModel",
    "PickleScan",
    "find_refused_globals",
    "library_of",
    "needed_methods",
    "offered_methods",
    "open_model",
    "read_estimator",
    "read_partly",
    "scan_pickle",
]
