"""How a function's sandboxes are confined: settings in, nothing started. The defaults are Lambda's own."""

from __future__ import annotations

from dataclasses import dataclass

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: 1,769 MB of memory come with one processor.
MIB_PER_PROCESSOR = 1769


@dataclass(frozen=True)
class ImageSettings:
    """The image whose containers are the sandboxes. None leaves the image's own, each by itself, as ImageConfig does."""

    reference: str
    entry_point: tuple[str, ...] | None = None
    command: tuple[str, ...] | None = None
    working_directory: str | None = None


@dataclass(frozen=True)
class SandboxSettings:
    """Beyond memory and time: what a sandbox may touch, and how many stand ready."""

    tmp_mib: int = 512
    provisioned_concurrency: int = 0
    strict: bool = False
    network: bool = False
    cpu_share: bool | None = None
    """Hold the function to its share of a processor, once it is initialised. None: in strict mode and in containers."""
    image: ImageSettings | None = None

    @property
    def holds_cpu_share(self) -> bool:
        """Whether the share of a processor is asked for."""
        return self.strict or self.image is not None if self.cpu_share is None else self.cpu_share


def find_sandbox_problems(settings: SandboxSettings, reserved_concurrency: int | None) -> list[str]:
    """All that is wrong with the settings, one sentence each. The limits are Lambda's."""
    problems = []
    if not _is_whole(settings.tmp_mib) or not 512 <= settings.tmp_mib <= 10_240:
        problems.append(f"the size of /tmp is {settings.tmp_mib!r}; expected a whole number from 512 to 10240 (MB)")
    provisioned = settings.provisioned_concurrency
    if not _is_whole(provisioned) or provisioned < 0:
        problems.append(f"provisioned concurrency is {provisioned!r}; expected 0 or more")
    elif provisioned and _is_whole(reserved_concurrency) and provisioned > (reserved_concurrency or 0):
        problems.append(
            f"provisioned concurrency is {provisioned}, more than the reserved concurrency of {reserved_concurrency}; "
            "it is a part of that"
        )
    if settings.strict and settings.image is not None:
        problems.append("strict mode and an image are both asked for; a container is strict by itself")
    if settings.image is not None and not settings.image.reference.strip():
        problems.append(f"image is {settings.image.reference!r}; expected a reference, as in my-image:latest")
    directory = None if settings.image is None else settings.image.working_directory
    if directory is not None and not directory.startswith("/"):
        problems.append(
            f"working directory is {directory!r}; expected a path from the root of the image, as in /var/task"
        )
    return problems


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
