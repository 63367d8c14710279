"""Estimate the alternatives to Lambda: kinds of servers, and SageMaker serverless."""

from __future__ import annotations

from decimal import Decimal

from iris_model.cost.processor import computing_ms, duration_ms
from iris_model.cost.servers import Server, count_instances
from iris_model.cost.workload import HOURS_PER_MONTH, Estimate, Workload

SAGEMAKER_SERVERLESS = "SageMaker serverless"
# SageMaker serverless inference has memory sizes of 1 to 6 whole GB.
_SAGEMAKER_SERVERLESS_GB = range(1, 7)
# The overhead of gunicorn with Flask per request, as in SageMaker's containers for scikit-learn and XGBoost: measured
# on a whole vCPU over 4,000 requests, without their nginx.
SERVER_OVERHEAD_MS = 0.4


def estimate_sagemaker_serverless(workload: Workload) -> Estimate:
    """Estimate SageMaker serverless: billed by duration like Lambda, from 1 GB, with the model's own library."""
    name, library = SAGEMAKER_SERVERLESS, workload.library
    if library is None:
        raise ValueError("the model's own library was not measured")
    needed = Decimal(library.max_memory_mib) / 1024
    sizes = [size for size in _SAGEMAKER_SERVERLESS_GB if size >= needed]
    if not sizes:
        return Estimate(name, "serverless", (), (f"needs {needed:.1f} GB; the maximum is 6",), is_possible=False)
    computing = computing_ms(library.warm_billed_ms, library.memory_mib) + SERVER_OVERHEAD_MS
    seconds = workload.monthly_requests * Decimal(str(duration_ms(computing, sizes[0] * 1024))) / 1000
    data_gb = workload.monthly_requests * workload.surroundings.payload_kb / 1_000_000
    return Estimate(
        name,
        "serverless",
        (
            workload.component("sagemaker.serverless.gb_second", "compute", seconds * sizes[0]),
            workload.component("sagemaker.data_gb", "data processed", data_gb),
            *workload.watching(),
        ),
        (
            f"{sizes[0]} GB, with the model's own library as measured on this machine, plus {SERVER_OVERHEAD_MS} ms "
            f"for its server; callers must sign requests; cold starts are not counted",
        ),
    )


def estimate_server(workload: Workload, server: Server) -> Estimate:
    """Estimate the servers that the busiest time needs, all month, with disk, address and image."""
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
    components = [
        workload.component(price, f"{sizing.count} x {price.removesuffix('.hour')}", hours * amount)
        for price, amount in server.hourly
    ]
    if server.disk_gb:
        disk = Decimal(server.disk_gb * sizing.count)
        components.append(workload.component("ebs.gp3.gb_month", "disk", disk))
    if server.has_address:
        components.append(workload.component("ipv4.hour", "public IPv4 address", hours))
    if server.runs_containers:
        components += workload.image()
    return Estimate(server.name, "server", (*components, *workload.watching()), sizing.notes)
