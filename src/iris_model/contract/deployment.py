"""What to deploy, as data: names, the settings of the function, and its endpoint.

`project` creates it from `iris-model.toml` and one of its stages. `aws` deploys it, and knows nothing else about a
project.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from iris_model.contract.architecture import Architecture
from iris_model.contract.batch import Batch
from iris_model.contract.endpoint import Endpoint
from iris_model.contract.event_source import EventSource

FEATURES = (
    "vpc", "kms_key", "dead_letter", "on_failure", "on_success", "access_log", "domain", "keep_warm", "dashboard",
    "snapstart", "events", "batch",
)  # fmt: skip
"""Fields that are off by default. Each needs AWS permissions or resources that a default deployment does not need."""


@dataclass(frozen=True)
class Domain:
    """The host name of the HTTP API. Without a hosted zone, the user creates the DNS record."""

    name: str
    certificate: str
    hosted_zone: str | None = None


@dataclass(frozen=True)
class Vpc:
    """The network to which the function is connected."""

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]


@dataclass(frozen=True)
class Capture:
    """The share of rows that is logged with their answers, and the columns that are not logged."""

    rate: float = 0.0
    without: tuple[str, ...] = ()

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables that configure the runtime."""
        if not self.rate:
            return {}
        return {"IRIS_MODEL_CAPTURE_RATE": f"{self.rate:g}", "IRIS_MODEL_CAPTURE_WITHOUT": "\n".join(self.without)}


@dataclass(frozen=True)
class Deployment:
    """One function on AWS with its resources."""

    function: str
    stack: str
    repository: str
    region: str | None = None
    """None: the region of the user's AWS configuration."""
    memory: int = 128
    timeout: int = 3
    architecture: Architecture = Architecture.X86_64
    ephemeral_storage: int = 512
    environment: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    endpoint: Endpoint = field(default_factory=Endpoint)
    reserved_concurrency: int | None = None
    provisioned_concurrency: int | None = None
    log_retention_days: int = 30
    log_format: str = "text"
    log_lines: str = "all"
    tracing: bool = False
    error_alarm: bool = True
    error_alarm_threshold: int = 1
    keep_versions: int = 5
    role: str | None = None
    permissions_boundary: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    vpc: Vpc | None = None
    domain: Domain | None = None
    kms_key: str | None = None
    dead_letter: str | None = None
    on_failure: str | None = None
    on_success: str | None = None
    access_log: bool = False
    keep_warm: str | None = None
    dashboard: bool = False
    snapstart: bool = False
    capture: Capture = Capture()
    events: tuple[EventSource, ...] = ()
    batch: Batch | None = None
    package_type: str = "image"
    """"image" or "zip"."""
    handler: str = "app.handler"

    @property
    def is_zip(self) -> bool:
        """Whether the deployment package is a zip archive in a bucket, not an image in a repository."""
        return self.package_type == "zip"

    @property
    def keys(self) -> tuple[str, ...]:
        """The settings keys of the features that are on. Each one needs additional permissions."""
        found = tuple(name.replace("_", "-") for name in FEATURES if getattr(self, name))
        return (*found, "package-type") if self.is_zip else found

    @property
    def access_log_group(self) -> str:
        """The log group of the HTTP API. All such groups share one prefix, so one statement in the log resource policy
        covers them.
        """
        return f"/aws/vendedlogs/apigateway/{self.function}"

    @property
    def alarm(self) -> str:
        """The name of the error alarm."""
        return f"{self.function}-errors"

    @property
    def log_group(self) -> str:
        """The log group, with the name that Lambda uses by default."""
        return f"/aws/lambda/{self.function}"
