"""The confinement settings of a function's sandboxes. The defaults are Lambda's."""

from __future__ import annotations

from dataclasses import dataclass

from iris_model.contract.lambda_limits import LEAST_EPHEMERAL_STORAGE, MOST_EPHEMERAL_STORAGE


@dataclass(frozen=True)
class ImageSettings:
    """The container image of the sandboxes. A setting of None keeps the image's own value, as in ImageConfig."""

    reference: str
    entry_point: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    working_directory: str | None = None


@dataclass(frozen=True)
class SandboxSettings:
    """What a sandbox may access, in addition to memory and time, and how many are provisioned."""

    tmp_mib: int = 512
    provisioned_concurrency: int = 0
    strict: bool = False
    network: bool = False
    cpu_share: bool | None = None
    """Whether to limit the function to its CPU share after the init. None: only in strict mode and in containers."""
    image: ImageSettings | None = None

    @property
    def holds_cpu_share(self) -> bool:
        """Whether the CPU share is limited."""
        return self.strict or self.image is not None if self.cpu_share is None else self.cpu_share


def find_sandbox_problems(settings: SandboxSettings, reserved_concurrency: int | None) -> list[str]:
    """Return all problems of the settings, one sentence each. The limits are Lambda's."""
    problems = []
    if not _is_whole(settings.tmp_mib) or not LEAST_EPHEMERAL_STORAGE <= settings.tmp_mib <= MOST_EPHEMERAL_STORAGE:
        problems.append(f"the size of /tmp is {settings.tmp_mib!r}; expected a whole number from 512 to 10240 (MB)")
    provisioned = settings.provisioned_concurrency
    if not _is_whole(provisioned) or provisioned < 0:
        problems.append(f"provisioned concurrency is {provisioned!r}; expected 0 or more")
    elif provisioned and _is_whole(reserved_concurrency) and provisioned > (reserved_concurrency or 0):
        problems.append(
            f"provisioned concurrency is {provisioned}, more than the reserved concurrency of {reserved_concurrency}"
        )
    if settings.strict and settings.image is not None:
        problems.append("--strict and --image cannot be used together; a container is always strict")
    if settings.image is not None and not settings.image.reference.strip():
        problems.append(f"image is {settings.image.reference!r}; expected a reference, such as my-image:latest")
    directory = None if settings.image is None else settings.image.working_directory
    if directory is not None and not directory.startswith("/"):
        problems.append(f"working directory is {directory!r}; expected an absolute path, such as /var/task")
    return problems


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
