"""Opens packaged functions as Lambda does, one after another: only what travels is imported of this project.

One line of JSON in: where the function is, rows, rows that are refused, methods. One out: the answers to all rows at once and
to each alone, and what each method gives. The libraries are imported once for all functions.
"""

import json
import os
import sys
import warnings

warnings.simplefilter("ignore")


def load(directory, name):
    for module in [one for one in sys.modules if one.partition(".")[0] == "iris_model"]:
        del sys.modules[module]
    sys.path[0] = directory
    sys.path_importer_cache.clear()
    os.environ["LAMBDA_TASK_ROOT"] = directory
    os.chdir(directory)
    from iris_model.engine.errors import InvalidInput
    from iris_model.runtime import Model

    assert sys.modules["iris_model"].__file__.startswith(directory), sys.modules["iris_model"].__file__
    return Model.load(name), InvalidInput


def answer(asked):
    model, invalid_input = load(asked["function"], asked["model"])
    ones = []
    for row in asked["rows"] + asked["refused"]:
        try:
            ones.append({"answer": model.answer([row] if isinstance(row, list) else row)})
        except invalid_input as error:
            ones.append({"refused": str(error), "row": error.row})
    found = {"executor": model.executor, "ones": ones, "batch": model.answer(asked["rows"])["predictions"]}
    methods = [method for method in asked["methods"] if method in model.signature["outputs"]]
    rows = asked["tables"]
    return found | {
        "methods": {method: getattr(model, method)(rows) for method in methods},
        "signature": model.signature,
    }


sys.path.insert(0, "")
for line in sys.stdin:
    try:
        said = answer(json.loads(line))
    except Exception as error:
        import traceback

        said = {"error": f"{type(error).__name__}: {error}", "traceback": traceback.format_exc()}
    print("\n" + json.dumps(said), flush=True)
