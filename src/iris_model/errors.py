"""The errors that a user of iris-model can see, outside of the shipped packages.

Every message has the same parts in this order: the thing, its value, what was expected, and a hint how to fix it.
The `cli` package prints them as `error:` and `hint:` lines. A traceback of iris-model is always a bug.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def visible(text: str) -> str:
    """Return text of a file for a terminal: on one line, and with no character that moves the cursor or is not seen."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


class IrisModelError(Exception):
    """An error that the user can fix. `str()` of it contains the problem and the hint."""

    def __init__(self, problem: str, *, remedy: str = "") -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem}\n{remedy}" if remedy else problem)

    def __reduce__(self) -> tuple[Any, ...]:
        """Let it come whole from another process, whatever its kind is made from."""
        return type(self).__new__, (type(self), *self.args), vars(self)


class ModelFileError(IrisModelError):
    """A model file is missing, damaged, of an unsupported version, or in an unknown format."""


class UntrustedModel(ModelFileError):
    """A pickle names classes or functions outside the known libraries, so opening it could run arbitrary code."""


class UnsupportedModel(IrisModelError):
    """The model cannot be compiled. `reasons` lists every reason."""

    def __init__(self, reasons: Sequence[str], *, remedy: str = "") -> None:
        self.reasons = tuple(reasons)
        lines = "\n".join(f"  - {reason}" for reason in self.reasons)
        super().__init__(f"this model cannot be compiled:\n{lines}", remedy=remedy)


class ParityError(IrisModelError):
    """The compiled model answered one row differently from the original. Nothing is written."""


class ProjectError(IrisModelError):
    """`iris-model.toml`, the project directory or the function directory is invalid."""


class LocalError(IrisModelError):
    """The local Lambda cannot start or cannot reach the function."""


class CostError(IrisModelError):
    """A price file, a log or a traffic pattern is invalid, so no cost can be computed."""


class DeploymentError(IrisModelError):
    """A call to AWS failed, or a resource on AWS is not in the expected state. The old version keeps answering."""


class OciError(IrisModelError):
    """Base class of the errors of container images and registries."""


class InvalidReference(OciError):
    """An image reference, tag, digest or platform is invalid."""


class InvalidImage(OciError):
    """An image is damaged or truncated, has another digest than expected, or has an unsupported format."""


class SeveralImages(InvalidImage):
    """A layout or an archive has several images, and none was selected."""


class StorageError(OciError):
    """The disk is full, or a file or directory cannot be read or written."""


class PlatformNotFound(OciError):
    """An index has no image for the requested platform."""


class RegistryError(OciError):
    """A registry answered with an error. `status` is the HTTP status, or 0 without an answer."""

    def __init__(self, problem: str, *, remedy: str = "", status: int = 0) -> None:
        self.status = status
        super().__init__(problem, remedy=remedy)


class RegistryUnreachable(RegistryError):
    """A registry cannot be reached, or the connection broke repeatedly."""


class RegistryDenied(RegistryError):
    """The registry refuses the credentials, or they do not allow this request."""


class RepositoryNotFound(RegistryError):
    """The registry has no such repository."""


class ManifestNotFound(RegistryError):
    """The repository has no such tag or digest."""


class ImageError(IrisModelError):
    """The image of a project cannot be built, because of its base image, its packages or its size."""
