"""Servers that wait: what each can do, and how many of them a peak needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

# The operating system and an idle Python server beside the model.
SYSTEM_MIB = 384
# Nobody plans for a processor that is busy all the time.
USABLE_SHARE = 0.7
MOST_INSTANCES = 10_000


@dataclass(frozen=True)
class Server:
    """`vcpu`: what it may use at its peak. `sustained_vcpu`: what it may use all day (burstable instances have credits)."""

    name: str
    vcpu: float
    sustained_vcpu: float
    memory_mib: int
    hourly: tuple[tuple[str, Decimal], ...]
    """Prices by name, and how many units an hour takes."""


def _instance(name: str, price: str, vcpu: float, memory_mib: int, baseline: float = 1.0) -> Server:
    return Server(name, vcpu, vcpu * baseline, memory_mib, ((price, Decimal(1)),))


def _fargate(architecture: str, vcpu: str, memory_gb: str) -> Server:
    amounts = (
        (f"fargate.{architecture}.vcpu_hour", Decimal(vcpu)),
        (f"fargate.{architecture}.gb_hour", Decimal(memory_gb)),
    )
    name = f"Fargate {architecture}, {vcpu} vCPU, {memory_gb} GB"
    return Server(name, float(vcpu), float(vcpu), int(Decimal(memory_gb) * 1024), amounts)


# vCPU, memory and baseline of EC2 instance types: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances.html
SERVERS = (
    _instance("EC2 t4g.micro", "ec2.t4g.micro.hour", 2, 1024, 0.10),
    _instance("EC2 t3.micro", "ec2.t3.micro.hour", 2, 1024, 0.10),
    _instance("EC2 t3.medium", "ec2.t3.medium.hour", 2, 4096, 0.20),
    _instance("EC2 c7g.medium", "ec2.c7g.medium.hour", 1, 2048),
    _instance("EC2 m5.large", "ec2.m5.large.hour", 2, 8192),
    _fargate("arm64", "0.25", "0.5"),
    _fargate("x86_64", "0.25", "0.5"),
    _fargate("x86_64", "1", "2"),
    _instance("SageMaker ml.t2.medium", "sagemaker.ml.t2.medium.hour", 2, 4096, 0.20),
    _instance("SageMaker ml.m5.large", "sagemaker.ml.m5.large.hour", 2, 8192),
)


@dataclass(frozen=True)
class Sizing:
    """`count` is None when no number of them can serve this."""

    count: int | None
    notes: tuple[str, ...] = ()


def count_instances(
    server: Server,
    *,
    service_ms: float,
    memory_mib: int,
    peak_per_second: float,
    mean_per_second: float,
    target_ms: float,
) -> Sizing:
    """The fewest instances with which 99 of 100 requests of the peak are answered within `target_ms`.

    Requests come by chance, a whole vCPU answers one at a time (M/M/c, Erlang C). Where one answer alone takes longer than
    the target, waiting may take as long again, and a note says so.
    """
    if memory_mib + SYSTEM_MIB > server.memory_mib:
        return Sizing(None, (f"needs {memory_mib + SYSTEM_MIB} MB with its system; this has {server.memory_mib}",))
    # A part of a vCPU answers as slowly as it is small.
    service = service_ms / 1000 / min(1.0, server.vcpu)
    wait = max(target_ms / 1000 - service, service)
    workers = max(1, math.floor(server.vcpu))
    sustained = mean_per_second * service_ms / 1000 / server.sustained_vcpu
    fewest = max(1, math.ceil(max(sustained, peak_per_second * service / workers) / USABLE_SHARE))
    notes = () if service * 1000 <= target_ms else (f"one answer takes {service * 1000:.1f} ms there",)
    count = next(
        (
            count
            for count in range(fewest, MOST_INSTANCES)
            if waiting_share(peak_per_second, service, workers * count, wait) <= 0.01
        ),
        None,
    )
    return Sizing(count, notes if count is not None else ("no number of them is enough",))


def waiting_share(per_second: float, service_seconds: float, servers: int, wait_seconds: float) -> float:
    """The share of requests that wait longer than that for one of the servers: Erlang C, in its stable recursion."""
    load = per_second * service_seconds
    if load >= servers:
        return 1.0
    blocked = 1.0  # Erlang B, one server after the other
    for count in range(1, servers + 1):
        blocked = load * blocked / (count + load * blocked)
    waiting = blocked / (1 - load / servers * (1 - blocked))
    return waiting * math.exp(-(servers - load) * wait_seconds / service_seconds)
