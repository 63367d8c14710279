"""Sources of events on MiniStack: deployed with the documented policy, and the function has only the rights of its role.

The function calls MiniStack from its container, signed; MiniStack checks signatures and policies. It polls queues and streams,
and calls the function for topics, buckets and event buses. It has no clusters of Kafka and no Redshift.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from iris_model.aws.access.permissions import Names, make_policy
from tests.support.docker_relay import relayed_to_containers
from tests.support.iris_project import function_image, write_iris_project
from tests.support.ministack_cloud import ACCOUNT, REGION, Cloud, wait_for

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

NAME = "events"
ROW = [5.1, 3.5, 1.4, 0.2]
NAMES = ("sepal length (cm)", "sepal width (cm)", "petal length (cm)", "petal width (cm)")
QUEUES = ("rows", "answers", "refused")


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


@pytest.fixture
def urls(cloud: Cloud) -> Iterator[dict[str, str]]:
    """The queues of the user; with a stream, a topic, a table, buckets and a bus that are there as well."""
    sqs, s3, table = cloud.client("sqs"), cloud.client("s3"), cloud.client("dynamodb")
    found = {name: sqs.create_queue(QueueName=f"ev-{name}")["QueueUrl"] for name in QUEUES}
    cloud.client("kinesis").create_stream(StreamName="ev-rows", ShardCount=1)
    cloud.client("sns").create_topic(Name="ev-rows")
    for bucket in ("ev-in", "ev-out"):
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_notification_configuration(Bucket="ev-in", NotificationConfiguration={"EventBridgeConfiguration": {}})
    key = {"AttributeName": "id", "KeyType": "HASH"}
    table.create_table(
        TableName="ev-out", KeySchema=[key], AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )  # fmt: skip
    made = table.create_table(
        TableName="ev-items", KeySchema=[{"AttributeName": "flower", "KeyType": "HASH"}], BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "flower", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
    )  # fmt: skip
    # The ARN of a stream has the time of its creation.
    yield found | {"items": made["TableDescription"]["LatestStreamArn"]}
    for url in found.values():
        sqs.delete_queue(QueueUrl=url)
    cloud.client("kinesis").delete_stream(StreamName="ev-rows")
    cloud.client("sns").delete_topic(TopicArn=arn("sns", "ev-rows"))
    for name in ("ev-out", "ev-items"):
        table.delete_table(TableName=name)
    for bucket in ("ev-in", "ev-out"):
        for each in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
            s3.delete_object(Bucket=bucket, Key=each["Key"])
        s3.delete_bucket(Bucket=bucket)


def tables(items: str) -> str:
    sources: dict[str, dict[str, Any]] = {
        "queue": {
            "source": arn("sqs", "ev-rows"), "answers": arn("sqs", "ev-answers"), "failures": arn("sqs", "ev-refused"),
            "batch-size": 50, "window": 1,
        },
        "stream": {
            "source": arn("kinesis", "stream/ev-rows"), "answers": "arn:aws:s3:::ev-out/stream/",
            "failures": "arn:aws:s3:::ev-out/refused/",
        },
        "items": {
            "source": items, "answers": "arn:aws:s3:::ev-out/items/", "failures": "arn:aws:s3:::ev-out/refused/",
            "starting-position": "trim-horizon",
        },
        "topic": {"source": arn("sns", "ev-rows"), "answers": arn("dynamodb", "table/ev-out")},
        "files": {"source": "arn:aws:s3:::ev-in", "answers": "arn:aws:s3:::ev-out/files/", "suffix": ".csv"},
        "bus": {
            "source": arn("events", "event-bus/default"), "answers": arn("sqs", "ev-answers"),
            "filter": ['{"detail-type": ["iris"]}'],
        },
    }  # fmt: skip
    return "".join(
        f"[events.{name}]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in values.items())
        for name, values in sources.items()
    )


def test_every_source_is_answered(cloud: Cloud, urls: dict[str, str], lambda_python: str, tmp_path: Path) -> None:
    project = write_iris_project(tmp_path / "p", NAME, settings="timeout = 20\n", tables=tables(urls["items"]))
    cloud.client("ecr").create_repository(repositoryName=NAME, tags=[{"Key": "iris-model", "Value": NAME}])
    image = cloud.push(function_image(project, lambda_python, "deploy-events"), NAME, "events")
    names = Names(account=ACCOUNT, region=REGION, function=NAME, stack=NAME, repository=NAME, keys=("events",))
    deployer = cloud.as_new_user("deployer-of-events", make_policy(names))
    before = cloud.inventory()
    assert "EventQueueMapping" in deployer.run("template", project, "--image", image)
    with relayed_to_containers(cloud.port):
        done = deployer.deploy_json(project, image)
        assert done["verified_rows"] == 32
        check_queue(cloud, urls)
        check_stream(cloud)
        check_items(cloud)
        check_topic(cloud)
        check_bucket(cloud)
        check_bus(cloud, urls)
    deployer.run("destroy", project, "--yes")
    assert {each for each in cloud.inventory() - before if not each.startswith("log ")} == set()
    cloud.client("ecr").delete_repository(repositoryName=NAME, force=True)


def receive(cloud: Cloud, url: str, count: int) -> list[dict[str, Any]]:
    """Take messages from a queue until there are as many."""
    sqs, found = cloud.client("sqs"), []

    def take() -> bool:
        for each in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", []):
            found.append(json.loads(each["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        return len(found) >= count

    wait_for(take, lambda: False, 60)
    return found


def check_queue(cloud: Cloud, urls: dict[str, str]) -> None:
    """60 rows and a poisoned one: every answer once, the poisoned one in its own queue, nothing left."""
    sqs = cloud.client("sqs")
    sent = []
    for start in range(0, 60, 10):
        entries = [{"Id": str(number), "MessageBody": json.dumps(ROW)} for number in range(start, start + 10)]
        sent += [
            each["MessageId"] for each in sqs.send_message_batch(QueueUrl=urls["rows"], Entries=entries)["Successful"]
        ]
    poison = sqs.send_message(QueueUrl=urls["rows"], MessageBody="[5.1]")["MessageId"]
    answers = receive(cloud, urls["answers"], 60)
    assert sorted(each["id"] for each in answers) == sorted(sent)
    assert {each["prediction"] for each in answers} == {"setosa"}
    (refused,) = receive(cloud, urls["refused"], 1)
    assert (refused["id"], refused["record"], refused["event"]) == (poison, "[5.1]", "queue")

    def is_empty() -> bool:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = sqs.get_queue_attributes(QueueUrl=urls["rows"], AttributeNames=names)["Attributes"]
        return not any(int(value) for value in found.values())

    assert wait_for(is_empty, lambda: False, 30)


def lines_below(cloud: Cloud, prefix: str) -> list[dict[str, Any]]:
    s3 = cloud.client("s3")
    keys = [each["Key"] for each in s3.list_objects_v2(Bucket="ev-out", Prefix=prefix).get("Contents", [])]
    bodies = [s3.get_object(Bucket="ev-out", Key=key)["Body"].read() for key in keys]
    return [json.loads(line) for body in bodies for line in body.splitlines()]


def check_stream(cloud: Cloud) -> None:
    records = [{"Data": json.dumps(ROW).encode(), "PartitionKey": "a"} for _ in range(20)]
    records.insert(7, {"Data": b"poison", "PartitionKey": "a"})
    sequences = [
        each["SequenceNumber"]
        for each in cloud.client("kinesis").put_records(StreamName="ev-rows", Records=records)["Records"]
    ]
    assert wait_for(lambda: len(lines_below(cloud, "stream/")) == 20, lambda: False, 60)
    answers = [each["id"] for each in lines_below(cloud, "stream/stream/")]
    assert sorted(answers) == sorted(each for number, each in enumerate(sequences) if number != 7)
    (refused,) = lines_below(cloud, "refused/stream/")
    assert (refused["id"], refused["record"]) == (sequences[7], "poison")


def check_items(cloud: Cloud) -> None:
    """New and changed items of a table are answered, a deleted one is not; other attributes are no columns."""
    table = cloud.client("dynamodb")
    row = {name: {"N": str(value)} for name, value in zip(NAMES, ROW, strict=True)}
    for number in range(12):
        table.put_item(TableName="ev-items", Item={"flower": {"S": f"f{number}"}, "seen": {"SS": ["a", "b"]}, **row})
    poisoned = {"flower": {"S": "poisoned"}, **row, NAMES[3]: {"S": "much"}}
    table.put_item(TableName="ev-items", Item=poisoned)
    table.update_item(
        TableName="ev-items", Key={"flower": {"S": "f0"}}, UpdateExpression="SET #w = :w",
        ExpressionAttributeNames={"#w": NAMES[3]}, ExpressionAttributeValues={":w": {"N": "2.4"}},
    )  # fmt: skip
    table.delete_item(TableName="ev-items", Key={"flower": {"S": "f1"}})
    table.put_item(TableName="ev-items", Item={"flower": {"S": "last"}, **row})
    assert wait_for(lambda: len(lines_below(cloud, "items/items/")) >= 14, lambda: False, 60)
    answers = lines_below(cloud, "items/items/")
    assert len({each["id"] for each in answers}) == len(answers) == 14
    (refused,) = lines_below(cloud, "refused/items/")
    assert refused["record"] == {**dict(zip(NAMES, ROW, strict=True)), NAMES[3]: "much"}
    assert refused["event"] == "items" and refused["problem"]["feature"] == NAMES[3]


def check_topic(cloud: Cloud) -> None:
    body = json.dumps(dict(zip(NAMES, ROW, strict=True)))
    identifier = cloud.client("sns").publish(TopicArn=arn("sns", "ev-rows"), Message=body)["MessageId"]
    table = cloud.client("dynamodb")

    def read() -> Any:
        return table.get_item(TableName="ev-out", Key={"id": {"S": identifier}}).get("Item")

    item = wait_for(read, lambda: False, 60)
    assert isinstance(item, dict) and item["prediction"] == {"S": "setosa"}


def check_bucket(cloud: Cloud) -> None:
    text = "\n".join([",".join(NAMES), *[",".join(map(str, ROW))] * 500])
    cloud.client("s3").put_object(Bucket="ev-in", Key="a/more rows.csv", Body=text.encode())
    assert wait_for(lambda: len(lines_below(cloud, "files/")) == 500, lambda: False, 60)
    assert {each["prediction"] for each in lines_below(cloud, "files/a/more rows.csv.jsonl")} == {"setosa"}


def check_bus(cloud: Cloud, urls: dict[str, str]) -> None:
    entry = {"Source": "shop", "DetailType": "iris", "Detail": json.dumps({"instances": [ROW]})}
    identifier = cloud.client("events").put_events(Entries=[entry])["Entries"][0]["EventId"]
    (answer,) = receive(cloud, urls["answers"], 1)
    assert answer == {"id": identifier, "predictions": ["setosa"]}
