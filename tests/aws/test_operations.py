"""Operations after a deployment: status, roll-back, logs, test events, destroy; and the check before it."""

from __future__ import annotations

import base64
import datetime
import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from iris_model.aws.console_events import LARGEST_DOCUMENT, read_events, schema_name, write_events
from iris_model.aws.deploying.destroy import check_images_may_go, destroy, find_remains
from iris_model.aws.ecr.docker_login import write_login
from iris_model.aws.ecr.repository import Login, log_in
from iris_model.aws.measuring.logs import follow_log, read_log
from iris_model.aws.state.status import read_status
from iris_model.errors import DeploymentError
from tests.aws.conftest import DEPLOYMENT, Cloud, digest_of

NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)


def silent(step: str) -> None:
    pass


# --- status ---


def test_status_shows_the_version_and_differing_settings(cloud: Cloud):
    cloud.deploy(1)
    cloud.deploy(2)
    found = read_status(cloud.aws, DEPLOYMENT)
    assert (found.version, found.newest, found.accepted, found.digest) == ("2", "2", "2", digest_of(2))
    assert found.settings_match
    assert not read_status(cloud.aws, replace(DEPLOYMENT, memory=512)).settings_match


def test_status_of_nothing_says_how_to_deploy(cloud: Cloud):
    with pytest.raises(DeploymentError, match="no stack iris") as caught:
        read_status(cloud.aws, DEPLOYMENT)
    assert "iris-model deploy" in caught.value.remedy


# --- logs ---


def event(second: int, text: str) -> dict[str, object]:
    return {"timestamp": second * 1000, "logStreamName": "a", "message": text + "\n"}


def test_all_pages_of_the_log_are_read(cloud: Cloud):
    cloud.fake.log = [event(second, f"line {second}") for second in range(10)]
    cloud.fake.log_page = 3
    assert [line.text for line in read_log(cloud.aws, DEPLOYMENT, 2000)] == [f"line {n}" for n in range(2, 10)]


def test_following_shows_each_line_once_also_one_that_comes_late(cloud: Cloud):
    cloud.fake.log = [event(100, "first")]
    rounds = iter([[], [event(99, "late"), event(101, "second")], [], []])

    def is_over() -> bool:
        more = next(rounds, None)
        if more is None:
            return True
        assert cloud.fake.log is not None
        cloud.fake.log += more
        return False

    found = follow_log(cloud.aws, DEPLOYMENT, 90_000, is_over=is_over, now_ms=lambda: 102_000)
    assert [line.text for line in found] == ["first", "late", "second"]


def test_no_log_group_is_reported(cloud: Cloud):
    with pytest.raises(DeploymentError, match="there is no log group /aws/lambda/iris"):
        list(read_log(cloud.aws, DEPLOYMENT, 0))


# --- test events ---


def test_events_go_to_the_console_and_come_back(cloud: Cloud):
    assert write_events(cloud.aws, "iris", {"one": [1.0], "two": {"body": "x"}}, replace=False) == ("one", "two")
    assert read_events(cloud.aws, "iris") == {"one": [1.0], "two": {"body": "x"}}
    assert write_events(cloud.aws, "iris", {"one": [1.0]}, replace=False) == ()
    document = json.loads(cloud.fake.schemas[schema_name("iris")][-1])
    assert document["openapi"] == "3.0.0" and "schemas" in document["components"]


def test_existing_events_stay_and_differing_ones_are_replaced_only_with_force(cloud: Cloud):
    theirs = {
        "openapi": "3.0.0",
        "x-mine": 1,
        "components": {"examples": {"old": {"value": 1, "x-metadata": {"a": "b"}}}},
    }
    cloud.fake.schemas[schema_name("iris")] = [json.dumps(theirs)]
    write_events(cloud.aws, "iris", {"new": 2}, replace=False)
    with pytest.raises(DeploymentError, match="different events with the names old"):
        write_events(cloud.aws, "iris", {"old": 3}, replace=False)
    assert write_events(cloud.aws, "iris", {"old": 3}, replace=True) == ("old",)
    document = json.loads(cloud.fake.schemas[schema_name("iris")][-1])
    assert document["x-mine"] == 1
    assert document["components"]["examples"]["old"] == {"value": 3, "x-metadata": {"a": "b"}}


def test_events_may_be_changed_many_times_and_not_grow_too_large(cloud: Cloud):
    for number in range(12):  # the fake refuses a sixth version
        write_events(cloud.aws, "iris", {"one": number}, replace=True)
    with pytest.raises(DeploymentError, match="the limit of AWS is 100,000") as caught:
        write_events(cloud.aws, "iris", {"large": "x" * LARGEST_DOCUMENT}, replace=True)
    assert "The largest is large" in caught.value.remedy


# --- destroy ---


def test_destroy_keeps_images_and_log_unless_they_are_named(cloud: Cloud):
    cloud.deploy(1)
    cloud.fake.log = []
    remains = find_remains(cloud.aws, DEPLOYMENT)
    assert "AWS::Lambda::Function function" in remains.resources
    destroy(cloud.aws, DEPLOYMENT, remains, images=False, logs=False, on_step=silent)
    assert cloud.fake.functions == {}
    kept = find_remains(cloud.aws, DEPLOYMENT)
    assert (kept.stack, kept.repository, kept.images, kept.log_group) == ("", "iris", 1, "/aws/lambda/iris")
    destroy(cloud.aws, DEPLOYMENT, kept, images=True, logs=True, on_step=silent)
    assert find_remains(cloud.aws, DEPLOYMENT).is_empty
    assert cloud.deploy(1).version == "1"


def test_images_from_which_another_stage_runs_stay(cloud: Cloud):
    cloud.deploy(1)
    other = replace(DEPLOYMENT, function="iris-prod", stack="iris-prod")
    with pytest.raises(DeploymentError, match="the function iris also uses images of the repository iris"):
        check_images_may_go(cloud.aws, other, ["iris", "iris-test"])


# --- login ---

LOGIN = Login("1.dkr.ecr.eu-west-1.amazonaws.com", "AWS", "secret")


def test_a_login_is_readable_by_its_owner_only_and_keeps_the_others(tmp_path: Path, cloud: Cloud):
    path = tmp_path / "config.json"
    path.write_text('{"auths": {"other": {"auth": "x"}}, "psFormat": "y"}')
    found = log_in(cloud.aws)
    write_login(path, found)
    config = json.loads(path.read_text())
    assert base64.b64decode(config["auths"][found.registry]["auth"]) == b"AWS:secret"
    assert config["auths"]["other"] == {"auth": "x"} and config["psFormat"] == "y"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_credential_helper_gets_the_password_and_no_file(tmp_path: Path):
    path = tmp_path / "config.json"
    path.write_text('{"credsStore": "secretservice"}')
    given: list[tuple[str, dict[str, str]]] = []
    write_login(path, LOGIN, lambda helper, entry: given.append((helper, json.loads(entry))))
    assert given == [("secretservice", {"ServerURL": LOGIN.registry, "Username": "AWS", "Secret": "secret"})]
    assert 'secret"' not in path.read_text().replace("secretservice", "")


@pytest.mark.parametrize("text", ["{", "[]"])
def test_an_unreadable_docker_configuration_is_not_changed(tmp_path: Path, text: str):
    path = tmp_path / "config.json"
    path.write_text(text)
    with pytest.raises(DeploymentError):
        write_login(path, LOGIN)
    assert path.read_text() == text


def test_a_helper_that_is_not_there_is_named(tmp_path: Path):
    path = tmp_path / "config.json"
    path.write_text('{"credsStore": "no-such-helper"}')
    with pytest.raises(DeploymentError, match="docker-credential-no-such-helper"):
        write_login(path, LOGIN)
