"""A model loaded as a handler loads it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from iris_model.runtime import Model
from tests.support.tiny_model import write_tiny


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Model]:
    """Return a function that writes the tiny model with changed metadata and loads it."""
    monkeypatch.setenv("LAMBDA_TASK_ROOT", str(tmp_path))

    def load_tiny(**changes: Any) -> Model:
        write_tiny(tmp_path / "iris_trained_model.safetensors", **changes)
        return Model.load("iris_trained_model")

    return load_tiny


@pytest.fixture
def model(load: Callable[..., Model]) -> Model:
    return load()
