"""One month, every alternative: cost components (a quantity, its unit, its price) and their sum.

What all alternatives share is left out: data transfer to the internet, and log storage. Servers run alone, without a load
balancer or a second one for the night it fails: that is generous to them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property, partial

from iris_model.cost.measurement import Measurement
from iris_model.cost.prices import PriceList
from iris_model.cost.processor import computing_ms, duration_ms
from iris_model.cost.sandboxes import SandboxUse, likely_peak, simulate_sandboxes
from iris_model.cost.servers import SERVERS, Server, count_instances
from iris_model.cost.traffic import SIMULATED_REQUESTS, Traffic

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ACCOUNT_CONCURRENCY = 1_000
HOURS_PER_MONTH = Decimal(730)
DAYS_PER_MONTH = HOURS_PER_MONTH / 24
ARCHITECTURES = ("x86_64", "arm64")
ENDPOINTS = ("function-url", "http-api")
KINDS = ("lambda", "provisioned", "original", "serverless", "server")
PROVISIONED, ORIGINAL = ", provisioned", ", original"
SAGEMAKER_SERVERLESS = "SageMaker serverless"
# SageMaker serverless inference begins at 1 GB and grows by whole GB up to 6.
_SAGEMAKER_SERVERLESS_GB = range(1, 7)


@dataclass(frozen=True)
class CostComponent:
    """A quantity of something with a price. `monthly` is None when the price is not known."""

    name: str
    quantity: Decimal
    unit: str
    monthly: Decimal | None
    is_weak: bool = False
    price: str = ""
    """The name of its price in the price file."""


@dataclass(frozen=True)
class Estimate:
    """One alternative."""

    name: str
    kind: str
    """One of KINDS."""
    components: tuple[CostComponent, ...]
    notes: tuple[str, ...] = ()
    is_possible: bool = True

    @property
    def monthly(self) -> Decimal | None:
        """US dollars per month; None when one of the prices is not known, or the alternative cannot serve this."""
        if not self.is_possible:
            return None
        known = [component.monthly for component in self.components]
        return None if None in known else sum(filter(None, known), Decimal(0))

    @property
    def is_weak(self) -> bool:
        """Whether a price of it comes from a weak source."""
        return any(component.is_weak for component in self.components)


@dataclass(frozen=True)
class Workload:
    """What is asked of the endpoint, and what one answer was measured to need."""

    requests_per_day: float
    traffic: Traffic
    measurement: Measurement
    prices: PriceList
    free_tier: bool = False
    image_gb: Decimal | None = None
    """Size of the image in ECR; None where its storage is not counted."""
    original: Measurement | None = None
    """The same model measured on the `original` executor, where it was."""
    original_image_gb: Decimal | None = None
    """None: not known, where `image_gb` is."""
    image_is_unknown: bool = False
    use_cache: dict[tuple[float, Measurement], SandboxUse] = field(default_factory=dict, compare=False, repr=False)

    @property
    def monthly_requests(self) -> Decimal:
        """Requests per month of 730 hours."""
        return Decimal(str(self.requests_per_day)) * DAYS_PER_MONTH

    @cached_property
    def sandbox_use(self) -> SandboxUse:
        """The week of this traffic, simulated."""
        simulated = min(self.requests_per_day, SIMULATED_REQUESTS / 7)
        key = (simulated, self.measurement)
        if key not in self.use_cache:
            self.use_cache[key] = simulate_sandboxes(self.traffic.arrivals(simulated), self.measurement)
        return self.use_cache[key]

    @property
    def peak_concurrency(self) -> int:
        """How many requests are under way at once at the worst: as simulated, or reckoned where a part was simulated."""
        simulated = self.sandbox_use.peak_concurrency
        if self.requests_per_day * 7 <= SIMULATED_REQUESTS:
            return simulated
        load = self.traffic.peak_rate(self.requests_per_day) * self.measurement.warm_ms / 1000
        return max(simulated, likely_peak(load, self.requests_per_day * 7))

    def of_original(self) -> Workload:
        """The same requests to the same model on the `original` executor."""
        if self.original is None:
            raise ValueError("the original executor was not measured")
        unknown = self.image_gb is not None and self.original_image_gb is None
        image_gb = None if self.image_gb is None else self.original_image_gb
        return replace(self, measurement=self.original, image_gb=image_gb, image_is_unknown=unknown, original=None)

    @property
    def billed_gb_seconds(self) -> Decimal:
        """GB-seconds per month, cold starts included."""
        cold = self.sandbox_use.cold_share
        measured = self.measurement
        cold_ms = measured.warm_billed_ms if measured.cold_billed_ms is None else measured.cold_billed_ms
        mean_ms = (1 - cold) * measured.warm_billed_ms + cold * cold_ms
        return self.monthly_requests * Decimal(str(mean_ms)) / 1000 * Decimal(measured.memory_mib) / 1024

    def per_million(self, estimate: Estimate) -> Decimal | None:
        """The same estimate for a million of these requests."""
        return None if estimate.monthly is None else estimate.monthly / self.monthly_requests * 1_000_000

    def component(self, price_name: str, name: str, quantity: Decimal, free: Decimal = Decimal(0)) -> CostComponent:
        """A quantity at the price of that name."""
        price = self.prices.find(price_name)
        if price is None:
            return CostComponent(name, quantity, "", None, price=price_name)
        usd = price.cost(max(quantity - free, Decimal(0)))
        return CostComponent(name, quantity, price.unit, usd, price.is_weak, price_name)

    def allowance(self, name: str) -> Decimal:
        """What the free tier gives, where it is asked for."""
        return self.prices.allowances.get(name, Decimal(0)) if self.free_tier else Decimal(0)


def estimate_all(workload: Workload) -> list[Estimate]:
    """Every alternative, Lambda's first."""
    return [estimate(workload) for estimate in alternatives(workload).values()]


def alternatives(workload: Workload) -> dict[str, Callable[[Workload], Estimate]]:
    """What there is to choose from, by name, and how each is estimated."""
    places = [(architecture, endpoint) for architecture in ARCHITECTURES for endpoint in ENDPOINTS]
    found: dict[str, Callable[[Workload], Estimate]] = {}
    for estimate, suffix in ((estimate_lambda, ""), (estimate_provisioned, PROVISIONED)):
        for architecture, endpoint in places:
            name = lambda_name(architecture, endpoint) + suffix
            found[name] = partial(estimate, architecture=architecture, endpoint=endpoint)
    if workload.original is not None:
        found |= {name + ORIGINAL: partial(_estimate_original, estimate) for name, estimate in found.items()}
    found[SAGEMAKER_SERVERLESS] = estimate_sagemaker_serverless
    return found | {server.name: partial(estimate_server, server=server) for server in SERVERS}


def _estimate_original(estimate: Callable[[Workload], Estimate], workload: Workload) -> Estimate:
    """The same alternative with the original library in the function, in place of the compiled model."""
    found = estimate(workload.of_original())
    return replace(found, name=found.name + ORIGINAL, kind="original")


def estimate_lambda(workload: Workload, architecture: str, endpoint: str) -> Estimate:
    """On demand: nothing while nobody asks."""
    requests = workload.monthly_requests
    components = [
        workload.component(
            f"lambda.{architecture}.gb_second",
            "compute",
            workload.billed_gb_seconds,
            workload.allowance("lambda.free.gb_seconds"),
        ),
        workload.component("lambda.request", "requests", requests, workload.allowance("lambda.free.requests")),
    ]
    if endpoint == "http-api":
        components.append(workload.component("http_api.request", "HTTP API", requests))
    notes: tuple[str, ...] = ()
    if workload.peak_concurrency > ACCOUNT_CONCURRENCY:
        notes = (
            f"up to {workload.peak_concurrency:,} requests come at once; an account has {ACCOUNT_CONCURRENCY:,} sandboxes, "
            "until AWS is asked for more",
        )
    return Estimate(lambda_name(architecture, endpoint), "lambda", (*components, *_image_storage(workload)), notes)


def lambda_name(architecture: str, endpoint: str) -> str:
    """How the alternative is called in tables."""
    return f"Lambda {architecture}, {'HTTP API' if endpoint == 'http-api' else 'function URL'}"


def estimate_provisioned(workload: Workload, architecture: str, endpoint: str) -> Estimate:
    """One sandbox kept warm all month; it has no free tier. What exceeds it is on demand and not counted here."""
    measured = workload.measurement
    gb = Decimal(measured.memory_mib) / 1024
    run = workload.monthly_requests * Decimal(str(measured.warm_billed_ms)) / 1000 * gb
    prefix = f"lambda.provisioned.{architecture}"
    components = [
        workload.component(f"{prefix}.held_gb_second", "one sandbox kept warm", HOURS_PER_MONTH * 3600 * gb),
        workload.component(f"{prefix}.gb_second", "compute", run),
        workload.component("lambda.request", "requests", workload.monthly_requests),
    ]
    if endpoint == "http-api":
        components.append(workload.component("http_api.request", "HTTP API", workload.monthly_requests))
    notes: tuple[str, ...] = ()
    if workload.peak_concurrency > 1:
        notes = (f"up to {workload.peak_concurrency:,} requests come at once; only one sandbox is kept warm",)
    name = lambda_name(architecture, endpoint) + PROVISIONED
    return Estimate(name, "provisioned", (*components, *_image_storage(workload)), notes)


def estimate_sagemaker_serverless(workload: Workload) -> Estimate:
    """Pays by duration as Lambda does, from 1 GB up."""
    name = SAGEMAKER_SERVERLESS
    needed = Decimal(workload.measurement.max_memory_mib) / 1024
    sizes = [size for size in _SAGEMAKER_SERVERLESS_GB if size >= needed]
    if not sizes:
        return Estimate(name, "serverless", (), (f"needs {needed:.1f} GB; it has at most 6",), is_possible=False)
    computing = computing_ms(workload.measurement.warm_billed_ms, workload.measurement.memory_mib)
    seconds = workload.monthly_requests * Decimal(str(duration_ms(computing, sizes[0] * 1024))) / 1000
    component = workload.component("sagemaker.serverless.gb_second", "compute", seconds * sizes[0])
    return Estimate(
        name,
        "serverless",
        (component,),
        (f"{sizes[0]} GB; cold starts, data processed and what its own server adds to a request are not counted",),
    )


def estimate_server(workload: Workload, server: Server) -> Estimate:
    """As many of the server as the busiest stretch needs, all month."""
    sizing = count_instances(
        server,
        service_ms=computing_ms(workload.measurement.warm_ms, workload.measurement.memory_mib),
        memory_mib=workload.measurement.max_memory_mib,
        peak_per_second=workload.traffic.peak_rate(workload.requests_per_day),
        mean_per_second=workload.requests_per_day / 86_400,
        target_ms=workload.sandbox_use.p99_ms,
    )
    if sizing.count is None:
        return Estimate(server.name, "server", (), sizing.notes, is_possible=False)
    hours = HOURS_PER_MONTH * sizing.count
    components = tuple(
        workload.component(price, f"{sizing.count} x {price.removesuffix('.hour')}", hours * amount)
        for price, amount in server.hourly
    )
    return Estimate(server.name, "server", components, sizing.notes)


def _image_storage(workload: Workload) -> Iterable[CostComponent]:
    if workload.image_is_unknown:
        yield CostComponent("image in ECR", Decimal(0), "GB-month", None)
    elif workload.image_gb is not None:
        yield workload.component("ecr.storage_gb_month", "image in ECR", workload.image_gb)
