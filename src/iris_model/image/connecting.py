"""How registries are reached: by `Connect`, from a host to its client.

The client brings urllib3 and TLS, some 30 ms of imports; a build on a base that lies in the cache asks no registry, and does
without.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO

from iris_model.oci import Descriptor, Digest, Repository

if TYPE_CHECKING:
    from iris_model.oci.registry import RegistryClient

Connect = Callable[[str], "RegistryClient"]


def connect_registry(host: str) -> RegistryClient:
    """The client of a registry; nothing is asked yet."""
    from iris_model.oci.registry import RegistryClient

    return RegistryClient(host)


@dataclass(frozen=True)
class DistantBlob:
    """A blob of a registry, which is connected to when somebody opens it."""

    repository: Repository
    descriptor: Descriptor
    connect: Connect = field(repr=False)

    @property
    def digest(self) -> Digest:
        """What the bytes hash to."""
        return self.descriptor.digest

    @property
    def size(self) -> int:
        """How many they are."""
        return self.descriptor.size

    def open(self, offset: int = 0) -> BinaryIO:
        """The bytes from `offset` on."""
        return self.connect(self.repository.registry).blob(self.repository, self.descriptor).open(offset)
