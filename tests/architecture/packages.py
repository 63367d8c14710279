"""The packages, and which of them each may import: the table of docs/architecture.md as data. Tests in this folder enforce it.

A third-party module that several packages import (`numpy`) is listed in each. `by_file` is for single files or folders: a library
whose models are read may be imported in its own folder only.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "iris_model"

ALL_PACKAGES = (
    "aws", "cli", "compiler", "contract", "cost", "engine", "errors", "explanation", "image", "installed",
    "integrations", "local", "oci", "project", "readers", "runtime", "scoring", "table_io",
)  # fmt: skip


@dataclass(frozen=True)
class Package:
    """What a package may import in addition to the standard library and itself."""

    ours: tuple[str, ...] = ()
    for_types: tuple[str, ...] = ()
    """What it may also import under TYPE_CHECKING."""
    third_party: tuple[str, ...] = ()
    by_file: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """File or folder inside the package -> what only it may import."""


PACKAGES = {
    "runtime": Package(
        ours=("engine",),
        for_types=("contract",),
        by_file=(
            ("executors/original_table.py", ("numpy", "pandas")),
            ("executors/opening.py", ("joblib", "skops", "xgboost", "lightgbm", "catboost")),
            ("executors/onnx.py", ("onnxruntime", "numpy")),
            ("executors/own_steps.py", ("numpy", "sklearn")),
        ),
    ),
    "engine": Package(for_types=("contract",)),
    "contract": Package(),
    "readers": Package(
        ours=("contract", "errors", "installed"),
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
    "compiler": Package(
        ours=("contract", "engine", "readers", "errors"),
        third_party=("numpy",),
    ),
    "explanation": Package(ours=("engine",)),
    "oci": Package(ours=("contract", "errors"), third_party=("urllib3",)),
    "cost": Package(ours=("contract", "errors"), by_file=(("raster.py", ("resvg_py",)),)),
    "image": Package(ours=("contract", "oci", "project", "errors"), third_party=("packaging",)),
    "project": Package(ours=("compiler", "contract", "errors", "installed"), third_party=("packaging", "platformdirs")),
    "scoring": Package(
        ours=("compiler", "contract", "engine", "errors", "project", "readers", "runtime"),
        third_party=("numpy",),
    ),
    "integrations": Package(
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
    "table_io": Package(
        ours=("contract", "engine", "errors", "runtime", "scoring"),
        third_party=("numpy",),
        by_file=(("sources.py", ("pyarrow", "zstandard")),),
    ),
    "local": Package(ours=("contract", "errors"), third_party=("aiohttp", "psutil", "watchfiles")),
    "aws": Package(ours=("contract", "oci", "image", "cost", "errors"), third_party=("boto3", "botocore", "yaml")),
    "cli": Package(ours=ALL_PACKAGES, third_party=("click", "rich")),
    "errors": Package(),
    "installed": Package(),
}
