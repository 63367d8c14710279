"""A small project on disk, and a stand-in for the stage of packaging that opens the model."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path

from iris_model.project.configuration.settings import ProjectSettings
from iris_model.project.packaging.executors import Executable

SETTINGS = 'name = "small"\nmodel = "model.pkl"\n'
APP = "def handler(event, context):\n    return event\n"
MODEL_BYTES = pickle.dumps("a model")


def write_project(directory: Path, files: Mapping[str, str | bytes] = {}, *, settings: str = SETTINGS) -> Path:
    """Write a project: settings, a handler and a model file, then `files` over them."""
    contents: dict[str, str | bytes] = {"iris-model.toml": settings, "app.py": APP, "model.pkl": MODEL_BYTES, **files}
    for name, content in contents.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return directory


class FakeChoice:
    """Chooses like `choose_executable`, without opening the model; counts how often it was asked."""

    def __init__(self, executor: str = "compiled", *, needs: tuple[str, ...] = ()) -> None:
        self.executor = executor
        self.needs = needs
        self.calls = 0

    def __call__(self, settings: ProjectSettings) -> Executable:
        self.calls += 1
        model = str(Path(settings.model).with_suffix(".safetensors"))
        return Executable(
            executor=self.executor,
            reason="it is a test",
            model=model,
            files={model: b"compiled: " + settings.model_path.read_bytes()},
            signature={
                "columns": [{"name": "a", "kind": "numeric", "dtype": "float64", "missing": False}],
                "named": False,
                "task": "classifier",
                "classes": ["x"],
                "outputs": {"predict": {"kind": "label", "columns": 1}},
            },
            source={"library": "scikit-learn", "version": "1.9.1", "class": "C", "sha256": "", "tool": "iris-model"},
            golden=[{"row": [1.0], "outputs": {"predict": "x"}}],
            needs=self.needs,
        )
