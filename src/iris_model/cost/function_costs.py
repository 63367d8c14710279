"""Estimate the cost of Lambda for each architecture and endpoint, on demand or provisioned."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal

from iris_model.contract.architecture import Architecture
from iris_model.cost.logged import logged
from iris_model.cost.workload import HOURS_PER_MONTH, LOG_BYTES, CostComponent, Estimate, Workload

# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
ACCOUNT_CONCURRENCY = 1_000
ARCHITECTURES = tuple(Architecture)
ENDPOINTS = ("function-url", "http-api")
PROVISIONED, ORIGINAL = ", provisioned", ", original"

# https://aws.amazon.com/api-gateway/pricing/: "HTTP APIs are metered in 512 KB increments".
HTTP_API_UNIT_KB = 512
# https://docs.aws.amazon.com/xray/latest/devguide/xray-console-sampling.html: Lambda traces the first request of each
# second and 5 % of the others. The price is per trace and does not depend on its segments.
TRACED_SHARE = Decimal("0.05")


def lambda_name(architecture: str, endpoint: str) -> str:
    """Return the name of the alternative in tables."""
    return f"Lambda {architecture}, {'HTTP API' if endpoint == 'http-api' else 'function URL'}"


def estimate_lambda(workload: Workload, architecture: str, endpoint: str) -> Estimate:
    """Estimate Lambda on demand, which has no compute cost without requests."""
    compute = workload.component(
        f"lambda.{architecture}.gb_second",
        "compute",
        workload.billed_gb_seconds,
        workload.allowance("lambda.free.gb_seconds"),
    )
    requests = workload.component(
        "lambda.request", "requests", workload.monthly_invocations, workload.allowance("lambda.free.requests")
    )
    notes: tuple[str, ...] = ()
    if workload.peak_concurrency > ACCOUNT_CONCURRENCY:
        notes = (
            f"up to {workload.peak_concurrency:,} concurrent requests; the default quota of an account is "
            f"{ACCOUNT_CONCURRENCY:,}",
        )
    components = (compute, requests, *_snapshots(workload), *_beside_compute(workload, endpoint))
    return Estimate(lambda_name(architecture, endpoint), "lambda", components, notes)


def estimate_provisioned(workload: Workload, architecture: str, endpoint: str) -> Estimate:
    """Estimate some sandboxes provisioned all month. Requests beyond them run on demand, at the on-demand price.

    Lambda's free tier does not apply to a function with provisioned concurrency.
    """
    count = workload.surroundings.provisioned
    held = HOURS_PER_MONTH * 3600 * Decimal(workload.measurement.memory_mib) / 1024 * count
    served, rest = workload.provisioned_gb_seconds
    prefix = f"lambda.provisioned.{architecture}"
    components = (
        workload.component(f"{prefix}.held_gb_second", "kept warm", held),
        workload.component(f"{prefix}.gb_second", "compute", served),
        workload.component(f"lambda.{architecture}.gb_second", "compute on demand", rest),
        workload.component("lambda.request", "requests", workload.monthly_invocations),
        *_beside_compute(workload, endpoint),
    )
    notes: tuple[str, ...] = ()
    if workload.peak_concurrency > count:
        share = rest / (served + rest)
        kept = "one warm sandbox" if count == 1 else f"{count} warm sandboxes"
        notes = (
            f"up to {workload.peak_concurrency:,} concurrent requests and {kept}: "
            f"{_percent(share)} of the compute is on demand",
        )
    return Estimate(lambda_name(architecture, endpoint) + PROVISIONED, "provisioned", components, notes)


def log_share(workload: Workload) -> Decimal | None:
    """Return the cost of Lambda's own log lines as a multiple of the request price; None without prices."""
    log, request = workload.prices.find("cloudwatch.logs.ingested_gb"), workload.prices.find("lambda.request")
    if log is None or request is None:
        return None
    million = Decimal(1_000_000)
    ingested = log.cost(million * LOG_BYTES[workload.surroundings.log_lines] / 1_000_000_000)
    return ingested / request.cost(million)


def price_snapshots(workload: Workload, versions: int) -> Decimal | None:
    """Return US dollars a month for SnapStart with this many kept versions, starts included; None without a price."""
    components = _snapshots(replace(workload, surroundings=replace(workload.surroundings, snapshots=versions)))
    amounts = [each.monthly for each in components]
    return None if None in amounts else sum((each for each in amounts if each is not None), Decimal(0))


def _snapshots(workload: Workload) -> Iterable[CostComponent]:
    """Yield SnapStart's costs: the cached snapshot of each version, all month, and the restore at each start."""
    count, gb = workload.surroundings.snapshots, Decimal(workload.measurement.memory_mib) / 1024
    if count:
        starts = workload.monthly_requests * Decimal(str(workload.sandbox_use.cold_share))
        yield workload.component("lambda.snapstart.cached_gb_second", "snapshots", HOURS_PER_MONTH * 3600 * gb * count)
        yield workload.component("lambda.snapstart.restored_gb", "starts from snapshots", starts * gb)


def _beside_compute(workload: Workload, endpoint: str) -> Iterable[CostComponent]:
    around = workload.surroundings
    if endpoint == "http-api":
        units = max((around.payload_kb / HTTP_API_UNIT_KB).to_integral_value(ROUND_CEILING), Decimal(1))
        yield workload.component("http_api.request", "HTTP API", workload.monthly_requests * units)
    yield from logged(workload, has_access_log=around.access_log and endpoint == "http-api")
    if around.tracing:
        yield workload.component("xray.trace", "traces", _traces(workload), workload.allowance("xray.free.traces"))
    yield from workload.watching()
    yield from workload.image()


def _traces(workload: Workload) -> Decimal:
    """Return the maximum number of traces: one per second with a request, and a share of the other requests."""
    invocations, seconds = workload.monthly_invocations, HOURS_PER_MONTH * 3600
    first = min(invocations, seconds)
    return first + (invocations - first) * TRACED_SHARE


def _percent(share: Decimal) -> str:
    return f"{share:.1%}" if share >= Decimal("0.001") else "less than 0.1%"
