"""By hand, with the real `docker` and `aws`: docs/how-to/by-hand.md, and what it says of overrides and of tags. On MiniStack."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.docker_engine import docker
from tests.support.iris_project import ENTRY_POINT
from tests.support.ministack_cloud import ACCOUNT, REGION, SHARED, Cloud, Pushed
from tests.support.rie_binary import REPOSITORY

pytestmark = pytest.mark.e2e


def test_the_commands_of_the_page_work(cloud: Cloud, pushed: Pushed, tmp_path: Path):
    """Block by block in one shell; only who and where is ours."""
    before = cloud.inventory()
    page = (REPOSITORY / "docs" / "how-to" / "by-hand.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", page, flags=re.DOTALL)
    ours = (
        f"REGION={REGION}\nACCOUNT={ACCOUNT}\nREGISTRY=127.0.0.1:{cloud.port}\nNAME=iris-prediction\n"
        f"IMAGE={pushed.iris_image}\nNEW_IMAGE={pushed.other_image}\n"
    )
    assert re.findall(r"^(\w+)=", blocks[0], re.MULTILINE) == re.findall(r"^(\w+)=", ours, re.MULTILINE)
    script = ours + "\n".join(blocks[1:])
    # MiniStack's own name for its APIs; not every resolver resolves names below localhost.
    said = cloud.shell(script.replace("curl --fail", 'curl --connect-to "::127.0.0.1:" --fail'), tmp_path)
    # Invoked as it is, and with everything overridden; the new image, invoked and through the HTTP API.
    assert re.findall(r'"prediction": "(\w+)"', said) == ["setosa", "setosa", "a", "a"]
    assert cloud.inventory() == before
    tags = [f"127.0.0.1:{cloud.port}/iris-prediction:v{number}" for number in (1, 2)]
    docker("rmi", *tags, check=False)


@pytest.fixture
def function(cloud: Cloud, pushed: Pushed) -> Iterator[str]:
    """A function of the iris image, created with boto3 only."""
    iam, lambda_ = cloud.client("iam"), cloud.client("lambda")
    trusts = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trusts]})
    role = iam.create_role(RoleName="by-hand", AssumeRolePolicyDocument=document)["Role"]["Arn"]
    image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{SHARED}@{pushed.iris}"
    lambda_.create_function(FunctionName="by-hand", PackageType="Image", Code={"ImageUri": image}, Role=role)
    yield "by-hand"
    lambda_.delete_function(FunctionName="by-hand")
    iam.delete_role(RoleName="by-hand")


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ({"Command": ["app.nothing"]}, {"errorType": "Runtime.HandlerNotFound"}),
        ({"EntryPoint": ["/lambda-entrypoint.sh"], "Command": ["app.handler"]}, {"prediction": "setosa"}),
        ({"EntryPoint": ENTRY_POINT, "Command": ["app.handler"], "WorkingDirectory": "/tmp"}, {"prediction": "setosa"}),
    ],
    ids=["command", "entry point of the base", "working directory"],
)
def test_entry_point_command_and_directory_are_those_set_in_lambda(
    cloud: Cloud, function: str, override: dict[str, object], expected: dict[str, object]
):
    lambda_ = cloud.client("lambda")
    lambda_.update_function_configuration(FunctionName=function, ImageConfig=override)
    answer = json.loads(lambda_.invoke(FunctionName=function, Payload=b"[5.1,3.5,1.4,0.2]")["Payload"].read())
    assert expected.items() <= answer.items(), answer


def test_a_tag_that_moved_changes_nothing_until_the_next_update(
    cloud: Cloud, pushed: Pushed, tmp_path: Path, function: str
):
    """In a repository with mutable tags, the function keeps the image that it was created with."""
    (tmp_path / "row.json").write_text("[5.1,3.5,1.4,0.2]")
    script = f"""
    LOCAL=127.0.0.1:{cloud.port}/moving
    ECR={ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/moving
    push() {{ docker tag $1 $LOCAL:live && docker push -q $LOCAL:live >&2; }}
    digest() {{
      aws ecr describe-images --repository-name moving --image-ids imageTag=live \\
        --query 'imageDetails[0].imageDigest' --output text
    }}
    update() {{ aws lambda update-function-code --function-name {function} --image-uri $ECR@$(digest) >&2; }}
    ask() {{ aws lambda invoke --function-name {function} --payload fileb://row.json answer.json >&2; cat answer.json; }}
    aws ecr create-repository --repository-name moving --image-tag-mutability MUTABLE >&2
    push {pushed.iris_image}; update; ask
    push {pushed.other_image}; ask
    update; ask
    """
    said = cloud.shell(script, tmp_path)
    assert re.findall(r'"prediction": "(\w+)"', said) == ["setosa", "setosa", "a"]
    docker("rmi", f"127.0.0.1:{cloud.port}/moving:live", check=False)
    cloud.client("ecr").delete_repository(repositoryName="moving", force=True)
