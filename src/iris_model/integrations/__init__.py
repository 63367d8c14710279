"""The model inside engines that hold many rows: Spark, Ray Data, Dask, DuckDB, Polars. One module for each.

Each is a thin layer over `scoring.Model`, and imports its engine. `shared` says what an answer is in the types of an engine, and
carries a model to other processes.
"""
