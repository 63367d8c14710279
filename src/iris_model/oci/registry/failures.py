"""Convert an unexpected response of a registry to an error for the user."""

from __future__ import annotations

from iris_model.errors import (
    IrisModelError,
    ManifestNotFound,
    RegistryDenied,
    RegistryError,
    RepositoryNotFound,
)
from iris_model.oci.registry.answers import Answer
from iris_model.oci.registry.redaction import Redactor


def failure_of(answer: Answer, what: str, registry: str, redactor: Redactor) -> RegistryError:
    """Return the error. `what` describes the request: "push to host/name"."""
    said = redactor.clean(answer.said)
    told = f"{what}: the registry answered {answer.status}{f' ({said})' if said else ''}"
    kind, remedy = _kind_and_remedy(answer, registry)
    return kind(told, remedy=remedy, status=answer.status)


def _kind_and_remedy(answer: Answer, registry: str) -> tuple[type[RegistryError], str]:
    codes, status = answer.codes, answer.status
    if "NAME_UNKNOWN" in codes:
        return (
            RepositoryNotFound,
            "Correct the name, or create the repository first: some registries do not create it on push.",
        )
    if "MANIFEST_UNKNOWN" in codes:
        return ManifestNotFound, "Correct the tag or digest."
    if status == 401:
        return (
            RegistryDenied,
            f"Run `docker login {registry}`. Some registries also answer this for unknown repositories.",
        )
    if status == 403 or "DENIED" in codes:
        return RegistryDenied, "Request the permission, or log in with other credentials."
    if "TAG_INVALID" in codes:
        return RegistryError, "Choose a new tag, or one that this registry accepts."
    if "NAME_INVALID" in codes:
        return RegistryError, "This registry has other rules for names. See its documentation."
    if status == 429:
        return RegistryError, "Wait and try again. Many registries allow more after a login."
    if status == 413:
        return RegistryError, "The registry or a proxy limits the size. Make the layer smaller."
    if status in (405, 501) or "UNSUPPORTED" in codes:
        return RegistryError, "This registry does not support that, or it is disabled."
    if status >= 500:
        return RegistryError, "The registry has a problem. Try again later."
    return RegistryError, "See the answer of the registry."


def with_note(error: IrisModelError, note: str) -> IrisModelError:
    """Return the error with `note` appended to its message."""
    noted = type(error)(f"{error.problem}\n{note}", remedy=error.remedy)
    if isinstance(error, RegistryError) and isinstance(noted, RegistryError):
        noted.status = error.status
    return noted
