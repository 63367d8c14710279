"""An answer of a registry that is not what was hoped for, as the error that a user reads."""

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
    """`what` says what was wanted of whom: "push to host/name"."""
    said = redactor.clean(answer.said)
    told = f"{what}: the registry answered {answer.status}{f' ({said})' if said else ''}"
    kind, remedy = _kind_and_remedy(answer, registry)
    return kind(told, remedy=remedy, status=answer.status)


def _kind_and_remedy(answer: Answer, registry: str) -> tuple[type[RegistryError], str]:
    codes, status = answer.codes, answer.status
    if "NAME_UNKNOWN" in codes:
        return (
            RepositoryNotFound,
            "Mend its name, or create the repository first: some registries do not make one by a push.",
        )
    if "MANIFEST_UNKNOWN" in codes:
        return ManifestNotFound, "Mend the tag or digest."
    if status == 401:
        return RegistryDenied, f"Log in: docker login {registry}. Some registries say this of unknown repositories too."
    if status == 403 or "DENIED" in codes:
        return RegistryDenied, "Ask for the permission, or log in as somebody who has it."
    if "TAG_INVALID" in codes:
        return RegistryError, "Choose a tag that is new, or one that this registry takes."
    if "NAME_INVALID" in codes:
        return RegistryError, "This registry wants other names: look at its own rules."
    if status == 429:
        return RegistryError, "Wait and try again; a registry often allows more to those who log in."
    if status == 413:
        return RegistryError, "The registry, or a proxy before it, takes nothing so large: make the layer smaller."
    if status in (405, 501) or "UNSUPPORTED" in codes:
        return RegistryError, "This registry does not do that, or it was switched off there."
    if status >= 500:
        return RegistryError, "The registry is in trouble: try again later."
    return RegistryError, "Look at what the registry says."


def with_note(error: IrisModelError, note: str) -> IrisModelError:
    """The same error with one sentence more."""
    noted = type(error)(f"{error.problem}\n{note}", remedy=error.remedy)
    if isinstance(error, RegistryError) and isinstance(noted, RegistryError):
        noted.status = error.status
    return noted
