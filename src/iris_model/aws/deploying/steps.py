"""The steps of a deployment, as data with a description. `plan` chooses them, `deploy` executes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iris_model.aws.cloudformation.stuck import STUCK


@dataclass(frozen=True)
class Canary:
    """A share of the requests for the new version first, for some minutes."""

    percent: int
    minutes: float


@dataclass(frozen=True)
class MendStack:
    """Bring a stack that an earlier run left unfinished into a state that can be updated."""

    stack: str
    status: str

    @property
    def wants_consent(self) -> bool:
        """Whether the step changes something, so that it needs `--yes`."""
        return self.status in STUCK

    def __str__(self) -> str:
        if self.wants_consent:
            return STUCK[self.status].does.format(stack=self.stack)
        return f"wait for the stack {self.stack}, which another update is changing ({self.status})"


@dataclass(frozen=True)
class CreateRepository:
    """Create the repository: scan on push, immutable tags, encrypted."""

    name: str

    def __str__(self) -> str:
        return f"create the repository {self.name} (scan on push, immutable tags, encrypted)"


@dataclass(frozen=True)
class SetRepository:
    """Correct the settings of a repository that this tool created."""

    name: str
    scan: bool
    immutable: bool

    def __str__(self) -> str:
        wrong = [name for name, on in (("scan on push", self.scan), ("immutable tags", self.immutable)) if on]
        return f"set {' and '.join(wrong)} in the repository {self.name}"


@dataclass(frozen=True)
class SetLifecycle:
    """Set the lifecycle policy, which expires only images that no version uses."""

    name: str

    def __str__(self) -> str:
        return f"set the lifecycle policy of the repository {self.name}: images in use never expire"


@dataclass(frozen=True)
class PushImage:
    """Push the missing blobs and the manifest."""

    repository: str
    digest: str

    def __str__(self) -> str:
        return f"push the image {self.digest[:19]} to {self.repository}"


@dataclass(frozen=True)
class CreateBucket:
    """Create the bucket for zip archives: private, encrypted."""

    name: str

    def __str__(self) -> str:
        return f"create the bucket {self.name} (private, encrypted)"


@dataclass(frozen=True)
class UploadArchive:
    """Upload the zip archive."""

    bucket: str
    digest: str

    def __str__(self) -> str:
        return f"upload the archive {self.digest[:19]} to {self.bucket}"


@dataclass(frozen=True)
class KeepImage:
    """Remove the expiry mark of an image, because a version will use it again."""

    repository: str
    digest: str

    def __str__(self) -> str:
        return f"keep the image {self.digest[:19]} in {self.repository}, which was about to expire"


@dataclass(frozen=True)
class RefreshImage:
    """Make Lambda read the image again after it was deleted."""

    function: str
    digest: str

    def __str__(self) -> str:
        return f"load the image {self.digest[:19]} for {self.function}, whose image was deleted from ECR"


@dataclass(frozen=True)
class ApplyTemplate:
    """Create or update the stack; with `live_version`, the alias stays there."""

    stack: str
    creates: bool
    live_version: str
    difference: str
    was_reviewed: bool = False

    def __str__(self) -> str:
        verb = "create" if self.creates else "update"
        if self.was_reviewed:
            return f"create the stack {self.stack}, which has only a change set (REVIEW_IN_PROGRESS)"
        stays = f"; version {self.live_version} keeps answering" if self.live_version else ""
        return f"{verb} the stack {self.stack}{stays}"


@dataclass(frozen=True)
class EndCanary:
    """Remove the share of an unfinished canary: Lambda refuses to move the alias to a version with a share."""

    function: str
    version: str
    weights: Mapping[str, float]

    def __str__(self) -> str:
        shares = " and ".join(f"{weight:.0%} of version {version}" for version, weight in self.weights.items())
        return f"end the canary of {self.function} that was interrupted: {shares} returns to version {self.version}"


@dataclass(frozen=True)
class SetRetention:
    """Set the retention of a log group that the stack imports: CloudFormation does not change it."""

    log_group: str
    days: int

    def __str__(self) -> str:
        return f"set the retention of the log group {self.log_group} to {self.days} days"


@dataclass(frozen=True)
class VerifyVersion:
    """Compare the answers of the new version, cold and warm, with those of the trained model."""

    function: str

    def __str__(self) -> str:
        return f"verify the new version of {self.function} with the golden rows, cold and warm"


@dataclass(frozen=True)
class MoveAlias:
    """Make the new version live."""

    function: str
    canary: Canary | None

    def __str__(self) -> str:
        if self.canary is None:
            return "move the alias live to the new version"
        share = f"{self.canary.percent} % of the requests for {self.canary.minutes:g} minutes"
        return f"move the alias live to the new version: {share}, then all"


@dataclass(frozen=True)
class VerifyEndpoint:
    """Compare the answers of the endpoint with those of the trained model, and accept the version."""

    function: str
    asks: bool = True
    """Whether there is an endpoint, golden rows to send, and a permission to call it."""

    def __str__(self) -> str:
        if not self.asks:
            return f"accept the version of {self.function}; no endpoint is verified"
        return "verify the endpoint with the golden rows; roll back on a difference"


@dataclass(frozen=True)
class PruneVersions:
    """Delete versions that are not needed any more, and let their images expire."""

    function: str
    versions: tuple[str, ...]
    keep: int
    of_archives: bool = False

    def __str__(self) -> str:
        names = f"version{'s' if len(self.versions) > 1 else ''} {', '.join(self.versions)} of {self.function}"
        unused = "unused archives are deleted" if self.of_archives else "unused images expire"
        return f"delete {names}: keep the newest {self.keep} and those in use; {unused}"


@dataclass(frozen=True)
class RestoreMemory:
    """Restore the memory size that an interrupted `tune --remote` changed, because a new version would get it."""

    function: str
    memory: int

    def __str__(self) -> str:
        return f"restore {self.function} to {self.memory} MB after an interrupted iris-model tune --remote"


Step = (
    MendStack
    | RestoreMemory
    | CreateRepository
    | SetRepository
    | SetLifecycle
    | KeepImage
    | PushImage
    | CreateBucket
    | UploadArchive
    | RefreshImage
    | EndCanary
    | ApplyTemplate
    | SetRetention
    | VerifyVersion
    | MoveAlias
    | VerifyEndpoint
    | PruneVersions
)
