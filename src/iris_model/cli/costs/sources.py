"""Measurements for `cost`: from a log file, from the function on this machine, or from the deployed function."""

from __future__ import annotations

import datetime
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iris_model.cli.render.output import progress
from iris_model.cli.sources.deployment import connect, read_deployment
from iris_model.cli.terminal import echo
from iris_model.cli.verbosity import echo_note

if TYPE_CHECKING:
    from iris_model.aws.measuring.reports import DeployedReports
    from iris_model.cost import Measurement, Traffic
    from iris_model.cost.observed import ObservedTraffic

REQUESTS_PER_DAY = 500.0
PATTERN = "office-hours"
ARCHITECTURE = "x86_64"
ENDPOINT = "http-api"


@dataclass(frozen=True)
class Source:
    """A measurement, with observed traffic and settings if they are known."""

    measurement: Measurement
    architecture: str = ARCHITECTURE
    endpoint: str = ENDPOINT
    observed: Observation | None = None
    is_here: bool = False
    """Whether the function was measured on this machine in this run."""

    def requests_per_day(self, asked: float | None) -> float:
        """Return the user's value, otherwise the observed one, otherwise the default."""
        if asked is not None:
            return asked
        seen = self.observed.seen.requests_per_day if self.observed else None
        return REQUESTS_PER_DAY if seen is None else seen

    def traffic(self, asked: str | None) -> Traffic:
        """Return the traffic pattern by name. `observed` comes from the log, and is the default if it is available."""
        from iris_model.cost import read_traffic
        from iris_model.cost.observed import OBSERVED
        from iris_model.errors import CostError

        seen = self.observed.seen if self.observed else None
        if asked is None:
            return seen.traffic if seen and seen.traffic else read_traffic(PATTERN)
        if asked != OBSERVED or seen is None:
            return read_traffic(asked)
        if seen.traffic is None:
            raise CostError(f"--pattern {OBSERVED}: {seen.note}", remedy="Use a longer time span, such as --since 7d.")
        return seen.traffic


@dataclass(frozen=True)
class Observation:
    """Notes about the log of the deployed function."""

    deployed: DeployedReports
    seen: ObservedTraffic
    cold_share: float

    def notes(self, price_region: str) -> list[str]:
        """Notes about prices of another region."""
        region = self.deployed.region
        elsewhere = "" if region == price_region else (
            f"the function is in {region}, the prices are of {price_region}: iris-model cost refresh downloads those of {region}"
        )  # fmt: skip
        return [note for note in (self.seen.note, *self.deployed.notes, elsewhere) if note]


def check_pattern(asked: str | None, *, remote: bool) -> None:
    """Refuse an unknown pattern before measuring."""
    from iris_model.cost import read_traffic
    from iris_model.cost.observed import OBSERVED
    from iris_model.errors import CostError

    if asked == OBSERVED and not remote:
        raise CostError(
            f"--pattern {OBSERVED} is the traffic of the deployed function, which requires --remote",
            remedy="Add --remote, or choose another pattern.",
        )
    if asked not in (None, OBSERVED):
        read_traffic(asked)


def read_log_file(path: Path) -> Source:
    """Read the REPORT lines of a log file."""
    from iris_model.cost import read_reports, summarize_reports
    from iris_model.errors import CostError

    try:
        with path.open(encoding="utf-8", errors="replace") as lines:
            return Source(summarize_reports(read_reports(lines)))
    except OSError as error:
        raise CostError(
            f"{path} cannot be read ({error.strerror})", remedy="Pass a log file of the function."
        ) from None


def measure_here(project: Path) -> Source:
    """Run the function in the local Lambda."""
    from iris_model.cli.sources.function import find_function
    from iris_model.cli.tuning.measuring import hold_to_share, measure_function, not_held
    from iris_model.cost import summarize_reports

    with progress() as on_step:
        function = find_function(project, on_step)
        for line in not_held():
            echo_note(line)
        return Source(summarize_reports(measure_function(hold_to_share(function), on_step)), is_here=True)


def read_deployed(project: Path, stage: str | None, profile: str | None, region: str | None, since: int) -> Source:
    """Read the REPORT lines of the deployed function from CloudWatch Logs."""
    from iris_model.cost import summarize_reports
    from iris_model.cost.observed import observe_traffic

    settings, deployment = read_deployment(project, stage)
    with progress() as on_step:
        _, aws = connect(profile, region or settings.deployment.region)
        from iris_model.aws.measuring.reports import read_deployed_reports

        now = time.time()
        deployed = read_deployed_reports(aws, deployment, now - since, now, on_step)
    measurement = summarize_reports(deployed.reports)
    seen = observe_traffic(deployed.moments, deployed.begin, deployed.end)
    observation = Observation(deployed, seen, measurement.cold_starts / measurement.invocations)
    # A function without an endpoint costs the same as one with a function URL.
    return Source(measurement, deployed.architecture, deployed.endpoint or "function-url", observation)


def print_observed(observation: Observation, simulated_cold_share: float, price_region: str) -> None:
    """Print what was observed, next to the simulation."""
    deployed, seen = observation.deployed, observation.seen
    rate = "" if seen.requests_per_day is None else f", {seen.requests_per_day:,.0f} a day"
    echo(
        f"{deployed.function}, version {deployed.version}, as logged from {_show_time(deployed.begin)} to "
        f"{_show_time(deployed.end)}: {seen.requests:,} requests{rate}\n"
        f"cold starts: {observation.cold_share:.1%} of requests in the log, {simulated_cold_share:.1%} in the simulation"
    )
    for note in observation.notes(price_region):
        echo(f"- {note}")
    echo()


def observed_document(observation: Observation, price_region: str) -> dict[str, Any]:
    """Return the same as JSON values."""
    deployed, seen = observation.deployed, observation.seen
    return {
        "function": deployed.function,
        "region": deployed.region,
        "version": deployed.version,
        "architecture": deployed.architecture,
        "endpoint": deployed.endpoint or None,
        "begin": _show_time(deployed.begin),
        "end": _show_time(deployed.end),
        "requests": seen.requests,
        "requests_per_day": seen.requests_per_day,
        "cold_share": observation.cold_share,
        "hourly_shares": list(seen.traffic.shares) if seen.traffic else None,
        "notes": observation.notes(price_region),
    }


def _show_time(seconds: float) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
