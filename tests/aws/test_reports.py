"""REPORT lines of the deployed function: pagination, both formats, which version wrote them, and missing lines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from iris_model.aws.client.failed_call import Failure
from iris_model.aws.measuring.reports import DeployedReports, read_deployed_reports
from iris_model.contract.endpoint import Endpoint
from iris_model.errors import DeploymentError
from tests.aws.conftest import DEPLOYMENT, Cloud

NOW = 1_800_000_000.0
DAY = 86_400.0


def silent(step: str) -> None:
    pass


def line(ago: float, version: str = "1", memory: int = 128, init: float | None = None) -> dict[str, Any]:
    fields = [f"REPORT RequestId: 6f-{ago}", "Duration: 2.00 ms", "Billed Duration: 3 ms", f"Memory Size: {memory} MB"]
    text = "\t".join([*fields, "Max Memory Used: 30 MB", *([f"Init Duration: {init} ms"] if init else []), "\n"])
    return {
        "timestamp": int((NOW - ago) * 1000), "message": text,
        "logStreamName": f"2026/11/25/[{version}]0123456789abcdef0123456789abcdef",
    }  # fmt: skip


def json_line(ago: float, version: str = "1") -> dict[str, Any]:
    text = (
        '{"time":"2026-11-25T00:00:05.001Z","type":"platform.report","record":{"requestId":"6f","metrics":{"durationMs":4.5,'
        '"billedDurationMs":5,"memorySizeMB":128,"maxMemoryUsedMB":33},"status":"success"}}\n'
    )
    return {**line(ago, version), "message": text}


def read(cloud: Cloud, since: float = 7 * DAY) -> DeployedReports:
    return read_deployed_reports(cloud.aws, cloud.deployment, NOW - since, NOW, silent)


def test_lines_of_all_pages_and_of_both_formats(cloud: Cloud):
    cloud.deploy(1)
    chatter = {**line(50), "message": "START RequestId: 6f Version: 1\n"}
    cloud.fake.log = [
        line(8 * DAY),
        line(300, init=40.5),
        *(line(ago) for ago in range(200, 100, -1)),
        chatter,
        json_line(9),
    ]
    cloud.fake.log_page = 7
    found = read(cloud)
    assert len(found.reports) == len(found.moments) == 102  # not the one of eight days ago
    assert [report.init_ms for report in found.reports][:2] == [40.5, None]
    assert found.reports[-1].duration_ms == 4.5
    assert (found.memory_mib, found.architecture, found.endpoint, found.notes) == (128, "x86_64", "http-api", ())
    assert (found.begin, found.end) == (NOW - 7 * DAY, NOW)


def test_memory_processor_and_endpoint_are_those_of_what_is_deployed(cloud: Cloud):
    cloud.deployment = replace(DEPLOYMENT, memory=512, architecture="arm64", endpoint=Endpoint(kind="function-url"))
    cloud.deploy(1)
    cloud.deployment = DEPLOYMENT  # as somebody's iris-model.toml may say by now
    cloud.fake.log = [line(5, memory=512)]
    found = read(cloud)
    assert (found.memory_mib, found.architecture, found.endpoint) == (512, "arm64", "function-url")


def test_lines_of_failures_alone_are_no_measurement(cloud: Cloud):
    cloud.deploy(1)
    cloud.fake.log = [line(10), line(20)]
    cloud.deployment = replace(cloud.deployment, log_lines="errors", log_format="json")
    with pytest.raises(DeploymentError, match='log-lines = "errors": the log has REPORT lines of failed') as caught:
        read(cloud)
    assert 'log-lines = "all"' in caught.value.remedy


def test_provisioned_concurrency_is_reported(cloud: Cloud):
    cloud.deployment = replace(DEPLOYMENT, provisioned_concurrency=2)
    cloud.deploy(1)
    cloud.fake.log = [line(5)]
    assert "provisioned concurrency is on" in read(cloud).notes[0]


def test_older_versions_are_traffic_but_not_measurement(cloud: Cloud):
    cloud.deploy(1)
    cloud.deploy(2)
    cloud.fake.log = [line(300, "1"), line(200, "1", memory=1024), line(100, "2", init=9.0), line(50, "$LATEST")]
    found = read(cloud)
    assert [report.init_ms for report in found.reports] == [9.0]
    assert len(found.moments) == 3
    assert "1 invocations of $LATEST" in found.notes[0]


def test_before_its_first_call_the_new_version_is_measured_by_the_old(cloud: Cloud):
    cloud.deploy(1)
    cloud.deploy(2)
    cloud.fake.log = [line(300, "1"), line(200, "1", memory=1024)]
    found = read(cloud)
    assert len(found.reports) == 1 and "version 2 has no lines yet" in found.notes[0]
    cloud.fake.log = [line(200, "1", memory=1024)]
    with pytest.raises(DeploymentError, match="none with the 128 MB of the current version 2"):
        read(cloud)


def test_the_log_begins_with_its_group_and_with_what_it_keeps(cloud: Cloud):
    cloud.deploy(1)
    cloud.fake.log = [line(100)]
    cloud.fake.log_group = {"creationTime": int((NOW - 2 * DAY) * 1000)}
    assert read(cloud).begin == NOW - 2 * DAY
    cloud.fake.log_group = {"creationTime": 0, "retentionInDays": 1}
    assert read(cloud).begin == NOW - DAY


def test_an_endless_log_is_read_for_some_minutes(cloud: Cloud):
    cloud.deploy(1)
    cloud.fake.log = [line(ago) for ago in range(1000, 0, -1)]
    cloud.fake.log_page = 10
    cloud.fake.after = lambda number, service, operation: cloud.sleep(30)
    found = read(cloud)
    assert 10 <= len(found.reports) < 1000
    assert found.end == max(found.moments) and "the log is long" in found.notes[0]


@pytest.mark.parametrize("events", [[], [{**line(5), "message": "REPORT RequestId: cut"}], [line(9, "$LATEST")]])
def test_no_line_yet(cloud: Cloud, events: list[dict[str, Any]]):
    cloud.deploy(1)
    cloud.fake.log = events
    with pytest.raises(DeploymentError, match=r"no REPORT line in the last 168\.0 hours") as caught:
        read(cloud)
    assert "iris-model invoke --remote" in caught.value.remedy


def test_not_deployed_no_log_group_no_permission(cloud: Cloud):
    with pytest.raises(DeploymentError, match="iris is not deployed"):
        read(cloud)
    cloud.deploy(1)
    cloud.fake.log = None  # somebody has deleted it
    with pytest.raises(DeploymentError, match="there is no log group"):
        read(cloud)

    def refuse(number: int, service: str, operation: str) -> None:
        if operation == "FilterLogEvents":
            raise Failure(service, operation, "AccessDeniedException", "not authorized", 400)

    cloud.fake.before = refuse
    with pytest.raises(DeploymentError, match="it is not allowed") as caught:
        read(cloud)
    assert "logs:FilterLogEvents" in caught.value.remedy
