"""`iris-model batch` on MiniStack's Distributed Map: nothing is lost, nothing comes twice.

MiniStack has no ResultWriter and runs the children in threads; the function reads and writes S3 under its own role.
The regular run has 60,000 rows. With IRIS_MODEL_BATCH_ROWS=1000000 it is the million of docs/how-to/batch.md.
"""

from __future__ import annotations

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from iris_model.aws.access.permissions import Names, make_policy
from tests.support.docker_engine import docker
from tests.support.docker_relay import relayed_to_containers
from tests.support.iris_project import function_image, write_iris_project
from tests.support.ministack_cloud import ACCOUNT, REGION, Cloud

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(580)]

NAME = "batch"
ROWS = int(os.environ.get("IRIS_MODEL_BATCH_ROWS", "60000"))
HEADER = "sepal length (cm),sepal width (cm),petal length (cm),petal width (cm)"
KINDS = [("5.1,3.5,1.4,0.2", "setosa"), ("6.7,3.1,5.6,2.4", "virginica"), ("5.9,3.0,4.2,1.5", "versicolor")]
POISONED = ROWS // 3
TABLES = '[batch]\ninput = "s3://ba-in/"\noutput = "s3://ba-out/"\nconcurrency = 3\n'


def write_input(cloud: Cloud) -> list[str]:
    """Two objects: CSV and JSON Lines. Returns the expected labels; that of the poisoned row is empty."""
    expected, lines = [], []
    for number in range(ROWS):
        text, label = KINDS[number % 7 % 3]
        expected.append("" if number == POISONED else label)
        lines.append("5.1,poison,1.4,0.2" if number == POISONED else text)
    s3 = cloud.client("s3")
    for bucket in ("ba-in", "ba-out"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="ba-in", Key="a/rows.csv", Body="\n".join([HEADER, *lines]).encode())
    s3.put_object(Bucket="ba-in", Key="b.jsonl", Body="".join(f"[{KINDS[1][0]}]\n" for _ in range(100)).encode())
    return [*expected, *["virginica"] * 100]


def read_answers(cloud: Cloud, place: str) -> list[str]:
    """The labels in the order of the manifest."""
    s3, prefix = cloud.client("s3"), place.removeprefix("s3://ba-out/")
    manifest = json.loads(s3.get_object(Bucket="ba-out", Key=f"{prefix}manifest.json")["Body"].read())
    found: list[str] = []
    for each in manifest["answers"]:
        text = s3.get_object(Bucket="ba-out", Key=each["key"])["Body"].read().decode()
        found += [line.partition(",")[0] for line in text.splitlines()[1:]]
    return found


def kill_one_child(cloud: Cloud, killed: list[str]) -> None:
    """Kill the container of a part while it runs."""
    for _ in range(600):
        listed = docker("ps", "--filter", f"ancestor={NAME}", "--format", "{{.ID}} {{.Image}}", check=False).stdout
        listed = listed or docker("ps", "--format", "{{.ID}} {{.Image}}", check=False).stdout
        own = [line.split()[0] for line in listed.splitlines() if f"127.0.0.1:{cloud.port}/{NAME}" in line]
        if own and cloud.client("s3").list_objects_v2(Bucket="ba-out", Prefix="").get("Contents"):
            docker("kill", own[0], check=False)
            killed.append(own[0])
            return
        time.sleep(0.1)


def test_every_row_is_answered_exactly_once(cloud: Cloud, lambda_python: str, tmp_path: Path) -> None:
    project = write_iris_project(tmp_path / "p", NAME, settings="timeout = 60\nmemory = 128\n", tables=TABLES)
    cloud.client("ecr").create_repository(repositoryName=NAME, tags=[{"Key": "iris-model", "Value": NAME}])
    image = cloud.push(function_image(project, lambda_python, "deploy-batch"), NAME, "batch")
    names = Names(account=ACCOUNT, region=REGION, function=NAME, stack=NAME, repository=NAME, keys=("batch",))
    deployer = cloud.as_new_user("deployer-of-batches", make_policy(names))
    expected = write_input(cloud)
    with relayed_to_containers(cloud.port):
        deployer.deploy_json(project, image)
        options = ("s3://ba-in/", "s3://ba-out/", "--project", project)

        plan: dict[str, Any] = json.loads(cloud.run("batch", *options, "--plan", "--json"))
        assert plan["missing"] == plan["parts"] >= 2 and abs(plan["rows"] / len(expected) - 1) < 0.05
        assert 0 < plan["total"] < 1 and not cloud.client("s3").list_objects_v2(Bucket="ba-out").get("Contents")

        killed: list[str] = []
        killer = threading.Thread(target=kill_one_child, args=(cloud, killed), daemon=True)
        killer.start()
        done = json.loads(cloud.run("batch", *options, "--json").partition("\n}")[0] + "\n}")
        killer.join(5)
        assert (done["parts"], done["failed"], len(killed)) == (plan["parts"], 0, 1)
        assert read_answers(cloud, done["answers"]) == expected

        # A part that is missing, as after an interruption: the same command scores that part and no other.
        s3, prefix = cloud.client("s3"), done["answers"].removeprefix("s3://ba-out/")
        before = {
            each["Key"]: each["LastModified"] for each in s3.list_objects_v2(Bucket="ba-out", Prefix=prefix)["Contents"]
        }
        lost = f"{prefix}b.jsonl.000000.csv"
        s3.delete_object(Bucket="ba-out", Key=lost)
        assert json.loads(cloud.run("batch", *options, "--plan", "--json"))["missing"] == 1
        cloud.run("batch", *options, "--json")
        after = {
            each["Key"]: each["LastModified"] for each in s3.list_objects_v2(Bucket="ba-out", Prefix=prefix)["Contents"]
        }
        assert {key for key in before if after[key] != before[key]} <= {lost, f"{prefix}manifest.json"}
        assert read_answers(cloud, done["answers"]) == expected
        refused = [key for key in after if key.endswith(".refused.jsonl")]
        (line,) = s3.get_object(Bucket="ba-out", Key=refused[0])["Body"].read().decode().splitlines()
        assert len(refused) == 1 and json.loads(line)["record"] == "5.1,poison,1.4,0.2"
    cloud.run("destroy", project, "--yes")
