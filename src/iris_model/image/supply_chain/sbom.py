"""The SBOM of an image: CycloneDX 1.6 as JSON (https://cyclonedx.org/docs/1.6/json/).

The same image gives the same bytes, because the SBOM contains no time or host. If the base was never opened, the SBOM
lacks its content and has a note.
"""

from __future__ import annotations

import email.parser
import hashlib
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from packaging.utils import canonicalize_name

import iris_model
from iris_model.contract.function_file import read_function_file
from iris_model.image.build import BuiltImage
from iris_model.image.supply_chain.sbom_base import describe_base

MEDIA_TYPE = "application/vnd.cyclonedx+json"


@dataclass(frozen=True)
class Sbom:
    """The document, and a description of what it lacks."""

    data: bytes
    unlisted: tuple[str, ...]


def render_sbom(built: BuiltImage, *, download: bool = False) -> Sbom:
    """Return the SBOM: model, runtime, packages; and the base's system, Python and packages.

    `download`: fetch the base for this, if it is not on this machine.
    """
    digest = built.image.digest
    name = f"{built.settings.name}"
    root = f"image:{digest}"
    base = describe_base(built.base, download=download)
    own = [*_model(built), _runtime(), *_packages(built)]
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        # It identifies this document, and is the same for the same image.
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, f'{MEDIA_TYPE}:{digest}')}",
        "version": 1,
        "metadata": {
            "tools": {"components": [{"type": "application", "name": "iris-model", "version": iris_model.__version__}]},
            "component": {
                "type": "container",
                "bom-ref": root,
                "name": name,
                "version": str(digest),
                "purl": f"pkg:oci/{quote(name.lower())}@{quote(str(digest), safe='')}?arch={built.image.platform.architecture}",
                "hashes": [{"alg": "SHA-256", "content": digest.hex}],
            },
        },
        "components": [*own, *base.components],
        "dependencies": [
            {"ref": root, "dependsOn": sorted([*(each["bom-ref"] for each in own), base.reference])},
            {"ref": base.reference, "dependsOn": base.inside},
        ],
        # Files that no package manager of the base lists are unknown, so the SBOM never calls the base complete.
        "compositions": [
            {"aggregate": "incomplete" if base.unlisted else "unknown", "assemblies": [base.reference]},
        ],
    }
    return Sbom((json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode(), base.unlisted)


def _model(built: BuiltImage) -> Iterator[dict[str, Any]]:
    description = read_function_file(built.packaged.directory)
    model = description["model"]
    sha256 = description["files"].get(model, "")
    component: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": f"model:{model}",
        "name": model,
        "description": f"served by the executor {built.packaged.executor}",
    }
    if sha256:
        component["hashes"] = [{"alg": "SHA-256", "content": sha256}]
    original = built.settings.model_path
    component["properties"] = [
        {"name": "iris-model:trained-model", "value": original.name},
        {"name": "iris-model:trained-model:sha256", "value": hashlib.sha256(original.read_bytes()).hexdigest()},
    ]
    yield component


def _runtime() -> dict[str, Any]:
    version = iris_model.__version__
    return {
        "type": "library",
        "bom-ref": f"pkg:pypi/iris-model@{version}",
        "name": "iris-model",
        "version": version,
        "purl": f"pkg:pypi/iris-model@{version}",
        "licenses": [{"license": {"id": "Apache-2.0"}}],
    }


def _packages(built: BuiltImage) -> Iterator[dict[str, Any]]:
    hashes = {wheel.name: wheel.sha256 for wheel in built.packages}
    for path in sorted(built.packaged.directory.glob("*.dist-info/METADATA")):
        metadata = email.parser.BytesParser().parsebytes(path.read_bytes())
        name, version = canonicalize_name(str(metadata["Name"])), str(metadata["Version"])
        purl = f"pkg:pypi/{name}@{quote(version)}"
        component: dict[str, Any] = {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}
        if name in hashes:
            component["hashes"] = [{"alg": "SHA-256", "content": hashes[name]}]
        if metadata["License-Expression"]:
            component["licenses"] = [{"expression": str(metadata["License-Expression"])}]
        elif metadata["License"] and len(str(metadata["License"])) <= 80:
            component["licenses"] = [{"license": {"name": str(metadata["License"]).strip()}}]
        yield component
