"""iris-model takes a trained model to a pay-per-request HTTPS endpoint on AWS Lambda, and scores tables with it here.

    import iris_model as im

    model = im.compile(estimator, data=X)      # or im.load("iris.safetensors")
    model.predict(X)

This file is shipped inside every function, so it imports nothing: each import here would be paid for at every cold start.
What belongs to the Python API is imported when it is first asked for; a function has none of it. Its types are in `__init__.pyi`.
"""

__version__ = "0.1.0"

# Name -> the module that has it.
_API = {
    "InvalidInput": "engine.errors",
    "IrisModelError": "errors",
    "Model": "scoring",
    "Report": "scoring",
    "compile": "scoring",
    "deploy": "scoring.deploying",
    "load": "scoring",
    "step": "runtime.executors.own_steps",
}
# One module for each, in `integrations`; they need the engine itself.
_ENGINES = ("dask", "duckdb", "polars", "ray", "spark")


def __getattr__(name: str) -> object:
    if name in _ENGINES:
        value: object = __import__(f"iris_model.integrations.{name}", fromlist=(name,))
    elif name in _API:
        value = getattr(__import__(f"iris_model.{_API[name]}", fromlist=(name,)), name)
    else:
        raise AttributeError(f"module 'iris_model' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> "list[str]":
    return sorted([*globals(), *_API, *_ENGINES])
