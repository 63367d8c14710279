"""Divide the objects of an input into parts, and find the parts that are done.

The names of the answers depend on the input, on the version of the function and on the part. So the same command again
finds what is done, and a changed input or version starts a new run.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from iris_model.aws.client.calls import Aws
from iris_model.contract.batch import split_place
from iris_model.errors import DeploymentError

FORMATS = {".csv": True, ".jsonl": False, ".ndjson": False}
"""Suffix -> whether it is CSV."""

REPORTS = "_batch"
"""The folder of `batch.output` that has the lists of parts and the reports of Step Functions: its role reads only this."""


@dataclass(frozen=True)
class Part:
    """A range of bytes of an object. The lines that begin in it are its rows."""

    bucket: str
    key: str
    etag: str
    start: int
    end: int
    output_bucket: str
    output: str

    def describe(self) -> dict[str, Any]:
        """Return the part as the function reads it."""
        suffix = f".{self.key.rpartition('.')[2].lower()}"
        return {**vars(self), "csv": FORMATS[suffix]}


@dataclass(frozen=True)
class Run:
    """The parts of one input with one version."""

    name: str
    output: str
    parts: tuple[Part, ...]
    objects: int
    size: int
    """Bytes of the input."""
    reports: str
    """`batch.output`: the output itself, or above it."""

    @property
    def bucket(self) -> str:
        """The bucket of the answers."""
        return split_place(self.output)[0]

    @property
    def folder(self) -> str:
        """The beginning of the keys of the answers."""
        return f"{split_place(self.output)[1]}{self.name}/"

    @property
    def list_key(self) -> str:
        """The key of the list of parts for Step Functions."""
        return f"{split_place(self.reports)[1]}{REPORTS}/{self.name}/parts.jsonl"


def make_run(aws: Aws, source: str, output: str, function: str, part_bytes: int, *, reports: str) -> Run:
    """List the objects of the input and divide them. `function`: its name and version. Raises DeploymentError.

    `reports`: `batch.output` of the deployment.
    """
    bucket, prefix = split_place(source)
    found = aws.pages("s3", "ListObjectsV2", f"objects of {source}", "Contents", Bucket=bucket, Prefix=prefix)
    objects = [each for each in found if each["Size"] and not each["Key"].endswith("/")]
    refused = [each["Key"] for each in objects if not each["Key"].lower().endswith(tuple(FORMATS))]
    if refused:
        raise DeploymentError(
            f"the input has {len(refused)} objects that are not CSV or JSON Lines, such as {refused[0]}",
            remedy="Use a prefix with .csv, .jsonl or .ndjson only. A part is read from the middle of an object, which is "
            "impossible in gzip; for Parquet use `iris-model predict`.",
        )
    if not objects:
        raise DeploymentError(f"{source} has no objects", remedy="Check the bucket and the prefix.")
    known = [(each["Key"], each["ETag"], each["Size"]) for each in objects]
    name = hashlib.sha256(json.dumps([function, part_bytes, source, output, known]).encode()).hexdigest()[:12]
    target, below = split_place(output)
    parts = [
        Part(
            bucket,
            key,
            etag,
            start,
            min(start + part_bytes, size),
            target,
            f"{below}{name}/{key.removeprefix(prefix)}.{number:06}.csv",
        )
        for key, etag, size in known
        for number, start in enumerate(range(0, size, part_bytes))
    ]
    return Run(name, output, tuple(parts), len(objects), sum(size for _, _, size in known), reports)


def find_missing(aws: Aws, run: Run) -> tuple[Part, ...]:
    """Return the parts without answers. An object of S3 is written whole or not at all."""
    found = aws.pages(
        "s3", "ListObjectsV2", f"answers in {run.output}", "Contents", Bucket=run.bucket, Prefix=run.folder
    )
    there = {each["Key"] for each in found}
    return tuple(part for part in run.parts if part.output not in there)


def write_list(aws: Aws, run: Run, parts: Sequence[Part]) -> None:
    """Store the list of parts for Step Functions."""
    text = "".join(json.dumps(part.describe(), ensure_ascii=False) + "\n" for part in parts)
    aws.call(
        "s3", "PutObject", f"list of parts in {run.output}", Bucket=run.bucket, Key=run.list_key, Body=text.encode()
    )


def write_manifest(aws: Aws, run: Run) -> str:
    """Store the names of the answers in the order of the input. Return the key."""
    document = {
        "run": run.name,
        "answers": [
            {"source": f"s3://{part.bucket}/{part.key}", "start": part.start, "end": part.end, "key": part.output}
            for part in run.parts
        ],
    }
    key = f"{run.folder}manifest.json"
    aws.call(
        "s3", "PutObject", f"manifest in {run.output}", Bucket=run.bucket, Key=key, Body=json.dumps(document).encode()
    )
    return key
