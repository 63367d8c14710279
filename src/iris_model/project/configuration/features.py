"""AWS features around the function: find contradictions between their keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from iris_model.contract.batch import is_within
from iris_model.project.configuration.schedule import find_schedule_problem

# https://docs.aws.amazon.com/lambda/latest/api/API_VpcConfig.html
_MOST_SUBNETS, _MOST_GROUPS = 16, 5

# https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html
OLDEST_PYTHON_OF_SNAPSTART = 12
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
MANAGED_PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_SMALLEST_STORAGE_MB = 512
_AWS_PYTHON = re.compile(r"(?:.*/)?lambda/python:3\.(\d+)")


def find_aws_python(base_image: str) -> int | None:
    """Return the minor version of Python in AWS's base image, or in a copy with the same name; None for others."""
    found = _AWS_PYTHON.match(base_image)
    return int(found[1]) if found else None


def find_managed_python(base_image: str, python: str | None) -> str:
    """Return the Python of the managed runtime: the one of `python`, else that of AWS's base image."""
    return python or f"3.{find_aws_python(base_image)}"


def find_feature_conflicts(values: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    """Yield contradictions between these keys and others."""
    top, vpc, domain = values[""], values["vpc"], values["domain"]
    if bool(vpc["subnets"]) != bool(vpc["security_groups"]):
        missing = "security-groups" if vpc["subnets"] else "subnets"
        yield f"[vpc]: expected {missing} too; a function in a VPC needs both"
    for name, most in (("subnets", _MOST_SUBNETS), ("security_groups", _MOST_GROUPS)):
        if len(vpc[name]) > most:
            yield f"vpc.{name.replace('_', '-')} has {len(vpc[name])} entries; Lambda accepts at most {most}"
    if bool(domain["name"]) != bool(domain["certificate"]):
        missing = "certificate" if domain["name"] else "name"
        yield f"[domain]: expected {missing} too; a host name needs a certificate"
    elif domain["hosted_zone"] and not domain["name"]:
        yield "[domain]: expected name and certificate too"
    batch = values["batch"]
    if bool(batch["input"]) != bool(batch["output"]):
        yield f"[batch]: expected {'output' if batch['input'] else 'input'} too; a batch reads and writes"
    elif batch["input"] and is_within(batch["output"], batch["input"]):
        yield "batch.output is below batch.input: the answers of a batch would be rows of the next one"
    if top["keep_warm"] and (problem := find_schedule_problem(top["keep_warm"])):
        yield f'keep-warm = "{top["keep_warm"]}": {problem}'
    if top["snapstart"]:
        yield from _find_snapstart_conflicts(top)
    if top["package_type"] == "zip":
        yield from _find_zip_conflicts(top)
    if top["endpoint"] != "http-api":
        if any(domain.values()):
            yield f'[domain] with endpoint = "{top["endpoint"]}": only an HTTP API can have a host name'
        if top["access_log"]:
            yield f'access-log with endpoint = "{top["endpoint"]}": only an HTTP API has an access log'


def _find_zip_conflicts(top: Mapping[str, Any]) -> Iterator[str]:
    python = find_managed_python(top["base_image"], top["python"])
    if find_aws_python(top["base_image"]) is None:
        yield (
            f'base-image = "{top["base_image"]}" has no effect with package-type = "zip": an archive runs on Lambda\'s own '
            "runtimes; remove it"
        )
    elif python not in MANAGED_PYTHONS:
        known = ", ".join(MANAGED_PYTHONS)
        yield f'package-type = "zip" with python = "{python}": Lambda has managed runtimes for {known}'
    elif top["snapstart"] and int(python.partition(".")[2]) < OLDEST_PYTHON_OF_SNAPSTART:
        yield f'snapstart = true with python = "{python}": expected 3.{OLDEST_PYTHON_OF_SNAPSTART} or later'


def _find_snapstart_conflicts(top: Mapping[str, Any]) -> Iterator[str]:
    if top["provisioned_concurrency"] is not None:
        yield "snapstart = true with provisioned-concurrency: Lambda accepts only one of the two"
    if top["ephemeral_storage"] > _SMALLEST_STORAGE_MB:
        yield (
            f"snapstart = true with ephemeral-storage = {top['ephemeral_storage']}: Lambda accepts only "
            f"{_SMALLEST_STORAGE_MB} MB"
        )
    python = find_aws_python(top["base_image"])
    if python is not None and python < OLDEST_PYTHON_OF_SNAPSTART:
        yield f"snapstart = true with base-image of Python 3.{python}: expected 3.{OLDEST_PYTHON_OF_SNAPSTART} or later"
