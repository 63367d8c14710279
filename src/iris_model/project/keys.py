"""Every key of `iris-model.toml`, in one table.

Reading (`settings`), the reference page and the file that `init` writes (`reference`) all follow this table; a key that
is not here does not exist. What a key is, is in `key`; the keys of deployment are in `deployment_keys`.
"""

from __future__ import annotations

from iris_model.project.deployment_keys import DEPLOYMENT_KEYS
from iris_model.project.key import Key

# A path that stays inside the project: relative, no `..` part, and no backslash, which is a path on one system only.
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
        pattern=r"[A-Za-z_]\w*(?:[./][A-Za-z_]\w*)*\.[A-Za-z_]\w*",
        pattern_means='a module and a function, as in "app.handler"',
    ),
    Key(
        "executor",
        "text",
        "What evaluates the model. `auto` takes `compiled` where that is shown to be equal, else `original`.",
        default="auto",
        choices=("auto", "compiled", "onnxruntime", "original"),
    ),
    Key(
        "kernels",
        "text",
        "C kernels (90 KiB) for trees, neighbors and support vector machines. `auto` takes them where they pay: models of 64 KiB "
        "and more, and a function for the processor of this machine.",
        default="auto",
        choices=("auto", "always", "never"),
    ),
    Key(
        "memory",
        "integer",
        "Memory of the function.",
        default=128,
        minimum=128,
        maximum=10240,
        unit="MB",
        staged=True,
    ),
    Key(
        "timeout",
        "integer",
        "Longest time that one invocation may take.",
        default=3,
        minimum=1,
        maximum=900,
        unit="s",
        staged=True,
    ),
    Key("architecture", "text", "Processor of the function.", default="x86_64", choices=("x86_64", "arm64")),
    Key(
        "base-image",
        "text",
        "Image that the container image is built on; a Dockerfile says it once more, as BASE_IMAGE.",
        default="public.ecr.aws/lambda/python:3.13",
        pattern=r"\S+",
        pattern_means="an image reference without spaces",
    ),
    Key(
        "python",
        "text",
        "Minor version of Python that the function runs on.",
        default_doc="the Python that packages it",
        pattern=r"3\.\d{1,2}",
        pattern_means='a minor version of Python, as in "3.13"',
    ),
    Key(
        "route",
        "text",
        "Path of the HTTP API after the stage.",
        default_doc="`/` and the name",
        pattern=r"/[A-Za-z0-9._~/-]*",
        pattern_means='a path that begins with "/"',
        staged=True,
    ),
    Key(
        "more-routes",
        "texts",
        "Further routes of the HTTP API, for clients that expect paths of their own.",
        default=(),
        pattern=r"(?:(?:ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) )?/(?:[A-Za-z0-9._~:/-]|\{[A-Za-z0-9._-]+\+?\})*",
        pattern_means='a path, or a method and a path, as in "POST /invocations"',
        staged=True,
    ),
    Key(
        "stage",
        "text",
        "Stage of the HTTP API: the first part of the path.",
        default="default",
        pattern=r"\$default|[A-Za-z0-9_-]{1,128}",
        pattern_means='"$default", or 1 to 128 letters, digits, hyphens or underscores',
        staged=True,
    ),
    Key(
        "data",
        "text",
        "CSV file of sample rows: verification, ranges and golden rows use it.",
        pattern=_INSIDE,
        pattern_means=_INSIDE_MEANS,
    ),
    Key(
        "trust",
        "texts",
        "Names in the model file that may be loaded though no known library defines them.",
        default=(),
        pattern=r"[^\W\d]\w*(?:\.[^\W\d]\w*)*",
        pattern_means='a dotted name, as in "my_features.Squarer"',
    ),
    Key(
        "include",
        "texts",
        "Further files to package, as paths or globs; modules that the handler imports come by themselves.",
        default=(),
        pattern=_INSIDE,
        pattern_means=_INSIDE_MEANS,
    ),
    Key(
        "environment",
        "table",
        "Environment variables of the function, at most 4 KB together.",
        default={},
        pattern=r"[A-Za-z][A-Za-z0-9_]+",
        pattern_means="two or more letters, digits or underscores, a letter first",
        staged=True,
    ),
    Key(
        "function-directory-kib",
        "integer",
        "Largest size of the function directory; `package` fails beyond it.",
        default_doc="no limit",
        section="budgets",
        minimum=1,
        unit="KiB",
    ),
    Key(
        "image-layers-kib",
        "integer",
        "Largest compressed size of all layers above the base; `build` fails beyond it.",
        default_doc="no limit",
        section="budgets",
        minimum=1,
        unit="KiB",
    ),
    Key(
        "image-mib",
        "integer",
        "Largest uncompressed size of the whole image, base included; `build` fails beyond it.",
        default_doc="no limit",
        section="budgets",
        minimum=1,
        maximum=10240,
        unit="MiB",
    ),
    Key(
        "data",
        "text",
        "CSV file of the training data with its target, which the page of `serve` draws; it is never packaged.",
        default_doc="the `data` above",
        section="playground",
        pattern=_INSIDE,
        pattern_means=_INSIDE_MEANS,
    ),
    Key(
        "target",
        "text",
        "Column of that file with the labels.",
        default_doc="the one that is no feature",
        section="playground",
    ),
)

KEYS: tuple[Key, ...] = PROJECT_KEYS + DEPLOYMENT_KEYS
