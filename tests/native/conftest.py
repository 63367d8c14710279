"""The executable of this installation."""

from __future__ import annotations

import platform

import pytest

from iris_model.contract.architecture import Architecture
from iris_model.project.packaging.native import find_bootstrap


@pytest.fixture(scope="module")
def executable() -> list[str]:
    found = find_bootstrap(str(Architecture.named(platform.machine())))
    if found is None:
        pytest.skip("this installation has no native runtime: there was no C compiler")
    return [str(found)]
