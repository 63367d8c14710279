"""Run a model inside Spark, Ray Data, Dask, DuckDB or Polars, with one module for each.

Each module is a thin adapter of `scoring.Model`, and imports its library. `shared` converts answers to column types,
and sends the model to other processes.
"""
