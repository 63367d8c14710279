"""A registry in this process, and clients that wait for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from iris_model.oci import Reference
from iris_model.oci.registry import CredentialSource, RegistryClient, Retries, anonymous
from tests.support.registry_fake import FakeRegistry, running


@dataclass
class Clients:
    """Makes clients of a registry; what they would have slept is in `waits`."""

    registry: FakeRegistry
    waits: list[float] = field(default_factory=list)
    made: list[RegistryClient] = field(default_factory=list)

    def make(self, credentials: CredentialSource = anonymous, **options) -> RegistryClient:
        retries = Retries(sleep=self.waits.append, jitter=lambda: 1.0)
        client = RegistryClient(self.registry.host, credentials=credentials, retries=retries, **options)
        self.made.append(client)
        return client

    def reference(self, text: str) -> Reference:
        return Reference.parse(f"{self.registry.host}/{text}")


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with running(FakeRegistry()) as served:
        yield served


@pytest.fixture
def clients(registry: FakeRegistry) -> Iterator[Clients]:
    clients = Clients(registry)
    yield clients
    for client in clients.made:
        client.close()


@pytest.fixture
def other_registry() -> Iterator[FakeRegistry]:
    with running(FakeRegistry()) as served:
        yield served
