"""The names of processor architectures."""

import pytest

from iris_model.contract.architecture import Architecture
from iris_model.oci import Platform


@pytest.mark.parametrize(
    ("words", "architecture"),
    [(("x86_64", "amd64", "AMD64"), Architecture.X86_64), (("arm64", "aarch64"), Architecture.ARM64)],
)
def test_every_architecture_name_is_understood(words: tuple[str, ...], architecture: Architecture):
    assert {Architecture.named(word) for word in words} == {architecture}
    assert Platform.parse(architecture.machine).architecture == architecture.oci
    assert f"{architecture}" == words[0]


def test_other_processors_are_unknown():
    assert Architecture.named("riscv64") is None
