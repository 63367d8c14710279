"""Decide whether the native runtime can answer for a function, and describe the function for it.

It can if the handler is the one that `init` writes (its syntax tree, with any names), if no setting needs Python, and if
the executable itself opens the model and answers the golden rows as the Python runtime does.
"""

from __future__ import annotations

import ast
import json
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from iris_model.contract.architecture import Architecture
from iris_model.contract.file_names import SETTINGS_FILE
from iris_model.contract.native_function import BOOTSTRAP_FILE, NATIVE_FILE, NATIVE_FORMAT, SCRATCH, NativeFunction
from iris_model.errors import ProjectError
from iris_model.project.configuration.settings import ProjectSettings
from iris_model.project.disk import disk_errors
from iris_model.project.packaging.built_parts import how_to_get
from iris_model.project.packaging.executors import COMPILED_SUFFIX, Executable
from iris_model.project.packaging.function_directory import encode_json
from iris_model.project.packaging.python_entry import PYTHON_FILES, dockerfile_of, starts_python
from iris_model.project.packaging.shipped import ROOT

# The handler that `init` writes. Names of the model and of the arguments may differ, and there may be docstrings.
_STOCK = """
from iris_model.runtime import Model
model = Model.load("")
def handler(event, context):
    return model.answer(event)
"""
_SECONDS = 60
REASON = "the handler is the one that init writes, and the executable answers the golden rows as Python does"

_ANSWER = """
import sys
from iris_model.runtime import Model
from iris_model.runtime.marshal import decode_event, encode_json
model = Model.load(sys.argv[1])
for line in sys.stdin.buffer:
    print(encode_json(model.answer(decode_event(line))))
"""


class NotNative(Exception):
    """The native runtime cannot answer for this function. The message is the reason, without a full stop at its end."""

    def __init__(self, reason: str, remedy: str = "") -> None:
        super().__init__(f"{reason}. {remedy}" if remedy else reason)
        self.reason = reason
        self.remedy = f"{remedy}." if remedy else ""


@dataclass(frozen=True)
class Native:
    """The executable and the description of a function with the native runtime."""

    executable: Path
    description: NativeFunction

    @property
    def files(self) -> dict[str, bytes | Path]:
        """The files of the function directory that only this runtime needs, without the executable."""
        return {NATIVE_FILE: encode_json(self.description), **PYTHON_FILES}

    def install(self, directory: Path) -> None:
        """Put the executable into the function directory."""
        place = directory / BOOTSTRAP_FILE
        with disk_errors(str(place)):
            place.write_bytes(self.executable.read_bytes())
            place.chmod(0o755)


def choose_native(
    settings: ProjectSettings, executable: Executable, sources: Mapping[str, Path], *, has_kernels: bool = False
) -> tuple[Native | None, str]:
    """Return the native runtime or None for Python, and the reason; empty if Python was asked for.

    `has_kernels`: whether the function gets the C kernels if it has the Python runtime.

    Raises ProjectError with the reason if the settings ask for the native runtime, or the base has no Python for the other
    one, and it is not possible.
    """
    if settings.runtime not in ("auto", "native"):
        return None, ""
    try:
        _check_is_not_slower(settings, has_kernels=has_kernels)
        native = make_native(settings, executable, sources)
        _check_dockerfile(settings)
        return native, REASON
    except NotNative as error:
        if settings.base_image == SCRATCH:
            raise ProjectError(
                f'base-image = "{SCRATCH}" has no Python, and the native runtime cannot answer: {error.reason}',
                remedy=error.remedy or 'Choose a base image with Python and runtime = "python", or remove the cause.',
            ) from None
        if settings.runtime == "auto":
            return None, str(error)
        raise ProjectError(
            f'runtime = "native" in {SETTINGS_FILE}: {error.reason}',
            remedy=error.remedy or 'Set runtime = "python", or remove the key. Python gives the same answers.',
        ) from None


def make_native(settings: ProjectSettings, executable: Executable, sources: Mapping[str, Path]) -> Native:
    """Return the native runtime of the function. Raises NotNative."""
    _check_settings(settings, executable)
    description = read_handler(settings.handler, executable.model, sources)
    if settings.labels:
        description["labels"] = dict(settings.labels)
    found = find_bootstrap(settings.architecture)
    if found is None:
        raise _without_executable(settings.architecture)
    native = Native(found, description)
    _check_answers(native, executable)
    return native


def _check_is_not_slower(settings: ProjectSettings, *, has_kernels: bool) -> None:
    """Refuse a model with C kernels: they evaluate several rows at once, and the executable one after the other."""
    if settings.runtime == "auto" and settings.base_image != SCRATCH and has_kernels:
        raise NotNative(
            "the function gets the C kernels, with which Python answers requests of many rows faster; "
            'runtime = "native" starts faster, and answers one row faster'
        )


def _check_dockerfile(settings: ProjectSettings) -> None:
    """Refuse a Dockerfile of an older version, which starts Python. With `runtime = "native"`, Python starts the executable."""
    if (
        settings.runtime == "auto"
        and settings.base_image != SCRATCH
        and not settings.deployment.is_zip
        and starts_python(dockerfile_of(settings.directory))
    ):
        raise NotNative(
            "the Dockerfile of the project starts Python; `iris-model dockerfile` prints one that starts either runtime"
        )


def _without_executable(architecture: str, purpose: str = "") -> NotNative:
    machine = Architecture.named(platform.machine()) or platform.machine()
    return NotNative(
        f"this installation has no native executable for {architecture}{purpose}",
        how_to_get(architecture, machine=machine, system=sys.platform),
    )


def find_bootstrap(architecture: str) -> Path | None:
    """Return the executable for an architecture, or None if this installation has none."""
    path = ROOT / "engine" / f"_bootstrap-{architecture}"
    return path if path.is_file() else None


def _check_settings(settings: ProjectSettings, executable: Executable) -> None:
    if executable.executor != "compiled":
        raise NotNative(f"the executor is {executable.executor}, and the native runtime has only compiled models")
    if executable.operator_modules and "own_steps" in executable.operator_modules:
        raise NotNative("the model has a step of your own (iris_model.step), and the native runtime runs no Python")
    if settings.answer_labels:
        raise NotNative("answer-labels is set, and only the Python runtime answers with names of classes")
    if settings.deployment.capture.rate:
        raise NotNative("[capture] is set, and only the Python runtime logs rows")
    if settings.has_events:
        raise NotNative(
            "[events] or [batch] is set, and only the Python runtime answers events of queues, streams and buckets"
        )
    if settings.deployment.snapstart:
        raise NotNative("snapstart is set, and Lambda has it only for Python")


def read_handler(handler: str, model: str, sources: Mapping[str, Path]) -> NativeFunction:
    """Return the description of the stock handler. Raises NotNative if the handler does anything else."""
    module, _, name = handler.rpartition(".")
    file = f"{module.replace('.', '/')}.py"
    if file not in sources:
        raise NotNative(f"the handler is {handler}, and {file} is not a file of the project")
    text = sources[file].read_text(encoding="utf-8")
    changed = f"{file} is not the handler that init writes: the native runtime runs no Python"
    try:
        tree = ast.parse(text)
    except SyntaxError:
        raise NotNative(changed) from None
    body = _without_docstring(tree.body)
    if len(body) != 3:
        raise NotNative(changed)
    load, function = body[1], body[2]
    if not (
        isinstance(load, ast.Assign) and isinstance(load.targets[0], ast.Name) and isinstance(load.value, ast.Call)
    ):
        raise NotNative(changed)
    loaded = load.value.args[0] if load.value.args else None
    if not (
        isinstance(loaded, ast.Constant) and isinstance(loaded.value, str) and isinstance(function, ast.FunctionDef)
    ):
        raise NotNative(changed)
    answer = _without_docstring(function.body)[-1]
    if _normal_form(body) != _normal_form(ast.parse(_STOCK).body) or function.name != name:
        raise NotNative(changed)
    if loaded.value not in (model, model.removesuffix(COMPILED_SUFFIX)):
        raise NotNative(f"{file} loads {loaded.value!r}, and the model is {model}")
    lines = text.splitlines()
    return NativeFunction(
        format=NATIVE_FORMAT,
        handler=handler,
        model=model,
        file=file,
        name=name,
        load_line=load.lineno,
        load_text=lines[load.lineno - 1].strip(),
        answer_line=answer.lineno,
        answer_text=lines[answer.lineno - 1].strip(),
    )


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0] if body else None
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return body[1:]
    return body


class _Renamer(ast.NodeTransformer):
    """Gives the model, the function and its two arguments the names of the stock handler."""

    def __init__(self, names: dict[str, str]) -> None:
        self._names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self._names.get(node.id, node.id), node.ctx)

    def visit_arg(self, node: ast.arg) -> ast.arg:
        return ast.arg(self._names.get(node.arg, node.arg))


def _normal_form(body: list[ast.stmt]) -> str:
    """Return the syntax tree as text, with stock names, without docstrings, annotations and the name of the model."""
    copy = ast.parse(ast.unparse(ast.Module(body, []))).body
    load, function = copy[1], copy[2]
    if not (
        isinstance(load, ast.Assign)
        and len(load.targets) == 1
        and isinstance(load.targets[0], ast.Name)
        and isinstance(load.value, ast.Call)
        and isinstance(function, ast.FunctionDef)
        and len(function.args.args) == 2
    ):
        return ""
    names = {load.targets[0].id: "model"}
    names |= dict(zip((each.arg for each in function.args.args), ("event", "context")))
    if len({load.targets[0].id, *(each.arg for each in function.args.args), "Model"}) != 4:
        return ""
    for each in function.args.args:
        each.annotation = None
    function.returns = None
    function.name = "handler"
    function.body = _without_docstring(function.body)
    load.value.args = [ast.Constant("")]
    return "\n".join(ast.dump(_Renamer(names).visit(each)) for each in copy)


def _check_answers(native: Native, executable: Executable) -> None:
    """Let the executable of this machine answer the golden rows. Raises NotNative unless its answers are Python's."""
    machine = Architecture.named(platform.machine())
    program = find_bootstrap(machine) if machine and sys.platform == "linux" else None
    if program is None:
        raise _without_executable(machine or platform.machine(), ", which would check the model")
    with tempfile.TemporaryDirectory(prefix="iris-model-") as name, disk_errors(name):
        directory = Path(name)
        for path, content in {**executable.files, **native.files}.items():
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_bytes(content.read_bytes() if isinstance(content, Path) else content)
        events = "".join(f"{json.dumps([row['row']])}\n" for row in executable.golden)
        try:
            expected = _python_answers(name, native.description["model"], events)
            run = subprocess.run(
                [program, "--answer", name], input=events.encode(), capture_output=True, timeout=_SECONDS, env={}
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise NotNative(f"the native executable cannot check the model here: {error}") from None
    if run.returncode != 0:
        raise NotNative(_reason(run.stderr.decode("utf-8", "replace"), name, run.returncode))
    answers = run.stdout.decode().splitlines()
    wanted = expected.splitlines()
    if answers != wanted:
        raise NotNative("the native runtime answers a golden row with other values than the Python runtime")


def _reason(text: str, directory: str, status: int) -> str:
    if status < 0:
        return f"the native executable ended with signal {-status} when it opened the model"
    text = text.replace(f"{directory}/", "").removesuffix("; compile it again with this iris-model")
    text = text.removesuffix("; package the project again")
    # The executable has the words of the Python runtime, byte for byte. Here the reader needs to know which of the two it is.
    text = text.replace("which this iris-model does not have", "which the native runtime does not have")
    return text.partition(" is damaged: ")[2] or text


def _python_answers(directory: str, model: str, events: str) -> str:
    """Return what the Python runtime writes for the events, one line for each."""
    # The kernels add the terms of support vector machines in another order.
    environment = {"LAMBDA_TASK_ROOT": directory, "PYTHONPATH": str(ROOT.parent), "IRIS_MODEL_KERNELS": "0"}
    run = subprocess.run(
        [sys.executable, "-S", "-c", _ANSWER, model],
        input=events.encode(), capture_output=True, timeout=_SECONDS, env=environment, check=True,
    )  # fmt: skip
    return run.stdout.decode()
