"""Text output about images: sizes as a table, transfers as progress bars."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from iris_model.cli.render.output import show_size
from iris_model.cli.terminal import echo
from iris_model.cli.verbosity import QUIET, echo_note, find_verbosity

if TYPE_CHECKING:
    from iris_model.image.destinations.publish import PublishedImage
    from iris_model.image.sizes import SizeReport
    from iris_model.oci.progress import Progress, Reporter
    from iris_model.oci.registry import PushReport

_STATES = {"present": "there already", "mounted": "mounted", "uploaded": "uploaded", "downloaded": "downloaded"}


def echo_sizes(report: SizeReport) -> None:
    """Print the largest parts: base image, layers, packages, files."""
    echo(f"{'':8} {'compressed':>11} {'unpacked':>11}")
    for row in report.rows:
        compressed = show_size(row.compressed_bytes) if row.compressed_bytes is not None else ""
        unpacked = show_size(row.uncompressed_bytes) if row.uncompressed_bytes is not None else "unknown"
        echo(f"{row.kind:8} {compressed:>11} {unpacked:>11}  {row.name}")


def describe_push(report: PushReport) -> str:
    """Return one sentence about what was sent."""
    if report.unchanged:
        return f"{report.reference} is already there: nothing was sent."
    kept = len(report.present) + len(report.mounted)
    return (
        f"{report.reference} is pushed: {show_size(report.bytes_sent)} sent in {len(report.uploaded)} blobs, {kept} "
        f"already there or mounted."
    )


def push_document(report: PushReport) -> dict[str, Any]:
    """Return the same as JSON values."""
    return {
        "reference": str(report.reference),
        "unchanged": report.unchanged,
        "bytes_sent": report.bytes_sent,
        "uploaded": [str(digest) for digest in report.uploaded],
        "mounted": [str(digest) for digest in report.mounted],
        "present": [str(digest) for digest in report.present],
    }


def echo_published(published: PublishedImage) -> None:
    """Print what was sent and attached."""
    echo(describe_push(published.report))
    if published.attached:
        listed = f"under the tag {published.tag}" if published.tag else "by the registry"
        echo(f"SBOM and provenance are attached, listed {listed}.")
    if published.note:
        echo_note(f"{published.note}.")


def published_document(published: PublishedImage) -> dict[str, Any]:
    """Return the same as JSON values."""
    beside = {"attached": list(published.attached), "referrers_tag": published.tag, "note": published.note}
    return {**push_document(published.report), **beside}


def echo_documents(documents: Mapping[str, Any]) -> None:
    """Print the documents of an image: files, or the referrers in a registry."""
    for each in documents.get("files", ()):
        echo(f"document     {each['path']}  {each['media_type']}")
    for each in documents.get("referrers", ()):
        echo(f"referrer     {each['digest']} {show_size(each['manifest_bytes']):>10}  {each['artifact_type']}")
    if documents.get("referrers") and documents["listed_by"] != "registry":
        echo(f"             listed under the {documents['listed_by']}")
    if "problem" in documents:
        echo_note(f"the attached documents are not known: {documents['problem']}")


def echo_findings(findings: list[Mapping[str, str]]) -> None:
    """Print what AWS Lambda would refuse."""
    if not findings:
        echo("AWS Lambda accepts it: no problem was found.")
        return
    refused = any(finding["severity"] in ("damage", "refused") for finding in findings)
    echo(
        "AWS Lambda would refuse it:"
        if refused
        else "No reason is known why AWS Lambda would refuse it. Risks and notes:"
    )
    for finding in findings:
        echo(f"  {finding['severity']}: {finding['subject']}: {finding['problem']}. {finding['remedy']}")


@contextlib.contextmanager
def transfer_bars() -> Iterator[Reporter]:
    """Show a progress bar per blob on a terminal, unless --quiet is used; otherwise nothing."""
    if not sys.stderr.isatty() or find_verbosity() == QUIET:
        yield lambda progress: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, Any] = {}

        def report(progress: Progress) -> None:
            name = progress.digest.hex[:12]
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=max(progress.total, 1))
            said = _STATES.get(progress.state, progress.note or progress.state)
            ended = progress.state in _STATES
            bars.update(
                tasks[name], completed=max(progress.total, 1) if ended else progress.done, description=f"{name} {said}"
            )

        yield report
