"""Which traffic `cost` assumes: the user's options, the log, or a default."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from iris_model.aws.measuring.reports import DeployedReports
from iris_model.cli import cli
from iris_model.cli.costs.sources import Observation, Source, check_pattern, observed_document
from iris_model.cost import PATTERNS, read_reports, summarize_reports
from iris_model.cost.observed import observe_traffic
from iris_model.errors import CostError
from tests.cost.test_measurement import TEXT

DAY = 86_400.0
MEASUREMENT = summarize_reports(read_reports(TEXT))


def observed(days: float) -> Source:
    moments = tuple(float(second) for second in range(0, int(days * DAY), 600))
    deployed = DeployedReports("iris", "eu-west-1", "3", 128, "arm64", "", (), moments, 0.0, days * DAY, ("a note",))
    observation = Observation(deployed, observe_traffic(moments, 0.0, days * DAY), 0.25)
    return Source(MEASUREMENT, "arm64", "function-url", observation)


def test_traffic_without_a_log_is_the_default():
    source = Source(MEASUREMENT)
    assert source.requests_per_day(None) == 500
    assert source.traffic(None) is PATTERNS["office-hours"]
    assert source.requests_per_day(3) == 3


def test_traffic_with_a_log_is_the_observed_one_unless_the_user_sets_it():
    source = observed(8)
    assert source.requests_per_day(None) == pytest.approx(144)
    assert source.traffic(None).name == source.traffic("observed").name == "observed"
    assert source.traffic("steady") is PATTERNS["steady"]


def test_hours_of_a_log_are_no_pattern():
    source = observed(0.5)
    assert source.traffic(None) is PATTERNS["office-hours"]
    assert source.requests_per_day(None) == 500
    with pytest.raises(CostError, match=r"12\.0 hours of log are not enough for the daily traffic pattern") as caught:
        source.traffic("observed")
    assert "--since 7d" in caught.value.remedy


def test_observed_needs_something_to_observe():
    with pytest.raises(CostError, match="requires --remote"):
        check_pattern("observed", remote=False)
    check_pattern("observed", remote=True)


def test_programs_get_the_same():
    source = observed(8)
    assert source.observed is not None
    document = observed_document(source.observed, "eu-west-1")
    assert document["begin"] == "1970-01-01T00:00:00Z" and document["endpoint"] is None
    assert len(document["hourly_shares"]) == 168 and document["notes"] == ["a note"]


def test_prices_of_another_region_are_reported():
    source = observed(8)
    assert source.observed is not None
    first, second = source.observed.notes("us-east-1")
    assert first == "a note"
    assert "the function is in eu-west-1, the prices are of us-east-1: iris-model cost refresh" in second


def test_two_sources_are_one_too_many():
    result = CliRunner().invoke(cli, ["cost", "--remote", "--from-log", "serve.log"])
    assert result.exit_code == 2 and "cannot be used together" in result.output
