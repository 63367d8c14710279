"""`tune --remote`: what it measures, and that it always restores the memory of the function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from iris_model.aws.client.failed_call import Failure
from iris_model.aws.deploying.deploy import plan_deployment
from iris_model.aws.deploying.steps import RestoreMemory
from iris_model.aws.measuring.tuning import DeployedTuning, measure_sizes
from iris_model.aws.state.observe import TUNING_TAG
from iris_model.aws.state.status import read_status
from iris_model.cost import read_prices
from iris_model.cost.tuning import choose_size
from iris_model.errors import DeploymentError
from tests.aws.conftest import DEPLOYMENT, Cloud

SIZES = (128, 512, 1769)
Hook = Callable[[int, str, str], None]


@pytest.fixture
def deployed(cloud: Cloud) -> Cloud:
    cloud.deploy(1)
    return cloud


def tune(cloud: Cloud, sizes: tuple[int, ...] = SIZES) -> DeployedTuning:
    payloads = [b"[1.5]", b"[2.5]"]
    arguments = (cloud.aws, cloud.deployment, sizes, payloads)
    return measure_sizes(*arguments, rounds=2, invocations=4, on_step=cloud.steps.append)


def memory(cloud: Cloud) -> int:
    return int(cloud.fake.functions["iris"].config.get("MemorySize", 128))


def is_as_before(cloud: Cloud) -> bool:
    return memory(cloud) == 128 and TUNING_TAG not in cloud.fake.functions["iris"].tags


def refuse(wanted: int, *, code: str = "AccessDeniedException") -> Hook:
    def hook(number: int, service: str, operation: str) -> None:
        if number == wanted:
            raise Failure(service, operation, code, "not now", 400)

    return hook


def test_each_size_is_measured_by_its_own_lines_cold_and_warm(deployed: Cloud):
    found = tune(deployed)
    assert [size.memory_mib for size in found.sizes] == list(SIZES)
    for size in found.sizes:
        assert size.measurement is not None
        assert (size.measurement.invocations, size.measurement.cold_starts) == (6, 2)
        assert size.measurement.warm_ms == pytest.approx(17.69 * 128 / size.memory_mib, abs=0.01)
    assert found.invocations == 18
    # Cold: 58, 45, 42 ms; warm: 18, 5, 2 ms, as rounded up; twice cold and four times warm.
    expected = sum(ms * mib for ms, mib in ((2 * 58 + 4 * 18, 128), (2 * 45 + 4 * 5, 512), (2 * 42 + 4 * 2, 1769)))
    assert found.gb_seconds == Decimal(expected) / 1000 / 1024
    assert choose_size(found.sizes, read_prices(), found.architecture).fastest.memory_mib == 1769


def test_sizes_take_turns(deployed: Cloud):
    tune(deployed)
    changes = [each["MemorySize"] for _, name, each in deployed.fake.calls if name == "UpdateFunctionConfiguration"]
    assert changes == [*SIZES, *SIZES, 128]


def test_tuning_does_not_change_the_live_version(deployed: Cloud):
    function = deployed.fake.functions["iris"]
    before = (function.alias, dict(function.weights), dict(function.versions))
    first = len(deployed.fake.calls)
    tune(deployed)
    assert (function.alias, function.weights, function.versions) == before
    assert is_as_before(deployed)
    changing = {
        name for _, name, _ in deployed.fake.calls[first:] if not name.startswith(("Get", "List", "Describe", "Find"))
    }
    assert changing == {"TagResource", "UntagResource", "UpdateFunctionConfiguration", "Invoke"}
    called = {each["Qualifier"] for _, name, each in deployed.fake.calls[first:] if name == "Invoke"}
    assert called == {"$LATEST"}


def test_a_size_at_which_it_dies_is_reported_and_the_others_are_measured(deployed: Cloud):
    deployed.fake.least_memory = 512
    found = tune(deployed)
    assert found.sizes[0].measurement is None and "signal: killed" in found.sizes[0].problem
    assert found.sizes[1].measurement is not None
    assert found.invocations == 1 + 12  # the first size was asked once, and not again in the second round
    assert is_as_before(deployed)


def walk(cloud: Cloud, monkey: Callable[[Cloud, int], None]) -> None:
    """Run once undisturbed, then once for each call, disturbed there."""
    first = len(cloud.fake.calls)
    tune(cloud, (256, 512))
    count = len(cloud.fake.calls) - first
    for number in range(count):
        cloud.fake.before = cloud.fake.after = lambda number, service, operation: None
        cloud.fake.calls.clear()
        monkey(cloud, number)
        cloud.fake.before = cloud.fake.after = lambda number, service, operation: None
        cloud.fake.functions["iris"].updates = 0


def test_a_call_that_is_refused_leaves_the_memory_of_before(deployed: Cloud):
    by_hand = []

    def monkey(cloud: Cloud, number: int) -> None:
        cloud.fake.before = refuse(number)
        with pytest.raises(DeploymentError, match="not allowed") as caught:
            tune(cloud, (256, 512))
        if "update-function-configuration" in caught.value.remedy:  # the refused call was one of setting it back
            by_hand.append(number)
            assert "--memory-size 128 --region eu-west-1" in caught.value.remedy
            cloud.fake.before = lambda number, service, operation: None
            tune(cloud, (256, 512))  # as the message says
        assert is_as_before(cloud)

    walk(deployed, monkey)
    assert 2 <= len(by_hand) <= 8


@pytest.mark.parametrize("when", ["before", "after"])
def test_ctrl_c_leaves_the_memory_of_before(deployed: Cloud, when: str):
    def monkey(cloud: Cloud, number: int) -> None:
        def interrupt(now: int, service: str, operation: str) -> None:
            if now == number:
                raise KeyboardInterrupt

        setattr(cloud.fake, when, interrupt)
        with pytest.raises(KeyboardInterrupt):
            tune(cloud, (256, 512))
        assert is_as_before(cloud)

    walk(deployed, monkey)


@pytest.mark.parametrize("healer", ["tune", "deploy"])
def test_the_next_run_restores_the_memory_after_a_kill(deployed: Cloud, healer: str):
    def monkey(cloud: Cloud, number: int) -> None:
        def dead(now: int, service: str, operation: str) -> None:
            if now >= number:
                raise SystemExit

        cloud.fake.before = dead
        with pytest.raises(SystemExit):
            tune(cloud, (256, 512))
        cloud.fake.before = lambda number, service, operation: None
        if healer == "tune":
            tune(cloud, (256, 512))
        else:
            cloud.deploy(1)
        assert is_as_before(cloud)

    walk(deployed, monkey)


def test_a_concurrent_deployment_keeps_its_own_memory(deployed: Cloud):
    ended = []

    def monkey(cloud: Cloud, number: int) -> None:
        def deploy_now(now: int, service: str, operation: str) -> None:
            if now == number:
                cloud.fake.before = lambda number, service, operation: None
                cloud.fake.functions["iris"].updates = 0
                cloud.deploy(2 + number % 2)  # another image each time, so that a version is made

        cloud.fake.before = deploy_now
        try:
            tune(cloud, (256, 512))
        except DeploymentError as error:
            ended.append(number)
            assert "another user or process" in error.problem
        assert is_as_before(cloud)
        versions = cloud.fake.functions["iris"].versions
        assert [each.get("MemorySize", 128) for each in versions.values()] == [128] * len(versions)

    walk(deployed, monkey)
    assert len(ended) > 10


def test_a_new_version_is_never_made_of_a_size_that_was_only_tried(deployed: Cloud):
    function = deployed.fake.functions["iris"]
    function.config = {**function.config, "MemorySize": 1769}
    function.tags[TUNING_TAG] = "128 128-3008"
    steps = plan_deployment(deployed.aws, deployed.wanted(2))[1]
    assert steps[0] == RestoreMemory("iris", 128) and "128 MB" in str(steps[0])
    deployed.deploy(2)
    assert function.versions["2"].get("MemorySize", 128) == 128


def test_status_shows_an_unfinished_tuning(deployed: Cloud):
    function = deployed.fake.functions["iris"]
    assert read_status(deployed.aws, DEPLOYMENT).remark == ""
    function.config = {**function.config, "MemorySize": 1769}
    function.tags[TUNING_TAG] = "128 128-3008"
    remark = read_status(deployed.aws, DEPLOYMENT).remark
    assert "has set $LATEST to 1769 MB" in remark and "restores 128" in remark


def test_a_memory_size_set_in_the_meantime_is_kept(deployed: Cloud):
    function = deployed.fake.functions["iris"]
    function.config = {**function.config, "MemorySize": 4096}
    function.tags[TUNING_TAG] = "128 128-3008"
    tune(deployed, (256, 512))
    assert memory(deployed) == 4096


def test_a_lost_response_is_not_mistaken_for_a_foreign_change(deployed: Cloud):
    lost = []

    def lose(number: int, service: str, operation: str) -> None:
        if operation == "UpdateFunctionConfiguration" and not lost:
            lost.append(number)
            deployed.fake.functions["iris"].updates = 0
            raise Failure(service, operation, "ReadTimeout", "no answer", 0)

    deployed.fake.after = lose
    assert tune(deployed).invocations == 18
    assert lost and is_as_before(deployed)


def test_a_change_by_another_user_stops_tuning_and_is_kept(deployed: Cloud):
    def meddle(number: int, service: str, operation: str) -> None:
        function = deployed.fake.functions["iris"]
        if operation == "Invoke" and memory(deployed) == 512:
            function.config = {**function.config, "MemorySize": 9000}
            function.revision += 1

    deployed.fake.after = meddle
    with pytest.raises(DeploymentError, match=r"9000 MB|another user or process"):
        tune(deployed)
    assert memory(deployed) == 9000 and TUNING_TAG not in deployed.fake.functions["iris"].tags


def test_permanent_throttling_restores_the_memory(deployed: Cloud):
    def throttle(number: int, service: str, operation: str) -> None:
        if operation == "Invoke":
            raise Failure(service, operation, "TooManyRequestsException", "Rate Exceeded.", 429)

    deployed.fake.before = throttle
    with pytest.raises(DeploymentError, match="Rate Exceeded"):
        tune(deployed)
    assert is_as_before(deployed)


def test_missing_lines_are_not_counted_and_none_at_all_is_reported(deployed: Cloud):
    deployed.fake.lost_lines = lambda number: number % 2 == 1
    found = tune(deployed)
    assert found.invocations == 18
    assert sum(size.measurement.invocations for size in found.sizes if size.measurement) == 9
    assert found.notes == ("9 of 18 invocations returned no REPORT line and do not count",)
    deployed.fake.lost_lines = lambda number: True
    with pytest.raises(DeploymentError, match="logs no REPORT line") as caught:
        tune(deployed)
    assert 'log-lines = "all"' in caught.value.remedy and is_as_before(deployed)


def test_tuning_does_not_start_during_another_update(deployed: Cloud):
    function, stack = deployed.fake.functions["iris"], deployed.fake.stacks["iris"]
    function.updates = 3
    with pytest.raises(DeploymentError, match="an update of the function iris is in progress"):
        tune(deployed)
    function.updates = 0
    stack.status = "UPDATE_IN_PROGRESS"
    with pytest.raises(DeploymentError, match="a deployment is running"):
        tune(deployed)
    stack.status, function.reserved = "UPDATE_COMPLETE", 0
    with pytest.raises(DeploymentError, match="reserved concurrency of 0"):
        tune(deployed)
    assert "TagResource" not in deployed.fake.names()[-20:] or is_as_before(deployed)
    assert "UpdateFunctionConfiguration" not in deployed.fake.names()


def test_not_deployed(cloud: Cloud):
    with pytest.raises(DeploymentError, match="iris is not deployed"):
        tune(cloud)


def test_unusual_measurements_are_noted(deployed: Cloud):
    deployed.deploy(2)
    deployed.fake.functions["iris"].alias = "1"
    deployed.fake.functions["iris"].reserved = 5
    first, second = tune(deployed).notes
    assert "newest image" in first and "one of the 5" in second


def test_the_memory_of_before_need_not_be_one_of_the_sizes(cloud: Cloud):
    cloud.deployment = replace(DEPLOYMENT, memory=300)
    cloud.deploy(1)
    tune(cloud)
    assert memory(cloud) == 300
