"""Delete old versions: find them, mark their images so that they expire, delete the versions.

The live version, the one before it, and versions of other aliases are kept. Images are marked first. So after an
interrupted run the versions still exist, and the next run finds them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from iris_model.aws.client.calls import Aws, OnStep
from iris_model.aws.ecr.expiry import mark_image
from iris_model.aws.s3.bucket import delete_archives
from iris_model.aws.state.observe import Observed, digest_in, find_function, list_versions
from iris_model.contract.deployment import Deployment


def find_superseded(
    observed: Observed, keep: int, *, newest: str, serving: str, makes_version: bool
) -> tuple[str, ...]:
    """Return the versions that can be deleted after the newest one is live.

    The newest one is the version that the plan creates (`makes_version`), otherwise `newest`. Versions are counted as
    they will be after the plan, so that the next run finds no others.
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


def prune(
    aws: Aws, deployment: Deployment, versions: Sequence[str], others: Sequence[str], account: str, on_step: OnStep
) -> None:
    """Delete versions, and mark their images unless another version or one of the functions `others` uses them.

    Archives are deleted after the versions: no version needs them, only a rollback by CloudFormation.
    """
    function, repository = deployment.function, deployment.repository
    there = list_versions(aws, function)
    going = [version for version in versions if version in there]
    digests = _digests(aws, repository, function, going)
    if digests:
        digests -= _digests(aws, repository, function, ["", *(each for each in there if each not in going)])
    for other in others if digests else ():
        digests -= _digests(aws, repository, other, ["", *list_versions(aws, other)])
    for digest in sorted(digests) if not deployment.is_zip else ():
        on_step(f"Marking the image {digest[:19]}, which no version uses")
        mark_image(aws, repository, digest)
    for version in going:
        on_step(f"Deleting version {version} of {function}")
        _delete_version(aws, function, version)
    if deployment.is_zip and digests:
        on_step(f"Deleting {len(digests)} archives, which no version uses")
        delete_archives(aws, deployment, account, sorted(digests))


def _digests(aws: Aws, repository: str, function: str, versions: Iterable[str]) -> set[str]:
    """Return the digests of the images that these versions use. The version "" is the function itself."""
    found = [find_function(aws, function, version or None) for version in versions]
    return {digest for each in found if each is not None and (digest := digest_in(repository, each))}


def _delete_version(aws: Aws, function: str, version: str) -> None:
    # Without a qualifier the same call deletes the function.
    if not version.isdigit():
        raise AssertionError(f"{version!r} is not a version number")
    aws.call(
        "lambda", "DeleteFunction", f"version {version} of function {function}", absent=("ResourceNotFoundException",),
        FunctionName=function, Qualifier=version,
    )  # fmt: skip
