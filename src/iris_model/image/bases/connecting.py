"""Connect to registries only when needed: `Connect` maps a host to its client.

The client imports urllib3 and TLS, which takes about 30 ms. A build with a cached base uses no registry and does not
import them.
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
    """Return the client of a registry, without connecting."""
    from iris_model.oci.registry import RegistryClient

    return RegistryClient(host)


@dataclass(frozen=True)
class DistantBlob:
    """A blob in a registry. `open` connects to the registry."""

    repository: Repository
    descriptor: Descriptor
    connect: Connect = field(repr=False)

    @property
    def digest(self) -> Digest:
        """The digest of the bytes."""
        return self.descriptor.digest

    @property
    def size(self) -> int:
        """The number of bytes."""
        return self.descriptor.size

    def open(self, offset: int = 0) -> BinaryIO:
        """Open the bytes from `offset` on."""
        return self.connect(self.repository.registry).blob(self.repository, self.descriptor).open(offset)
