"""Old versions, away: which may go, as data; then their images are marked so that they expire, and the versions deleted.

What answers, what answered before it, and what another alias uses always stay. The marks come first: a run that is interrupted
between the two leaves versions, and the next run finds those.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from iris_model.aws.calls import Aws, OnStep
from iris_model.aws.deployment import Deployment
from iris_model.aws.expiry import mark_image
from iris_model.aws.observe import Observed, digest_in, find_function, list_versions


def find_superseded(
    observed: Observed, keep: int, *, newest: str, serving: str, makes_version: bool
) -> tuple[str, ...]:
    """Find what may go when the newest version is live: the one that the plan makes, or `newest`.

    Everything is counted as it will be then, so that the next run finds nothing more.
    """
    versions, function = observed.versions, observed.function
    coming = 1 if makes_version else 0
    kept = set(versions[max(0, len(versions) - keep + coming) :]) | observed.aliased
    if makes_version:
        kept.add(serving)
    else:
        older = [version for version in versions if newest and int(version) < int(newest)]
        before = serving if serving != newest else function.previous if function else ""
        kept |= {newest, before, *older[-1:]}
    return tuple(version for version in versions if version not in kept)


def prune(aws: Aws, deployment: Deployment, versions: Sequence[str], others: Sequence[str], on_step: OnStep) -> None:
    """Delete versions; an image goes with them unless a version that stays uses it, also one of the functions `others`."""
    function, repository = deployment.function, deployment.repository
    there = list_versions(aws, function)
    going = [version for version in versions if version in there]
    digests = _digests(aws, repository, function, going)
    if digests:
        digests -= _digests(aws, repository, function, ["", *(each for each in there if each not in going)])
    for other in others if digests else ():
        digests -= _digests(aws, repository, other, ["", *list_versions(aws, other)])
    for digest in sorted(digests):
        on_step(f"Marking the image {digest[:19]}, which no version uses any more")
        mark_image(aws, repository, digest)
    for version in going:
        on_step(f"Deleting version {version} of {function}")
        _delete_version(aws, function, version)


def _digests(aws: Aws, repository: str, function: str, versions: Iterable[str]) -> set[str]:
    """Return the images of the repository that these versions use; "" is the function itself."""
    found = [find_function(aws, function, version or None) for version in versions]
    return {digest for each in found if each is not None and (digest := digest_in(repository, each))}


def _delete_version(aws: Aws, function: str, version: str) -> None:
    # Without a qualifier the same call deletes the function.
    if not version.isdigit():
        raise AssertionError(f"{version!r} is not the number of a version")
    aws.call(
        "lambda", "DeleteFunction", f"version {version} of function {function}", absent=("ResourceNotFoundException",),
        FunctionName=function, Qualifier=version,
    )  # fmt: skip
