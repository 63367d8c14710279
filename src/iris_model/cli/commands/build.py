"""`iris-model build`: build the image or the zip archive of a project without Docker."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iris_model.cli.options.architecture import ARCHITECTURES
from iris_model.cli.options.referrers import referrers_option
from iris_model.cli.render.image_text import echo_published, echo_sizes, published_document, transfer_bars
from iris_model.cli.render.output import echo_json, json_option, progress, show_size
from iris_model.cli.render.outputs import project_inputs, refuse_overwriting
from iris_model.cli.render.registry_advice import registry_advice
from iris_model.cli.sources.built_archive import ZIP_SUFFIX, build_project_archive
from iris_model.cli.terminal import echo
from iris_model.cli.verbosity import echo_note
from iris_model.project import read_settings

if TYPE_CHECKING:
    from iris_model.errors import IrisModelError
    from iris_model.image.build import BuiltImage
    from iris_model.oci import Reference

# Options that only describe what is built. The other options of images name an image, which a project for archives may have.
_ONLY_OF_IMAGES = frozenset(("--scan", "--sizes", "--time-in-provenance"))


@click.command()
@click.argument("project", type=click.Path(path_type=Path), default=".")
@click.option("--tag", "-t", metavar="REF", help="Name of the image.  [default: NAME:latest]")
@click.option(
    "--output",
    "-o",
    "outputs",
    type=click.Path(path_type=Path),
    multiple=True,
    metavar="PATH",
    help="Output path. NAME.tar is an archive for `docker load`, NAME.zip is a zip archive for Lambda. Any other name is "
    "a directory with an OCI layout. Repeatable.  [default: PROJECT/.iris-model/image, or "
    "PROJECT/.iris-model/function.zip with package-type zip]",
)
@click.option(
    "--base",
    metavar="REF|PATH",
    help="Base image: an image name, an OCI layout or an archive of `docker save`. Overrides iris-model.toml.",
)
@click.option("--arch", type=ARCHITECTURES, help="Architecture. Overrides iris-model.toml.")
@click.option(
    "--format",
    "family_name",
    type=click.Choice(["docker", "oci"]),
    default="docker",
    show_default=True,
    help="Manifest media type: docker or oci. The layers are identical.",
)
@click.option("--push", "do_push", is_flag=True, help="Push the image to the registry in the name of --tag.")
@click.option("--load", "do_load", is_flag=True, help="Load the image into Docker Engine.")
@referrers_option
@click.option(
    "--update", is_flag=True, help="Look up the base image and the packages again, and update iris-model.lock."
)
@click.option("--sizes", "show_sizes", is_flag=True, help="List the largest layers, packages and files.")
@click.option(
    "--scan",
    is_flag=True,
    help="Report known vulnerabilities with grype, trivy, osv-scanner or pip-audit, whichever is installed. "
    "Downloads the base image if needed.",
)
@click.option("--time-in-provenance", is_flag=True, help="Write the build time into the provenance statement.")
@json_option
def build(
    project: Path,
    tag: str | None,
    outputs: tuple[Path, ...],
    base: str | None,
    arch: str | None,
    family_name: str,
    do_push: bool,
    do_load: bool,
    referrers: str,
    update: bool,
    show_sizes: bool,
    scan: bool,
    time_in_provenance: bool,
    as_json: bool,
) -> None:
    """Build the image or the zip archive of a project without Docker.

    The same project on the same base image gives the same digest. Building an unchanged project does nothing. The base
    image and the packages are pinned in iris-model.lock. An SBOM (a list of what is in the image) and a provenance
    statement (how it was built) are written next to the image. A zip archive has no base image, no SBOM and no
    provenance statement.

    \b
    Example:
      iris-model build . --load
      iris-model build . -t registry.example/team/iris:1 --push
      iris-model build . -o iris.tar --base python:3.13-slim --arch arm64
      iris-model build . -o function.zip
    """
    from iris_model.project.compilation.ahead import compiling_ahead

    for path in outputs:
        refuse_overwriting(path, [*project_inputs(project), *([Path(base)] if base and Path(base).exists() else [])])
    of_images = {
        "--tag": tag, "--base": base, "--push": do_push, "--load": do_load, "--scan": scan, "--sizes": show_sizes,
        "--time-in-provenance": time_in_provenance,
    }  # fmt: skip
    if _wants_archive(project, outputs, [option for option, value in of_images.items() if value]):
        _build_archive(project, outputs, arch, update=update, as_json=as_json)
        return
    started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds") if time_in_provenance else ""
    with compiling_ahead(project) as choose, progress() as on_step:
        reference = _check_tag(tag, do_push=do_push)
        scanner = _find_scanner() if scan else ""
        from iris_model.image.build import build_image, one_build_at_a_time
        from iris_model.oci import DOCKER, OCI

        family = {"docker": DOCKER, "oci": OCI}[family_name]
        with one_build_at_a_time(project, on_step):
            built = build_image(
                project, base=base, architecture=arch, family=family, update=update, on_step=on_step, choose=choose
            )
            reference = reference or _default_reference(built)
            on_step("Writing the image")
            written = _write(
                built, reference, [(_kind_of(path), path) for path in outputs], do_push=do_push, do_load=do_load
            )
            documents, unlisted = _write_documents(built, list(outputs), started, download=scan)
            _tidy(built)
    document: dict[str, Any] = {
        "digest": str(built.image.digest),
        "reference": str(reference),
        "base": {
            "name": built.settings.base_image,
            "digest": str(built.base.image.digest),
            "python": built.base.python,
        },
        "platform": str(built.image.platform),
        "executor": built.packaged.executor,
        "runtime": built.settings.runtime,
        "runtime_reason": built.packaged.runtime_reason,
        "layers": [
            {
                "name": each.name,
                "digest": str(each.layer.digest),
                "compressed_bytes": each.layer.size,
                "unchanged": each.unchanged,
            }
            for each in built.layers
        ],
        "sizes": built.sizes.to_document(),
        "outputs": written,
        "documents": {name: str(path) for name, path in documents.items()},
        "notes": [
            *built.notes,
            *(f"the SBOM does not list everything in the base image: {reason}" for reason in unlisted),
        ],
    }
    if not as_json:
        _echo_built(built, document, show_sizes=show_sizes, is_pushed=do_push)
    if do_push:
        document["push"] = _push(built, reference, documents, referrers, quiet=as_json)
    document["unchanged"] = all(each["unchanged"] for each in written) and document.get("push", {}).get(
        "unchanged", True
    )
    failure = None
    if scan:
        document["vulnerabilities"], failure = _scan(documents["sbom"], scanner, quiet=as_json)
    if as_json:
        echo_json(document)
    if failure is not None:
        raise failure


def _wants_archive(project: Path, outputs: tuple[Path, ...], of_images: list[str]) -> bool:
    """Whether the command builds a zip archive: the outputs name it, or package-type without any output."""
    zips = [path for path in outputs if path.suffix == ZIP_SUFFIX]
    if not zips:
        if outputs or not _ONLY_OF_IMAGES.issuperset(of_images) or not read_settings(project).deployment.is_zip:
            return False
        if of_images:
            raise click.UsageError(f'{of_images[0]} is for images, and the project has package-type = "zip"')
        return True
    if of_images:
        raise click.UsageError(f"{of_images[0]} is for images, and {zips[0]} is a zip archive")
    if len(zips) < len(outputs):
        raise click.UsageError("one command writes either zip archives or images: run it once for each")
    return True


def _build_archive(project: Path, paths: tuple[Path, ...], arch: str | None, *, update: bool, as_json: bool) -> None:
    from iris_model.project.compilation.ahead import compiling_ahead

    with compiling_ahead(project) as choose, progress() as on_step:
        built, written = build_project_archive(
            project, on_step, paths=paths, architecture=arch, update=update, choose=choose
        )
    if as_json:
        echo_json(
            {
                "digest": built.digest,
                "runtime": built.packaged.settings.runtime,
                "runtime_reason": built.packaged.runtime_reason,
                "lambda_runtime": built.runtime,
                "architecture": built.settings.architecture,
                "executor": built.packaged.executor,
                "compressed_bytes": len(built.data),
                "uncompressed_bytes": built.unzipped_bytes,
                "outputs": written,
                "notes": list(built.notes),
                "unchanged": all(each["unchanged"] for each in written),
            }
        )
        return
    sizes = f"{show_size(len(built.data))}, unzipped {show_size(built.unzipped_bytes)}"
    echo(f"{built.digest} for {built.settings.architecture}, on {built.runtime}: {sizes}.")
    if built.packaged.runtime_reason:
        echo(f"Runtime {built.packaged.settings.runtime}: {built.packaged.runtime_reason}.")
    for each in written:
        echo(f"zip {each['path']} {'is up to date' if each['unchanged'] else 'is written'}.")
    for note in built.notes:
        echo_note(f"{note}.")


def _tidy(built: BuiltImage) -> None:
    """Remove leftovers of killed builds."""
    from iris_model.image.leftovers import remove_leftovers
    from iris_model.project.caching.user_cache import default_directory

    remove_leftovers(built.work_directory, default_directory())


def _check_tag(tag: str | None, *, do_push: bool) -> Reference | None:
    """Parse the reference before the build, so that a mistake is reported at once."""
    from iris_model.oci import Reference

    if tag is None and do_push:
        raise click.UsageError("--push requires the name of the image: -t REGISTRY/REPOSITORY:TAG")
    return Reference.parse(tag) if tag else None


def _default_reference(built: BuiltImage) -> Reference:
    from iris_model.oci import Reference
    from iris_model.project.configuration.deployment import name_image

    return Reference.parse(f"{name_image(built.settings.name)}:latest")


def _kind_of(path: Path) -> str:
    """Return what a path becomes: an archive, or a layout."""
    return "archive" if path.suffix == ".tar" else "layout"


def _write(
    built: BuiltImage, reference: Reference, kinds: Sequence[tuple[str, Path]], *, do_push: bool, do_load: bool
) -> list[dict[str, Any]]:
    from iris_model.image.destinations import outputs
    from iris_model.image.destinations.last_build import put_last_build

    of_the_project = not kinds and not do_push and not do_load
    if of_the_project:
        kinds = [("layout", built.layout)]
    _check_apart([path for _, path in kinds], built.settings.base_image)
    written: list[dict[str, Any]] = []
    for kind, path in kinds:
        if kind == "layout":
            put = put_last_build if of_the_project else outputs.put_layout
            changed = put(built.image, path, reference.tag)
        else:
            changed = outputs.put_archive(built.image, path, reference, built.work_directory / "archives.json")
        written.append({"kind": kind, "path": str(path), "unchanged": not changed})
    if do_load:
        written.append(
            {"kind": "docker", "path": str(reference), "unchanged": not outputs.load(built.image, reference)}
        )
    return written


def _check_apart(paths: list[Path], base: str) -> None:
    """Refuse to write an image over its own base. It would be the base of the next build, and grow each time."""
    from iris_model.errors import ImageError

    for path in paths:
        if path.exists() and Path(base).exists() and path.samefile(base):
            raise ImageError(
                f"{path} is the base image, and the output would overwrite it",
                remedy="Choose another output path with -o, or another base image.",
            )


def _write_documents(
    built: BuiltImage, paths: list[Path], started: str, *, download: bool
) -> tuple[dict[str, Path], tuple[str, ...]]:
    """Write SBOM and provenance next to each image, in the user's paths and in the project. Return notes on what the
    SBOM omits.
    """
    from iris_model.image.supply_chain import provenance, sbom
    from iris_model.image.supply_chain.documents import document_path
    from iris_model.oci.writing import atomic_file

    rendered = sbom.render_sbom(built, download=download)
    contents = {
        sbom.MEDIA_TYPE: rendered.data,
        provenance.MEDIA_TYPE: provenance.render_provenance(built, started=started),
    }
    places = [*paths, built.layout]
    for place in places:
        for media_type, data in contents.items():
            path = document_path(place, media_type)
            if not path.is_file() or path.read_bytes() != data:
                with atomic_file(path) as file:
                    file.write(data)
    first = {
        "sbom": document_path(places[0], sbom.MEDIA_TYPE),
        "provenance": document_path(places[0], provenance.MEDIA_TYPE),
    }
    return first, rendered.unlisted


def _echo_built(built: BuiltImage, document: dict[str, Any], *, show_sizes: bool, is_pushed: bool) -> None:
    from iris_model.oci import OCI

    layers = ", ".join(f"{each.name} {show_size(each.layer.size)}" for each in built.layers)
    # A layout has OCI's media types, and so its own digest: the one that `image inspect` prints.
    in_oci = built.image.with_family(OCI).digest
    only_layouts = all(each["kind"] == "layout" for each in document["outputs"])
    shown = in_oci if only_layouts and not is_pushed else built.image.digest
    echo(f"{shown} for {built.image.platform}: {layers}, on {built.settings.base_image}.")
    if built.packaged.runtime_reason:
        echo(f"Runtime {built.settings.runtime}: {built.packaged.runtime_reason}.")
    for each in document["outputs"]:
        state = "is up to date" if each["unchanged"] else "is written"
        differs = each["kind"] == "layout" and in_oci != shown
        echo(f"{each['kind']} {each['path']} {state}{f', with the digest {in_oci} in OCI format' if differs else ''}.")
    if shown != built.image.digest:
        echo(f"In Docker's format, for `push` and `--load`, the digest is {built.image.digest}.")
    echo(f"SBOM {document['documents']['sbom']}, provenance {document['documents']['provenance']}.")
    if show_sizes:
        echo_sizes(built.sizes)
    for note in document["notes"]:
        echo_note(f"{note}.")


def _push(
    built: BuiltImage, reference: Reference, documents: dict[str, Path], referrers: str, *, quiet: bool
) -> dict[str, Any]:
    from iris_model.image.destinations.publish import publish
    from iris_model.image.supply_chain import provenance, sbom

    attached = {
        sbom.MEDIA_TYPE: documents["sbom"].read_bytes(),
        provenance.MEDIA_TYPE: documents["provenance"].read_bytes(),
    }
    with registry_advice(reference), transfer_bars() as report:
        published = publish(
            built.image, reference, documents=attached, referrers=referrers, base=built.base.reference, report=report
        )
    if not quiet:
        echo_published(published)
    return published_document(published)


def _find_scanner() -> str:
    """Fail before the build if no scanner is installed."""
    from iris_model.image.supply_chain.vulnerabilities import find_tool

    return find_tool()


def _scan(sbom: Path, tool: str, *, quiet: bool) -> tuple[dict[str, Any], IrisModelError | None]:
    """Run the scanner. If it fails, raise the error only after the results of the build are printed."""
    from iris_model.errors import ImageError
    from iris_model.image.supply_chain.documents import VULNERABILITIES_SUFFIX
    from iris_model.image.supply_chain.vulnerabilities import PYTHON_ONLY, report_vulnerabilities

    try:
        found = report_vulnerabilities(sbom.read_bytes(), tool)
    except ImageError as failed:
        failure = ImageError(
            f"{failed.problem}\nThe image was built, and pushed or loaded if requested. Only the report is missing.",
            remedy=failed.remedy,
        )
        return {"tool": tool, "problem": failed.problem}, failure
    path = sbom.with_name(sbom.name.removesuffix(".cdx.json") + VULNERABILITIES_SUFFIX)
    path.write_bytes(found.report)
    if not quiet:
        what = "the Python packages in it" if tool in PYTHON_ONLY else "what is in it"
        echo(f"{found.tool} found {found.found} vulnerabilities in {what}: {path}")
        if found.unknown:
            echo_note(
                f"{tool} does not know {len(found.unknown)} packages, and they may be vulnerable: "
                f"{'; '.join(found.unknown[:5])}{' ...' if len(found.unknown) > 5 else ''}"
            )
    return {"tool": found.tool, "found": found.found, "unknown": list(found.unknown), "report": str(path)}, None
