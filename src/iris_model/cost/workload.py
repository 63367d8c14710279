"""The workload of an endpoint, and the form of an estimate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property, lru_cache

from iris_model.cost.measurement import Measurement
from iris_model.cost.prices import PriceList
from iris_model.cost.sandboxes import SandboxUse, likely_peak, served_share, simulate_sandboxes
from iris_model.cost.traffic import SIMULATED_REQUESTS, Traffic

HOURS_PER_MONTH = Decimal(730)
DAYS_PER_MONTH = HOURS_PER_MONTH / 24
WEEKS_PER_MONTH = HOURS_PER_MONTH / 168
KINDS = ("lambda", "provisioned", "original", "serverless", "server")

# Lambda bills this for the answer to a ping, rounded up to whole milliseconds.
PING_MS = 2

# Lambda's own lines for one warm invocation, with 26 bytes that CloudWatch Logs adds to each: START, END and REPORT as
# text; platform.start and platform.report as JSON; none for a success with log-lines = "errors".
LOG_BYTES = {"text": 340, "json": 420, "errors": 0}


@dataclass(frozen=True)
class CostComponent:
    """A quantity with a price. `monthly` is None if the price is unknown."""

    name: str
    quantity: Decimal
    unit: str
    monthly: Decimal | None
    is_weak: bool = False
    price: str = ""
    """The name of its price in the price file."""


@dataclass(frozen=True)
class Estimate:
    """The estimate of one alternative."""

    name: str
    kind: str
    """One of KINDS."""
    components: tuple[CostComponent, ...]
    notes: tuple[str, ...] = ()
    is_possible: bool = True

    @property
    def monthly(self) -> Decimal | None:
        """US dollars per month; None if a price is unknown, or if the alternative cannot serve the workload."""
        if not self.is_possible:
            return None
        known = [component.monthly for component in self.components]
        return None if None in known else sum(filter(None, known), Decimal(0))

    @property
    def is_weak(self) -> bool:
        """Whether one of its prices comes from a weak source."""
        return any(component.is_weak for component in self.components)


@dataclass(frozen=True)
class Surroundings:
    """Costs in addition to compute: log lines, alarm, image, pings. Defaults are those of `iris-model.toml`."""

    log_lines: str = "text"
    """A key of LOG_BYTES."""

    log_retention_days: int = 30
    alarms: int = 1
    dashboards: int = 0
    snapshots: int = 0
    """The number of versions with a SnapStart snapshot; 0 without SnapStart."""
    provisioned: int = 1
    """The number of execution environments that provisioned concurrency keeps warm."""

    payload_kb: Decimal = Decimal(1)
    """The size of one request together with its answer."""

    image_gb: Decimal | None = None
    """Compressed size of the image in ECR; None if its storage is not counted."""

    access_log: bool = False
    """Whether an HTTP API writes a line for each request."""
    tracing: bool = False
    capture_rate: Decimal = Decimal(0)
    """Share of the requests whose rows are logged with their answers."""
    capture_metrics: int = 1
    """Number of metrics of captured rows: one for the predictions, and those that the columns may have."""
    pings_per_month: Decimal = Decimal(0)
    """Invocations by `keep-warm`."""
    pings: tuple[float, ...] = ()
    """Their times: seconds since Monday, midnight. Empty if weeks differ; then each ping counts as a cold start."""


@dataclass(frozen=True)
class Workload:
    """The workload of the endpoint, and the measurement of its function."""

    requests_per_day: float
    traffic: Traffic
    measurement: Measurement
    prices: PriceList
    free_tier: bool = False
    surroundings: Surroundings = Surroundings()
    original: Measurement | None = None
    """The same model measured on the `original` executor, for comparison with `measurement`; None if not measured."""
    original_image_gb: Decimal | None = None
    """`image_gb` of the original's image; None if it is not known."""
    image_is_unknown: bool = False
    library: Measurement | None = None
    """The model with its own library, as other services run it; None if not measured."""

    @property
    def monthly_requests(self) -> Decimal:
        """Requests per month of 730 hours."""
        return Decimal(str(self.requests_per_day)) * DAYS_PER_MONTH

    @property
    def monthly_invocations(self) -> Decimal:
        """Requests and pings per month."""
        return self.monthly_requests + self.surroundings.pings_per_month

    @cached_property
    def sandbox_use(self) -> SandboxUse:
        """The simulated week of this traffic."""
        return self._simulate(0)

    @property
    def peak_concurrency(self) -> int:
        """The maximum number of concurrent requests, simulated or computed."""
        simulated = self.sandbox_use.peak_concurrency
        if self.requests_per_day * 7 <= SIMULATED_REQUESTS:
            return simulated
        load = self.traffic.peak_rate(self.requests_per_day) * self.measurement.warm_ms / 1000
        return max(simulated, likely_peak(load, self.requests_per_day * 7))

    def of_original(self) -> Workload:
        """Return the same workload with the `original` executor."""
        if self.original is None:
            raise ValueError("the original executor was not measured")
        image_gb = self.surroundings.image_gb
        unknown = image_gb is not None and self.original_image_gb is None
        surroundings = replace(self.surroundings, image_gb=None if image_gb is None else self.original_image_gb)
        return replace(
            self, measurement=self.original, surroundings=surroundings, image_is_unknown=unknown, original=None
        )

    @property
    def billed_gb_seconds(self) -> Decimal:
        """GB-seconds per month on demand, with cold starts and pings."""
        pings = self._gb_seconds_of_pings(self.sandbox_use)
        return self._gb_seconds(Decimal(1), Decimal(str(self.sandbox_use.cold_share))) + pings

    @property
    def provisioned_gb_seconds(self) -> tuple[Decimal, Decimal]:
        """GB-seconds per month with provisioned concurrency: on provisioned sandboxes, and on demand.

        Provisioned sandboxes serve the pings too. A request runs on demand if all of them are busy, and may be a cold
        start.
        """
        count = self.surroundings.provisioned
        served = Decimal(str(served_share(self.traffic, self.requests_per_day, self.measurement.warm_ms, count)))
        use = self._simulate(count)
        cold = min(Decimal(str(use.cold_share)), 1 - served)
        kept = self._gb_seconds(served, Decimal(0)) + self._gb_seconds_of_pings(use)
        return kept, self._gb_seconds(1 - served, cold)

    def per_million(self, estimate: Estimate) -> Decimal | None:
        """Return the estimate per million requests."""
        return None if estimate.monthly is None else estimate.monthly / self.monthly_requests * 1_000_000

    def component(
        self, price_name: str, name: str, quantity: Decimal, free: Decimal = Decimal(0), before: Decimal = Decimal(0)
    ) -> CostComponent:
        """Return the component of a quantity at a named price.

        `before`: a quantity at the same price that has already used the allowance and tiers.
        """
        price = self.prices.find(price_name)
        if price is None:
            return CostComponent(name, quantity, "", None, price=price_name)
        usd = price.cost(max(before + quantity - free, Decimal(0))) - price.cost(max(before - free, Decimal(0)))
        return CostComponent(name, quantity, price.unit, usd, price.is_weak, price_name)

    def allowance(self, name: str) -> Decimal:
        """Return the free tier's allowance, or 0 if the free tier is not requested."""
        return self.prices.allowances.get(name, Decimal(0)) if self.free_tier else Decimal(0)

    def watching(self) -> Iterator[CostComponent]:
        """Yield the error alarm and the dashboard, for every alternative."""
        for name, count in (("alarm", self.surroundings.alarms), ("dashboard", self.surroundings.dashboards)):
            if count:
                free = self.allowance(f"cloudwatch.free.{name}s")
                yield self.component(f"cloudwatch.{name}_month", name, Decimal(count), free)

    def image(self) -> Iterator[CostComponent]:
        """Yield the storage of the image in ECR, for container alternatives."""
        if self.image_is_unknown:
            yield CostComponent("image in ECR", Decimal(0), "GB-month", None)
        elif self.surroundings.image_gb is not None:
            yield self.component("ecr.storage_gb_month", "image in ECR", self.surroundings.image_gb)

    def _gb_seconds(self, share: Decimal, cold: Decimal) -> Decimal:
        """Return the GB-seconds of a share of all requests; `cold` of all requests are cold starts."""
        measured = self.measurement
        warm_ms = Decimal(str(measured.warm_billed_ms))
        cold_ms = warm_ms if measured.cold_billed_ms is None else Decimal(str(measured.cold_billed_ms))
        mean_ms = (share - cold) * warm_ms + cold * cold_ms
        return self.monthly_requests * mean_ms / 1000 * Decimal(measured.memory_mib) / 1024

    def _gb_seconds_of_pings(self, use: SandboxUse) -> Decimal:
        """Return the GB-seconds of pings: `PING_MS` each, and a whole cold start without a warm sandbox."""
        around, measured = self.surroundings, self.measurement
        milliseconds = around.pings_per_month * PING_MS
        if measured.cold_billed_ms is not None:
            # If weeks differ, pings are not simulated: each ping counts as a cold start.
            cold = use.cold_pings * WEEKS_PER_MONTH if around.pings else around.pings_per_month
            milliseconds += cold * Decimal(str(measured.cold_billed_ms))
        return milliseconds / 1000 * Decimal(measured.memory_mib) / 1024

    def _simulate(self, provisioned: int) -> SandboxUse:
        simulated = min(self.requests_per_day, SIMULATED_REQUESTS / 7)
        return _simulated_week(
            self.traffic, simulated, _times_of(self.measurement), provisioned, self.surroundings.pings
        )


def _times_of(measurement: Measurement) -> Measurement:
    """Return what the simulation reads of a measurement: it is the same with more memory, if the times are."""
    return Measurement(
        memory_mib=0,
        warm_billed_ms=0,
        warm_ms=measurement.warm_ms,
        warm_p99_ms=measurement.warm_p99_ms,
        cold_billed_ms=None,
        cold_ms=measurement.cold_ms,
        max_memory_mib=0,
        invocations=0,
        cold_starts=0,
    )


@lru_cache(maxsize=4096)
def _simulated_week(
    traffic: Traffic, requests_per_day: float, times: Measurement, provisioned: int, pings: tuple[float, ...]
) -> SandboxUse:
    return simulate_sandboxes(traffic.arrivals(requests_per_day), times, provisioned=provisioned, pings=pings)
