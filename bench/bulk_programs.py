"""One way to score the rows, in a process of its own: `bulk_programs.py KIND WAY DIRECTORY` prints seconds and memory as JSON.

The directory has `model.safetensors`, `model.pkl`, `rows.csv`, `rows.npy` and `rows.parquet`. Opening the model and starting
the engine are not in the seconds; reading, scoring and writing are.
"""

from __future__ import annotations

import json
import pickle
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Task = Callable[[], Any]


def file_ours(directory: Path) -> Task:
    """`iris-model predict` in one process."""
    from iris_model.scoring import load
    from iris_model.table_io import Request, find_format, find_inputs, predict_files

    inputs, output = find_inputs([str(directory / "rows.csv")]), str(directory / "ours.csv")
    request = Request(load(directory / "model.safetensors"), inputs, output, find_format(output), ("predict",))
    return lambda: predict_files(request)


def file_original(directory: Path) -> Task:
    """pandas, and the original."""
    import pandas

    original = _original(directory)

    def run() -> None:
        answers = original.predict(pandas.read_csv(directory / "rows.csv"))
        pandas.DataFrame({"prediction": answers}).to_csv(directory / "original.csv", index=False)

    return run


def array_ours(directory: Path) -> Task:
    """From a NumPy array."""
    import numpy

    from iris_model.scoring import load

    model, rows = load(directory / "model.safetensors"), numpy.load(directory / "rows.npy")
    model.predict(rows[:1000])
    return lambda: model.predict(rows)


def array_original(directory: Path) -> Task:
    """From the same array."""
    import numpy
    from threadpoolctl import threadpool_limits

    original, rows = _original(directory), numpy.load(directory / "rows.npy")
    threadpool_limits(1)
    original.predict(rows[:1000])
    return lambda: original.predict(rows)


def polars_ours(directory: Path) -> Task:
    """As an expression of Polars."""
    import polars

    import iris_model as im

    expression = im.polars.predict(directory / "model.safetensors")
    return lambda: polars.scan_parquet(directory / "rows.parquet").select(expression).collect()


def polars_original(directory: Path) -> Task:
    """The original in the same place."""
    import polars

    original = _original(directory)

    def ask(rows: Any) -> Any:
        return polars.Series(original.predict(rows.struct.unnest().to_numpy()).tolist())

    names = polars.read_parquet_schema(directory / "rows.parquet")
    expression = polars.struct(list(names)).map_batches(ask, return_dtype=polars.String).alias("predict")
    return lambda: polars.scan_parquet(directory / "rows.parquet").select(expression).collect()


def duckdb_ours(directory: Path) -> Task:
    """As a function of DuckDB."""
    import duckdb

    import iris_model as im

    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    call = im.duckdb.register(connection, directory / "model.safetensors", name="species")
    query = f"SELECT {call} FROM '{directory}/rows.parquet'"
    return lambda: connection.sql(query).arrow().read_all()


def duckdb_original(directory: Path) -> Task:
    """The original in the same place."""
    import duckdb
    import numpy
    import pyarrow

    original = _original(directory)

    def ask(a: Any, b: Any, c: Any, d: Any) -> Any:
        return pyarrow.array(original.predict(numpy.column_stack([each.to_numpy() for each in (a, b, c, d)])).tolist())

    connection = duckdb.connect()
    connection.execute("SET threads = 1")
    connection.create_function("species", ask, ["DOUBLE"] * 4, "VARCHAR", type="arrow")
    names = ", ".join(f'"{name}"' for name in original.feature_names_in_)
    query = f"SELECT species({names}) FROM '{directory}/rows.parquet'"
    return lambda: connection.sql(query).arrow().read_all()


def spark_ours(directory: Path) -> Task:
    """As a pandas UDF of Spark."""
    import iris_model as im

    spark = _spark()
    udf = im.spark.udf(directory / "model.safetensors")
    frame = spark.read.parquet(str(directory / "rows.parquet"))
    return lambda: frame.select(udf().alias("species")).groupBy("species").count().collect()


def spark_original(directory: Path) -> Task:
    """The original in the same place."""
    import pandas
    from pyspark.sql.functions import pandas_udf, struct

    spark, original = _spark(), _original(directory)

    def ask(rows: pandas.DataFrame) -> pandas.Series:
        return pandas.Series(original.predict(rows))

    ask.__annotations__ = {"rows": pandas.DataFrame, "return": pandas.Series}
    udf = pandas_udf(ask, returnType="string")
    frame = spark.read.parquet(str(directory / "rows.parquet"))
    return lambda: frame.select(udf(struct("*")).alias("species")).groupBy("species").count().collect()


def _spark() -> Any:
    from pyspark.sql import SparkSession

    return SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()


def _original(directory: Path) -> Any:
    return pickle.loads((directory / "model.pkl").read_bytes())


def peak_megabytes() -> float:
    """Peak memory of this process since it was started; `getrusage` also counts what its parent had at the fork."""
    status = Path("/proc/self/status").read_text() if Path("/proc/self/status").exists() else ""
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def run_program(python: str, kind: str, way: str, directory: Path, environment: dict[str, str]) -> dict[str, float]:
    """Run one way in a process of its own; return its seconds and its peak memory in MB."""
    command = [python, __file__, kind, way, str(directory)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=900)
    if done.returncode:
        raise RuntimeError(f"{kind} {way}: {done.stderr.strip()[-400:]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    task = globals()[f"{sys.argv[1]}_{sys.argv[2]}"](Path(sys.argv[3]))
    started = time.perf_counter()
    task()
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "peak_mb": peak_megabytes()}))
