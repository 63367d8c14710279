"""Always-on servers: their capacity, and the number that a peak needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

# The operating system and an idle Python server, without the model.
SYSTEM_MIB = 384
# The planned maximum utilization of a processor.
USABLE_SHARE = 0.7
MOST_INSTANCES = 10_000


@dataclass(frozen=True)
class Server:
    """A kind of server. `vcpu`: the peak capacity. `sustained_vcpu`: the capacity all day (burstable instances)."""

    name: str
    vcpu: float
    sustained_vcpu: float
    memory_mib: int
    hourly: tuple[tuple[str, Decimal], ...]
    """Pairs: the name of a price, and the units that one hour uses."""

    disk_gb: int = 0
    """Size of the EBS volume, billed in addition."""

    has_address: bool = False
    """Whether it needs its own public IPv4 address."""

    runs_containers: bool = False
    """Whether its image is stored in ECR. SageMaker has its own images for the usual libraries."""


# The default of Amazon Linux 2023.
_DISK_GB = 8


def _ec2(kind: str, vcpu: float, memory_mib: int, baseline: float = 1.0) -> Server:
    hourly = ((f"ec2.{kind}.hour", Decimal(1)),)
    return Server(f"EC2 {kind}", vcpu, vcpu * baseline, memory_mib, hourly, disk_gb=_DISK_GB, has_address=True)


def _sagemaker(kind: str, vcpu: float, memory_mib: int, baseline: float = 1.0) -> Server:
    hourly = ((f"sagemaker.{kind}.hour", Decimal(1)),)
    return Server(f"SageMaker {kind}", vcpu, vcpu * baseline, memory_mib, hourly)


def _fargate(architecture: str, vcpu: str, memory_gb: str) -> Server:
    amounts = (
        (f"fargate.{architecture}.vcpu_hour", Decimal(vcpu)),
        (f"fargate.{architecture}.gb_hour", Decimal(memory_gb)),
    )
    name = f"Fargate {architecture}, {vcpu} vCPU, {memory_gb} GB"
    # A task includes 20 GB of disk.
    return Server(
        name, float(vcpu), float(vcpu), int(Decimal(memory_gb) * 1024), amounts, has_address=True, runs_containers=True
    )


# vCPU, memory and baseline of EC2 instance types:
# https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/burstable-performance-instances.html
SERVERS = (
    _ec2("t4g.micro", 2, 1024, 0.10),
    _ec2("t3.micro", 2, 1024, 0.10),
    _ec2("t3.medium", 2, 4096, 0.20),
    _ec2("c7g.medium", 1, 2048),
    _ec2("m5.large", 2, 8192),
    _fargate("arm64", "0.25", "0.5"),
    _fargate("x86_64", "0.25", "0.5"),
    _fargate("x86_64", "1", "2"),
    _sagemaker("ml.t2.medium", 2, 4096, 0.20),
    _sagemaker("ml.m5.large", 2, 8192),
)


@dataclass(frozen=True)
class Sizing:
    """The number of servers. `count` is None if no number is sufficient."""

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
    """Return the smallest number of instances that answer 99 of 100 peak requests within `target_ms`.

    Requests arrive at random, and one vCPU answers one at a time (M/M/c, Erlang C). If a single answer takes longer
    than the target, a request may wait as long as one answer takes, and a note is added.
    """
    if memory_mib + SYSTEM_MIB > server.memory_mib:
        return Sizing(None, (f"needs {memory_mib + SYSTEM_MIB} MB with the system; it has {server.memory_mib}",))
    # A fraction of a vCPU is proportionally slower.
    service = service_ms / 1000 / min(1.0, server.vcpu)
    wait = max(target_ms / 1000 - service, service)
    workers = max(1, math.floor(server.vcpu))
    sustained = mean_per_second * service_ms / 1000 / server.sustained_vcpu
    fewest = max(1, math.ceil(max(sustained, peak_per_second * service / workers) / USABLE_SHARE))
    notes = () if service * 1000 <= target_ms else (f"one answer takes {service * 1000:.1f} ms on it",)
    count = next(
        (
            count
            for count in range(fewest, MOST_INSTANCES)
            if waiting_share(peak_per_second, service, workers * count, wait) <= 0.01
        ),
        None,
    )
    return Sizing(count, notes if count is not None else ("no number of servers is enough",))


def waiting_share(per_second: float, service_seconds: float, servers: int, wait_seconds: float) -> float:
    """Return the share of requests that wait longer than `wait_seconds`: Erlang C, by its stable recursion."""
    load = per_second * service_seconds
    if load >= servers:
        return 1.0
    blocked = 1.0  # Erlang B, one server after the other
    for count in range(1, servers + 1):
        blocked = load * blocked / (count + load * blocked)
    waiting = blocked / (1 - load / servers * (1 - blocked))
    return waiting * math.exp(-(servers - load) * wait_seconds / service_seconds)
