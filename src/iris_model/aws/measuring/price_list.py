"""Read the AWS Price List API: return the published prices for names of our price file in a region.

`QUESTIONS` maps each price to service, filter attributes and usage type, which starts with a short name of the region
(`EU-Lambda-GB-Second`), or has no prefix in the oldest region. An ambiguous answer, another currency or unit, or tiers
with gaps give a reason instead of a price.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from iris_model.aws.client.calls import Aws, OnStep
from iris_model.cost.refreshed import Offer

SOURCE = "AWS Price List API"

# Ireland's short name has no number. Other prefixes of a usage type belong to other products (`TS-LoadBalancerUsage`).
_REGION_PREFIX = re.compile(r"(?:EU|[A-Z]{2,4}\d)-")
_UNITS = {
    "s": r".*sec.*", "h": r".*(hrs?|hours?)", "request": r".*requests?", "month": r".*mo(nth)?s?", "GB": r"gb",
    "alarm": r"alarms?.*", "dashboard": r"dashboards?.*", "metric": r"metrics?.*", "trace": r"traces?",
    "transition": r".*transitions?",
}  # fmt: skip


@dataclass(frozen=True)
class Question:
    """Where to find a price. `filters` are tried in order: attributes were renamed over the years."""

    service: str
    filters: tuple[tuple[tuple[str, str], ...], ...]
    usage: str
    unit: str
    is_group: bool = False
    """Whether the filter alone identifies the product, so that the usage type may be spelled differently."""


def _lambda(group: str, usage: str, unit: str = "s") -> Question:
    return Question("AWSLambda", ((("group", f"AWS-Lambda-{group}"),),), usage, unit, is_group=True)


def _ec2(kind: str) -> Question:
    shared = (
        ("instanceType", kind), ("operatingSystem", "Linux"), ("tenancy", "Shared"), ("preInstalledSw", "NA"),
        ("capacitystatus", "Used"),
    )  # fmt: skip
    return Question("AmazonEC2", (shared,), f"BoxUsage:{kind}", "h")


def _hosting(kind: str) -> Question:
    filters = ((("instanceName", kind), ("component", "Hosting")), (("instanceType", f"{kind}-Hosting"),))
    return Question("AmazonSageMaker", filters, f"Host:{kind}", "h")


def _fargate(usage: str) -> Question:
    return Question("AmazonECS", ((("productFamily", "Compute"),),), usage, "h")


def _cloudwatch(family: str, usage: str, unit: str) -> Question:
    return Question("AmazonCloudWatch", ((("productFamily", family),),), usage, unit)


def _balancer(usage: str) -> Question:
    return Question("AWSELB", ((("productFamily", "Load Balancer-Application"),),), usage, "h")


def _bucket(usage: str) -> Question:
    return Question("AmazonS3", ((("productFamily", "API Request"),),), usage, "request")


QUESTIONS: Mapping[str, Question] = {
    "lambda.x86_64.gb_second": _lambda("Duration", "Lambda-GB-Second"),
    "lambda.arm64.gb_second": _lambda("Duration-ARM", "Lambda-GB-Second-ARM"),
    "lambda.request": _lambda("Requests", "Request", "request"),
    "lambda.provisioned.x86_64.held_gb_second": _lambda("Provisioned-Concurrency", "Lambda-Provisioned-Concurrency"),
    "lambda.provisioned.x86_64.gb_second": _lambda("Duration-Provisioned", "Lambda-Provisioned-GB-Second"),
    "lambda.provisioned.arm64.held_gb_second": _lambda(
        "Provisioned-Concurrency-ARM", "Lambda-Provisioned-Concurrency-ARM"
    ),
    "lambda.provisioned.arm64.gb_second": _lambda("Duration-Provisioned-ARM", "Lambda-Provisioned-GB-Second-ARM"),
    "http_api.request": Question(
        "AmazonApiGateway", ((("productFamily", "API Calls"),),), "ApiGatewayHttpRequest", "request"
    ),
    "ecr.storage_gb_month": Question("AmazonECR", ((),), "TimedStorage-ByteHrs", "month"),
    # Lambda's logs are "vended" logs, with tiers.
    "cloudwatch.logs.ingested_gb": _cloudwatch("Data Payload", "VendedLog-Bytes", "GB"),
    "cloudwatch.logs.stored_gb_month": _cloudwatch("Storage Snapshot", "TimedStorage-ByteHrs", "month"),
    "cloudwatch.alarm_month": _cloudwatch("Alarm", "CW:AlarmMonitorUsage", "alarm"),
    "cloudwatch.dashboard_month": _cloudwatch("Dashboard", "DashboardsUsageHour", "dashboard"),
    "cloudwatch.metric_month": _cloudwatch("Metric", "CW:MetricMonitorUsage", "metric"),
    "xray.trace": Question("AWSXRay", ((),), "XRay-TracesStored", "trace"),
    "ipv4.hour": Question("AmazonVPC", ((),), "PublicIPv4:InUseAddress", "h"),
    "ebs.gp3.gb_month": Question(
        "AmazonEC2", ((("productFamily", "Storage"), ("volumeApiName", "gp3")),), "EBS:VolumeUsage.gp3", "month"
    ),
    "fargate.x86_64.vcpu_hour": _fargate("Fargate-vCPU-Hours:perCPU"),
    "fargate.x86_64.gb_hour": _fargate("Fargate-GB-Hours"),
    "fargate.arm64.vcpu_hour": _fargate("Fargate-ARM-vCPU-Hours:perCPU"),
    "fargate.arm64.gb_hour": _fargate("Fargate-ARM-GB-Hours"),
    "ec2.t4g.micro.hour": _ec2("t4g.micro"),
    "ec2.t3.micro.hour": _ec2("t3.micro"),
    "ec2.t3.medium.hour": _ec2("t3.medium"),
    "ec2.c7g.medium.hour": _ec2("c7g.medium"),
    "ec2.m5.large.hour": _ec2("m5.large"),
    "sagemaker.ml.t2.medium.hour": _hosting("ml.t2.medium"),
    "sagemaker.ml.m5.large.hour": _hosting("ml.m5.large"),
    # The smallest size is one GB, so its second is a GB-second.
    "sagemaker.serverless.gb_second": Question(
        "AmazonSageMaker", ((("productFamily", "ML Serverless"),),), "ServerlessInf:Mem-1GB", "s"
    ),
    "sagemaker.data_gb": Question(
        "AmazonSageMaker", ((("productFamily", "ML Serverless"),),), "ServerlessInf:Data-Bytes-Out", "GB"
    ),
    "alb.hour": _balancer("LoadBalancerUsage"),
    "alb.lcu_hour": _balancer("LCUUsage"),
    "states.transition": Question("AmazonStates", ((),), "StateTransition", "transition"),
    "states.express.request": Question("AmazonStates", ((),), "StepFunctions-Request", "request"),
    "states.express.gb_second": Question("AmazonStates", ((),), "StepFunctions-GB-Second", "s"),
    "s3.read": _bucket("Requests-Tier2"),
    "s3.write": _bucket("Requests-Tier1"),
}


@dataclass(frozen=True)
class PublishedPrices:
    """The published prices. `reasons` has the reason for each name without a price."""

    offers: Mapping[str, Offer]
    reasons: Mapping[str, str]


def ask_prices(aws: Aws, region: str, names: Iterable[str], on_step: OnStep) -> PublishedPrices:
    """Request each name that the price list has."""
    offers: dict[str, Offer] = {}
    reasons: dict[str, str] = {}
    answers: dict[object, list[Any]] = {}
    for name in names:
        question = QUESTIONS.get(name)
        if question is None:
            reasons[name] = "the price list does not contain it"
            continue
        on_step(f"Reading prices of {region}: {name}")
        for filters in question.filters:
            key = (question.service, filters)
            if key not in answers:
                answers[key] = _get_products(aws, region, question.service, filters)
            try:
                offers[name] = _choose(answers[key], question)
                reasons.pop(name, None)
                break
            except ValueError as error:
                reasons[name] = str(error)
    return PublishedPrices(offers, reasons)


def _get_products(aws: Aws, region: str, service: str, filters: Sequence[tuple[str, str]]) -> list[Any]:
    terms = [("regionCode", region), *filters]
    found = aws.pages(
        "pricing", "GetProducts", f"prices of {service}", "PriceList",
        # A service that lacks the attribute has no such product.
        absent=("InvalidParameterException", "NotFoundException"),
        ServiceCode=service, FormatVersion="aws_v1", MaxResults=100,
        Filters=[{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in terms],
    )  # fmt: skip
    # Each product is a JSON document in a string.
    return [_decode(each) for each in found]


def _decode(entry: Any) -> Any:
    try:
        return json.loads(entry) if isinstance(entry, str) else entry
    except ValueError:
        return None


def _choose(products: Sequence[Any], question: Question) -> Offer:
    """Return the only price. Raises ValueError with the reason if there is none."""
    fitting = [each for each in products if _usage_of(each) == question.usage]
    if not fitting and question.is_group:
        fitting = list(products)
    if not fitting:
        raise ValueError("the price list has no such product in this region")
    found = {offer.tiers: offer for offer in (_read_product(each, question.unit) for each in fitting)}
    # A price of zero is a free tier, or another payment option.
    paid = [offer for tiers, offer in found.items() if any(usd for _, usd in tiers)]
    if len(paid) != 1:
        raise ValueError(
            f"the price list has {len(paid)} different prices for it" if paid else "it is free in the price list"
        )
    return paid[0]


def _usage_of(product: Any) -> str:
    try:
        usage = str(product["product"]["attributes"]["usagetype"])
    except (KeyError, TypeError):
        return ""
    prefix = _REGION_PREFIX.match(usage)
    return usage[prefix.end() :] if prefix else usage


def _read_product(product: Any, unit: str) -> Offer:
    try:
        terms = sorted(product["terms"]["OnDemand"].values(), key=lambda term: str(term["effectiveDate"]))
        published = str(product["publicationDate"])[:10]
        # A future price may be published already.
        term = [each for each in terms if str(each["effectiveDate"])[:10] <= published][-1]
        return Offer(_read_tiers(list(term["priceDimensions"].values()), unit), SOURCE, published)
    except (KeyError, TypeError, AttributeError, IndexError, InvalidOperation):
        raise ValueError("the price list has an unknown format") from None


def _read_tiers(dimensions: list[Any], unit: str) -> tuple[tuple[Decimal | None, Decimal], ...]:
    tiers: list[tuple[Decimal | None, Decimal]] = []
    below: Decimal | None = Decimal(0)
    for each in sorted(dimensions, key=lambda dimension: Decimal(dimension["beginRange"])):
        if re.fullmatch(_UNITS[unit], str(each["unit"]).lower()) is None:
            raise ValueError(f"its unit in the price list is {each['unit']}")
        if "USD" not in each["pricePerUnit"]:
            raise ValueError(f"its price in the price list is in {', '.join(each['pricePerUnit'])}, not in USD")
        if Decimal(each["beginRange"]) != below:
            raise ValueError("its tiers in the price list have gaps")
        below = None if each["endRange"] == "Inf" else Decimal(each["endRange"])
        tiers.append((below, Decimal(each["pricePerUnit"]["USD"])))
    # A first tier without a price is the free tier, which is counted separately.
    while len(tiers) > 1 and not tiers[0][1]:
        del tiers[0]
    if not tiers or below is not None or not all(usd.is_finite() and usd >= 0 for _, usd in tiers):
        raise ValueError("its tiers in the price list have gaps")
    return tuple(tiers)
