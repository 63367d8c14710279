"""The rooms and whom each may import: the table of docs/architecture.md as data. It is the law; the tests beside it hold it.

A module that several rooms name (`numpy`) is listed in each. `library` rows are for single files: the library being read may
be imported in its own file only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "iris_model"

ALL_ROOMS = (
    "aws", "cli", "compiler", "cost", "engine", "errors", "image", "local", "oci", "project", "readers", "runtime",
)  # fmt: skip


@dataclass(frozen=True)
class Room:
    """Whom a room may import beside the standard library and itself."""

    ours: tuple[str, ...] = ()
    third_party: tuple[str, ...] = ()
    by_file: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """File or folder inside the room -> what only it may import."""


ROOMS = {
    "runtime": Room(
        ours=("engine",),
        by_file=(("original.py", ("numpy", "pandas", "joblib")), ("onnx.py", ("onnxruntime", "numpy"))),
    ),
    "engine": Room(),
    "readers": Room(
        ours=("errors",),
        third_party=("numpy",),
        by_file=(
            ("sklearn", ("sklearn", "scipy")),
            ("xgboost", ("xgboost",)),
            ("lightgbm", ("lightgbm",)),
            ("catboost", ("catboost",)),
            ("joblibs.py", ("joblib",)),
            ("frames.py", ("pandas",)),
            ("onnx.py", ("onnxruntime",)),
            ("skops.py", ("skops",)),
            ("open.py", ("joblib",)),
        ),
    ),
    "compiler": Room(
        ours=("engine", "readers", "errors"),
        third_party=("numpy", "safetensors"),
    ),
    "oci": Room(ours=("errors",), third_party=("urllib3",)),
    "cost": Room(ours=("errors",)),
    "image": Room(ours=("oci", "project", "errors")),
    "project": Room(ours=("compiler", "errors")),
    "local": Room(ours=("errors",), third_party=("aiohttp", "psutil", "watchfiles")),
    "aws": Room(ours=("oci", "image", "cost", "errors"), third_party=("boto3", "botocore", "yaml")),
    "cli": Room(ours=ALL_ROOMS, third_party=("click", "rich")),
    "errors": Room(),
}
