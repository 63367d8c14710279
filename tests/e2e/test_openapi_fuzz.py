"""schemathesis sends the served iris model requests that its OpenAPI document allows and forbids."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from iris_model.local import read_function_directory
from iris_model.project import package_project
from tests.support.local_service import running

pytestmark = pytest.mark.e2e

IRIS = Path(__file__).parents[2] / "examples/iris"
FUZZ_SECONDS = 240
OTHER_ROUTES = """\
more-routes = [
    "POST /invocations", "GET /ping", "GET /v1/models/iris",
    "GET /v2", "GET /v2/models/iris", "GET /v2/models/iris/ready", "GET /v2/health/live", "GET /v2/health/ready",
]
"""


@pytest.fixture(scope="module")
def document():
    return describe(IRIS)


def describe(project):
    command = [sys.executable, "-m", "iris_model.cli", "openapi", str(project)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)


def fuzz(document, tmp_path, *options, project=IRIS, operations=2):
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document))
    with running(read_function_directory(package_project(project).directory)) as service:
        command = [sys.executable, "-m", "schemathesis.cli", "run", str(path), "--url", f"{service.url}/default"]
        done = subprocess.run(
            [*command, "--max-examples", "60", "--continue-on-failure", "--seed", "7", *options],
            capture_output=True,
            text=True,
            timeout=FUZZ_SECONDS,
            cwd=tmp_path,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Tested: {operations}" in done.stdout


def test_no_answer_is_outside_the_document(document, tmp_path):
    # A JSON Schema cannot say that the lines of a CSV have four cells, nor that a tensor's data fills its shape: what the
    # document allows of these may be refused, with a problem that the document has.
    fuzz(document, tmp_path, "--exclude-checks", "positive_data_acceptance")


def test_requests_of_the_schema_are_accepted(document, tmp_path):
    content = document["paths"]["/iris-prediction"]["post"]["requestBody"]["content"]
    del content["text/csv"]
    allowed = content["application/json"]["schema"]["anyOf"]
    allowed[:] = [each for each in allowed if not each["$ref"].endswith("InferenceRequest")]
    # As many values for each column: no schema says that either.
    document["components"]["schemas"]["Inputs"]["properties"]["inputs"]["anyOf"].pop()
    # Beyond these bounds a product may overflow; that is refused, with a message about it.
    for cell in document["components"]["schemas"]["Row"]["prefixItems"]:
        cell |= {"minimum": -1e6, "maximum": 1e6}
    schemas = document["components"]["schemas"]
    schemas["NamedRow"]["properties"] = dict(
        zip(schemas["NamedRow"]["required"], schemas["Row"]["prefixItems"], strict=True)
    )
    # Columns that the model does not know may hold anything, and no schema says which cells are theirs.
    split = schemas["DataframeSplit"]["properties"]["dataframe_split"]["properties"]
    split["columns"] = {"const": schemas["NamedRow"]["required"]}
    split["data"]["items"] = {"$ref": "#/components/schemas/Row"}
    fuzz(document, tmp_path, "--exclude-checks", "negative_data_rejection")


def test_the_paths_of_other_servers(tmp_path):
    project = tmp_path / "iris"
    shutil.copytree(IRIS, project, ignore=shutil.ignore_patterns(".iris-model", "__pycache__"))
    settings = project / "iris-model.toml"
    settings.write_text(OTHER_ROUTES + settings.read_text())
    document = describe(project)
    # A method without a route is a 404 of API Gateway's own, and no 405.
    options = ("--include-method", "GET", "--phases", "coverage,fuzzing", "--exclude-checks", "unsupported_method")
    fuzz(document, tmp_path, *options, project=project, operations=8)
