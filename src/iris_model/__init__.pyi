"""The types of what `iris_model` imports when it is first asked for."""

from iris_model.engine.errors import InvalidInput as InvalidInput
from iris_model.errors import IrisModelError as IrisModelError
from iris_model.integrations import dask as dask
from iris_model.integrations import duckdb as duckdb
from iris_model.integrations import polars as polars
from iris_model.integrations import ray as ray
from iris_model.integrations import spark as spark
from iris_model.runtime.executors.own_steps import step as step
from iris_model.scoring import Model as Model
from iris_model.scoring import Report as Report
from iris_model.scoring import compile as compile
from iris_model.scoring import load as load
from iris_model.scoring.deploying import deploy as deploy

__version__: str
