"""An environment with Spark, Ray, Dask, DuckDB and Polars in it, made once per machine: too large for that of the tests."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path

from tests.support.docker_engine import one_at_a_time
from tests.support.environments import make_environment

PACKAGES = (
    "pyspark>=4.0", "ray[data]>=2.40", "dask[dataframe]>=2025.1", "distributed>=2025.1", "duckdb>=1.2", "polars>=1.20",
    "pyarrow>=16.0", "pandas>=2.0", "scikit-learn>=1.5", "safetensors>=0.4.5", "psutil>=5.9",
)  # fmt: skip
REPOSITORY = Path(__file__).parents[2]


@cache
def engine_python() -> str:
    """The Python of the environment, in the user's cache. It sees this checkout, whose kernels serve every Python."""
    home = Path.home() / ".cache" / "iris-model-engines" / f"venv-{sys.version_info.minor}"
    python = home / "bin" / "python"
    with one_at_a_time():
        if not (home / ".installed").exists():
            make_environment(home, list(PACKAGES), seconds=1200, what="the engines")
            (home / ".installed").touch()
    return str(python)


def engine_settings() -> dict[str, str]:
    """The environment of a process that runs an engine."""
    return {
        **os.environ,
        "PYTHONPATH": str(REPOSITORY / "src"),
        "PYSPARK_PYTHON": engine_python(),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "RAY_USAGE_STATS_ENABLED": "0",
        "PYTHONWARNINGS": "ignore",
    }
