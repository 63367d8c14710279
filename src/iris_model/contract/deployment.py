"""What is to be deployed, as data: names, the function's settings, and its endpoint.

`project` makes it of `iris-model.toml` and one of its stages; `aws` deploys it and knows nothing else of a project.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from iris_model.contract.architecture import Architecture
from iris_model.contract.endpoint import Endpoint

FEATURES = (
    "vpc", "kms_key", "dead_letter", "on_failure", "on_success", "access_log", "domain", "keep_warm", "dashboard",
    "snapstart",
)  # fmt: skip
"""Fields of a deployment that are off by default and need something of AWS that nothing else here needs."""


@dataclass(frozen=True)
class Domain:
    """The host name of the HTTP API; without a hosted zone its record is made by somebody else."""

    name: str
    certificate: str
    hosted_zone: str | None = None


@dataclass(frozen=True)
class Vpc:
    """The network that the function is put into."""

    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]


@dataclass(frozen=True)
class Capture:
    """How many rows are written into the log with their answers, and without which columns."""

    rate: float = 0.0
    without: tuple[str, ...] = ()

    @property
    def variables(self) -> dict[str, str]:
        """What the runtime reads: environment variables of the function."""
        if not self.rate:
            return {}
        return {"IRIS_MODEL_CAPTURE_RATE": f"{self.rate:g}", "IRIS_MODEL_CAPTURE_WITHOUT": "\n".join(self.without)}


@dataclass(frozen=True)
class Deployment:
    """One function on AWS with all that belongs to it."""

    function: str
    stack: str
    repository: str
    region: str | None = None
    """None: as the caller's configuration of AWS says."""
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

    @property
    def keys(self) -> tuple[str, ...]:
        """The features that are on, by their keys: a deployer needs more permissions for each of them."""
        return tuple(name.replace("_", "-") for name in FEATURES if getattr(self, name))

    @property
    def access_log_group(self) -> str:
        """The log group of the HTTP API; with this beginning all of them share one statement of the policy of CloudWatch Logs."""
        return f"/aws/vendedlogs/apigateway/{self.function}"

    @property
    def alarm(self) -> str:
        """The name of the alarm on errors."""
        return f"{self.function}-errors"

    @property
    def log_group(self) -> str:
        """The log group, called as Lambda calls it."""
        return f"/aws/lambda/{self.function}"
