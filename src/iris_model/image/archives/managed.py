"""The runtimes of Lambda for zip archives, and what an installation of packages must know about them."""

from __future__ import annotations

from functools import cached_property

from iris_model.image.bases.base import Base, OnStep
from iris_model.image.bases.base_files import BaseFacts
from iris_model.image.bases.cache import Cache
from iris_model.image.target import Libc, image_platform
from iris_model.oci import Image

# The C library of Amazon Linux 2023, and of Amazon Linux 2, on which Python 3.11 runs.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
_AMAZON_LINUX_2023 = Libc("glibc", 2, 34)
_AMAZON_LINUX_2 = Libc("glibc", 2, 26)
_OLD_PYTHON = "3.11"

# What wheels may expect of the system (PEP 600), and both systems have. Versions of symbols are bounded by the C library.
_LIBRARIES = (
    "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1", "libc.so.6", "libdl.so.2", "libgcc_s.so.1", "libm.so.6",
    "libpthread.so.0", "libresolv.so.2", "librt.so.1", "libstdc++.so.6", "libutil.so.1", "libz.so.1",
)  # fmt: skip


class ManagedRuntime(Base):
    """A managed Python runtime, in the place of a base image."""

    @cached_property
    def facts(self) -> BaseFacts:
        """The facts about its system."""
        python = self.name.removeprefix("python")
        libc = _AMAZON_LINUX_2 if python == _OLD_PYTHON else _AMAZON_LINUX_2023
        return BaseFacts(
            python=python, python_path=f"/var/lang/bin/{self.name}", python_on_path=True, libc=libc,
            libraries=dict.fromkeys(_LIBRARIES, ()), uncompressed_bytes=0,
        )  # fmt: skip

    @property
    def known_facts(self) -> BaseFacts:
        """`facts`: they are always known."""
        return self.facts


def managed_runtime(python: str, architecture: str, cache: Cache, on_step: OnStep) -> ManagedRuntime:
    """Return the managed runtime of a Python version, named as Lambda names it."""
    return ManagedRuntime(
        f"python{python}", Image.empty(image_platform(architecture)), architecture, cache, None, on_step
    )
