"""Every key of `iris-model.toml`, in one table.

`settings`, the reference page and the file that `init` writes (`reference`) use this table; other keys do not exist.
`key` defines a key, and `deployment_keys` has those of deployment.
"""

from __future__ import annotations

from iris_model.contract.architecture import Architecture
from iris_model.contract.lambda_limits import LEAST_MEMORY, MOST_MEMORY, MOST_TIMEOUT
from iris_model.project.configuration.deployment_keys import DEPLOYMENT_KEYS
from iris_model.project.configuration.feature_keys import FEATURE_KEYS
from iris_model.project.configuration.key import Key

# A path that stays inside the project: relative, no `..` part, and no backslash, which separates only on Windows.
_INSIDE = r"(?!/)(?!(?:.*/)?\.\.(?:/|$))[^\\]+"
_INSIDE_MEANS = "a relative path inside the project"

PROJECT_KEYS: tuple[Key, ...] = (
    Key(
        "name",
        "text",
        "Name of the function, in the Invoke API and on AWS.",
        required=True,
        pattern=r"[A-Za-z0-9_-]{1,64}",
        pattern_means="1 to 64 letters, digits, hyphens or underscores",
        staged=True,
    ),
    Key(
        "model",
        "text",
        "The trained model.",
        required=True,
        pattern=_INSIDE,
        pattern_means=_INSIDE_MEANS,
    ),
    Key(
        "handler",
        "text",
        "Module and function that Lambda calls.",
        default="app.handler",
        pattern=r"(?u:[A-Za-z_]\w*(?:[./][A-Za-z_]\w*)*\.[A-Za-z_]\w*)",
        pattern_means='a module and a function, such as "app.handler"',
    ),
    Key(
        "executor",
        "text",
        "Executor of the model. `auto` selects `compiled` if the model compiles and verifies, otherwise `original` "
        "(for ONNX files `onnxruntime`).",
        default="auto",
        choices=("auto", "compiled", "onnxruntime", "original"),
    ),
    Key(
        "kernels",
        "text",
        "Add the C kernels (150 KiB) to the function. They make trees, neighbors, support vector machines, neural networks "
        "and requests of many rows faster. `auto` adds them if the model has such operators and at least 64 KiB (networks: "
        "8 KiB), and the function has the architecture of this machine. Set `always` for a small model that gets requests of "
        "20 rows or more. Example: 100 rows of iris take 1.2 times the time of scikit-learn without the kernels, and 0.2 "
        "times with them.",
        default="auto",
        choices=("auto", "always", "never"),
    ),
    Key(
        "runtime",
        "text",
        "Runtime of the function. `native` is a static executable that answers without Python, with the same bytes. It needs a "
        "compiled model with numeric columns and supported operators, and the handler that `init` writes. Otherwise `package` "
        "fails with the reason. `auto` selects `native` if that is possible, otherwise `python`, and the commands print the "
        "reason. `auto` selects `python` for a function with the C kernels (see `kernels`), which are faster for requests of "
        "many rows, and if the Dockerfile of the project starts Python.",
        default="auto",
        choices=("auto", "native", "python"),
    ),
    Key(
        "memory",
        "integer",
        "Memory of the function.",
        default=128,
        minimum=LEAST_MEMORY,
        maximum=MOST_MEMORY,
        unit="MB",
        staged=True,
    ),
    Key(
        "timeout",
        "integer",
        "Timeout of an invocation.",
        default=3,
        minimum=1,
        maximum=MOST_TIMEOUT,
        unit="s",
        staged=True,
    ),
    Key("architecture", "text", "Architecture of the function.", default="x86_64", choices=tuple(Architecture)),
    Key(
        "base-image",
        "text",
        "Base image of the container image. `scratch` is empty: with the native runtime, the image has only the executable, "
        "the model and the handler. A Dockerfile has its own setting, BASE_IMAGE.",
        default="public.ecr.aws/lambda/python:3.13",
        pattern=r"\S+",
        pattern_means="an image reference without spaces",
    ),
    Key(
        "package-type",
        "text",
        "Deployment package of the function: a container image, or a zip archive. An archive runs on Lambda's runtime "
        "`provided.al2023` (native), or on the managed runtime of `python`; `base-image` has no effect. A deployed "
        "function cannot change its type.",
        default="image",
        choices=("image", "zip"),
    ),
    Key(
        "snapstart",
        "boolean",
        "SnapStart: start sandboxes from a snapshot with the loaded model. AWS bills every kept version. Requires "
        "Python 3.12 or later, if the base image is one of AWS; `build` sets the label that SnapStart requires.",
        default=False,
    ),
    Key(
        "python",
        "text",
        "Minor version of Python in the function.",
        default_doc="the Python that runs `iris-model`",
        pattern=r"3\.\d{1,2}",
        pattern_means='a minor version of Python, such as "3.13"',
    ),
    Key(
        "route",
        "text",
        "Path of the HTTP API after the stage.",
        default_doc="`/` and the name",
        pattern=r"/[A-Za-z0-9._~/-]*",
        pattern_means='a path that starts with "/"',
        staged=True,
    ),
    Key(
        "more-routes",
        "texts",
        "More routes of the HTTP API, for clients that expect other paths.",
        default=(),
        # A variable is a whole part of the path. A variable for the rest of the path must be the last part.
        pattern=(
            r"(?:(?:ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) )?"
            r"(?=/)(?:/(?:[A-Za-z0-9._~:-]*|\{[A-Za-z0-9._-]+\}))*(?:/\{[A-Za-z0-9._-]+\+\})?"
        ),
        pattern_means='a path, or a method and a path, such as "POST /invocations"',
        staged=True,
    ),
    Key(
        "stage",
        "text",
        "Stage of the HTTP API: the first part of the path, as in /default/iris-prediction.",
        default="default",
        pattern=r"\$default|[A-Za-z0-9_-]{1,128}",
        pattern_means='"$default", or 1 to 128 letters, digits, hyphens or underscores',
        staged=True,
    ),
    Key(
        "data",
        "text",
        "CSV file of sample rows, for verification, value ranges and golden rows.",
        pattern=_INSIDE,
        pattern_means=_INSIDE_MEANS,
    ),
    Key(
        "categories",
        "lists",
        "Categories of DataFrame columns, in the order of training (`frame[column].cat.categories`). Needed only for columns "
        "whose categories the model file does not store: those of XGBoost before 3.1 or with characters outside ASCII, and "
        'those that a step of your own reads with `executor = "original"`.',
        default={},
    ),
    Key(
        "trust",
        "texts",
        "Names in the model file that may be loaded although they are not from a known library.",
        default=(),
        pattern=r"(?u:[^\W\d]\w*(?:\.[^\W\d]\w*)*)",
        pattern_means='a dotted name, such as "my_features.Squarer"',
    ),
    Key(
        "include",
        "texts",
        "More files to package, as paths or globs. Modules that the handler imports are packaged automatically.",
        default=(),
        pattern=_INSIDE,
        pattern_means=_INSIDE_MEANS,
    ),
    Key(
        "environment",
        "table",
        "Environment variables of the function, at most 4 KB in total.",
        default={},
        pattern=r"[A-Za-z][A-Za-z0-9_]+",
        pattern_means="at least two letters, digits or underscores, starting with a letter",
        staged=True,
    ),
    Key(
        "labels",
        "table",
        "Names of the model's classes for people: on the page of `serve`, in the OpenAPI document and in the model card. "
        'Answers keep the classes of the model, unless `answer-labels` is set. Example: `labels = { 0 = "no", 1 = "yes" }`.',
        default={},
        value_pattern=r"(?=.*\S)[^\x00-\x1f\x7f]{1,100}",
        value_means="1 to 100 printable characters",
    ),
    Key(
        "answer-labels",
        "boolean",
        "Answer with the names in `labels`, in place of the classes of the model. Each class needs a name. It needs the Python "
        "runtime.",
        default=False,
    ),
    Key(
        "function-directory-kib",
        "integer",
        "Maximum size of the function directory. `package` fails above it.",
        default_doc="no limit",
        section="budgets",
        minimum=1,
        unit="KiB",
    ),
    Key(
        "image-layers-kib",
        "integer",
        "Maximum compressed size of the layers above the base image. `build` fails above it.",
        default_doc="no limit",
        section="budgets",
        minimum=1,
        unit="KiB",
    ),
    Key(
        "image-mib",
        "integer",
        "Maximum uncompressed size of the whole image. `build` fails above it.",
        default_doc="no limit",
        section="budgets",
        minimum=1,
        maximum=10240,
        unit="MiB",
    ),
    Key(
        "data",
        "text",
        "CSV file of the training data with the target column, for the plot of the playground. It is never packaged.",
        default_doc="the `data` above",
        section="playground",
        pattern=_INSIDE,
        pattern_means=_INSIDE_MEANS,
    ),
    Key(
        "target",
        "text",
        "Column with the labels in that file.",
        default_doc="the column that is not a feature",
        section="playground",
    ),
)

KEYS: tuple[Key, ...] = PROJECT_KEYS + DEPLOYMENT_KEYS + FEATURE_KEYS
