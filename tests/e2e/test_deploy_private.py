"""Endpoints that are not open: who may call is decided by signatures (IAM), or by tokens of an issuer (JWT). On MiniStack.

MiniStack checks both: it computes the signature again from the key of the signing user, and gets the keys of the issuer.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from tests.support.iris_project import change_settings, write_iris_project
from tests.support.ministack_cloud import REGION, SHARED, Cloud, Pushed
from tests.support.token_issuer import Issuer

pytestmark = pytest.mark.e2e


def curl(cloud: Cloud, url: str, directory: Path, *options: str) -> tuple[int, str]:
    """Send a request with curl, which signs it. Return status and body."""
    form = ["-H", "Content-Type: application/json", "-d", "[5.1,3.5,1.4,0.2]", "-o", "answer", "-w", "%{http_code}"]
    command = ["curl", "-sS", "--connect-to", "::127.0.0.1:", *options, *form, url]
    status = cloud.shell(shlex.join(command), directory)
    return int(status), (directory / "answer").read_text()


def signed(cloud: Cloud, service: str) -> list[str]:
    return ["--aws-sigv4", f"aws:amz:{REGION}:{service}", "--user", ":".join(cloud.keys)]


@pytest.mark.parametrize(("endpoint", "service"), [("function-url", "lambda"), ("http-api", "execute-api")])
def test_with_iam_the_signature_decides(
    cloud: Cloud, deployer: Cloud, pushed: Pushed, tmp_path: Path, endpoint: str, service: str
):
    name = f"private-{service}"
    settings = f'endpoint = "{endpoint}"\nauth = "iam"\nrepository = "{SHARED}"\n'
    project = write_iris_project(tmp_path / "project", name, settings=settings)
    # The verification signs as the deployer, and MiniStack takes his signature.
    done = deployer.deploy_json(project, pushed.iris)
    assert done["verified_rows"] == 32
    url = done["endpoint"]

    assert curl(deployer, url, tmp_path)[0] == 403
    assert cloud.post(url).status == 403
    status, text = curl(deployer, url, tmp_path, *signed(deployer, service))
    assert (status, json.loads(text)["prediction"]) == (200, "setosa")
    wrong = deployer.acting_as(deployer.keys[0], "not the secret")
    assert curl(deployer, url, tmp_path, *signed(wrong, service))[0] == 403

    # A user of the account without permissions.
    reader = cloud.as_new_user(f"reader-{service}")
    assert curl(reader, url, tmp_path, *signed(reader, service))[0] == 403

    # AWS decides by the permissions: there is none for everybody.
    lambda_ = cloud.client("lambda")
    if endpoint == "function-url":
        assert lambda_.get_function_url_config(FunctionName=name, Qualifier="live")["AuthType"] == "AWS_IAM"
        with pytest.raises(lambda_.exceptions.ResourceNotFoundException):
            lambda_.get_policy(FunctionName=name, Qualifier="live")
    else:
        apis = cloud.client("apigatewayv2")
        (api,) = [each["ApiId"] for each in apis.get_apis()["Items"] if each["Name"] == name]
        assert [each["AuthorizationType"] for each in apis.get_routes(ApiId=api)["Items"]] == ["AWS_IAM"]
    deployer.run("destroy", project, "--logs", "--yes")


def test_with_jwt_the_token_decides(deployer: Cloud, pushed: Pushed, issuer: Issuer, tmp_path: Path):
    jwt = f'\n[jwt]\nissuer = "{issuer.url}"\naudience = ["iris-users"]\n'
    project = write_iris_project(
        tmp_path / "project", "private-jwt", settings=f'auth = "jwt"\nrepository = "{SHARED}"\n', tables=jwt
    )
    # Without a token only the function is verified, and a note is printed.
    told = deployer.deploy(project, pushed.iris)
    assert "IRIS_MODEL_TOKEN is not set: only the function is verified" in told
    assert "16 answers are equal to those of the trained model" in told
    (line,) = [each for each in told.splitlines() if "curl" in each]
    assert '-H "Authorization: Bearer $TOKEN"' in line
    url = next(word.strip("'") for word in line.split() if word.strip("'").startswith("http://"))

    def ask(*tokens: str) -> int:
        return curl(deployer, url, tmp_path, *(f"-HAuthorization: Bearer {token}" for token in tokens))[0]

    good = issuer.token("iris-users")
    assert ask() == 401
    assert ask(good) == 200
    assert ask(issuer.token("somebody else")) == 401
    assert ask(issuer.token("iris-users", seconds=-60)) == 401
    assert ask(good[:-4] + "AAAA") == 401
    # The line that deploy prints, as it is.
    pasted = line.replace("curl ", 'curl -sS --connect-to "::127.0.0.1:" ')
    assert '{"prediction": "setosa"' in deployer.having(TOKEN=good).shell(pasted, tmp_path)

    # With a token the endpoint is verified as well; with a wrong one the error is reported, and everything is rolled back.
    change_settings(project, "memory = 256\n")
    bearing = deployer.having(IRIS_MODEL_TOKEN=issuer.token("somebody else"))
    refused = bearing.deploy(project, pushed.iris, expect=1)
    assert "the endpoint refuses" in refused and "401" in refused and "IRIS_MODEL_TOKEN" in refused
    assert "Version 1 answers again" in refused and deployer.alias("private-jwt") == ("1", {})
    done = deployer.having(IRIS_MODEL_TOKEN=good).deploy_json(project, pushed.iris)
    assert (done["verified_rows"], done["version"]) == (32, "2")
    deployer.run("destroy", project, "--logs", "--yes")
