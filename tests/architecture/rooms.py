"""The rooms and whom each may import: the table of docs/architecture.md as data. It is the law; the tests beside it hold it.

A module that several rooms name (`numpy`) is listed in each. `library` rows are for single files: the library being read may
be imported in its own file only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "iris_model"

ALL_ROOMS = (
    "aws", "cli", "compiler", "contract", "cost", "engine", "errors", "image", "integrations", "local", "oci", "project",
    "readers", "runtime", "scoring", "table_io",
)  # fmt: skip


@dataclass(frozen=True)
class Room:
    """Whom a room may import beside the standard library and itself."""

    ours: tuple[str, ...] = ()
    for_types: tuple[str, ...] = ()
    """What it may import under TYPE_CHECKING besides."""
    third_party: tuple[str, ...] = ()
    by_file: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """File or folder inside the room -> what only it may import."""


ROOMS = {
    "runtime": Room(
        ours=("engine",),
        for_types=("contract",),
        by_file=(
            ("executors/original_table.py", ("numpy", "pandas")),
            ("executors/opening.py", ("joblib", "skops", "xgboost", "lightgbm", "catboost")),
            ("executors/onnx.py", ("onnxruntime", "numpy")),
        ),
    ),
    "engine": Room(for_types=("contract",)),
    "contract": Room(),
    "readers": Room(
        ours=("contract", "errors"),
        third_party=("numpy",),
        by_file=(
            ("sklearn", ("sklearn", "scipy")),
            ("xgboost", ("xgboost",)),
            ("lightgbm", ("lightgbm",)),
            ("catboost", ("catboost",)),
            ("frames.py", ("pandas",)),
            ("pickled/indexes.py", ("pandas",)),
            ("opening/onnx.py", ("onnxruntime",)),
            ("pickled/skops.py", ("skops",)),
        ),
    ),
    "compiler": Room(
        ours=("contract", "engine", "readers", "errors"),
        third_party=("numpy", "safetensors"),
    ),
    "oci": Room(ours=("contract", "errors"), third_party=("urllib3",)),
    "cost": Room(ours=("contract", "errors")),
    "image": Room(ours=("contract", "oci", "project", "errors"), third_party=("packaging",)),
    "project": Room(ours=("compiler", "contract", "errors"), third_party=("packaging", "platformdirs")),
    "scoring": Room(
        ours=("compiler", "contract", "engine", "errors", "project", "readers", "runtime"),
        third_party=("numpy",),
    ),
    "integrations": Room(
        ours=("engine", "errors", "scoring"),
        third_party=("numpy",),
        by_file=(
            ("spark.py", ("pyspark", "pandas")),
            ("ray.py", ("ray", "pyarrow")),
            ("dask.py", ("pandas",)),
            ("duckdb.py", ("pyarrow",)),
            ("polars.py", ("polars",)),
        ),
    ),
    "table_io": Room(
        ours=("contract", "engine", "errors", "runtime", "scoring"),
        third_party=("numpy",),
        by_file=(("sources.py", ("pyarrow", "zstandard")),),
    ),
    "local": Room(ours=("contract", "errors"), third_party=("aiohttp", "psutil", "watchfiles")),
    "aws": Room(ours=("contract", "oci", "image", "cost", "errors"), third_party=("boto3", "botocore", "yaml")),
    "cli": Room(ours=ALL_ROOMS, third_party=("click", "rich")),
    "errors": Room(),
}
