"""A small project, a small base on disk, and a cache of the test's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from iris_model.image.bases.cache import Cache
from iris_model.oci import write_layout
from iris_model.project.caching.user_cache import CACHE_VARIABLE
from tests.support.base_images import base_image
from tests.support.caches import own_cache
from tests.support.projects import write_project


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cache:
    directory = own_cache(tmp_path / "cache")
    monkeypatch.setenv(CACHE_VARIABLE, str(directory))
    return Cache(directory)


@pytest.fixture
def base(tmp_path: Path) -> str:
    """The path of a layout with a Python like the running one."""
    write_layout(base_image(), tmp_path / "base")
    return str(tmp_path / "base")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")
