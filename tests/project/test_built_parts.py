"""What `package` advises if the kernels or the native executable are missing."""

from __future__ import annotations

import pytest

from iris_model.contract.documentation import ANOTHER_ARCHITECTURE
from iris_model.project.packaging.built_parts import how_to_get


@pytest.mark.parametrize(
    ("architecture", "machine", "system", "expected"),
    [
        ("x86_64", "x86_64", "linux", "Install a C compiler"),
        ("arm64", "arm64", "linux", "pip install --force-reinstall --no-cache-dir"),
        ("arm64", "x86_64", "linux", ANOTHER_ARCHITECTURE),
        ("arm64", "arm64", "darwin", "Package on Linux"),
        ("x86_64", "x86_64", "win32", "WSL"),
    ],
)
def test_the_advice_fits_the_machine(architecture: str, machine: str, system: str, expected: str) -> None:
    assert expected in how_to_get(architecture, machine=machine, system=system)
