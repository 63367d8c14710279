"""Products as the Price List API answers with them: JSON documents in strings, of the published shape, with their decoys."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

PUBLISHED = "2026-11-20T18:21:30Z"


def product(
    service: str,
    usage: str,
    prices: Mapping[str, str],
    *,
    unit: str = "Hrs",
    family: str = "",
    region: str = "eu-west-1",
    currency: str = "USD",
    effective: str = "2026-11-01T00:00:00Z",
    **attributes: str,
) -> str:
    """`prices`: from which quantity on -> how much."""
    sku = f"{abs(hash((service, usage, region))):016X}"[:16]
    begins = list(prices)
    dimensions = {
        f"{sku}.JRTCKXETXF.{number}": {
            "unit": unit,
            "endRange": (*begins, "Inf")[number + 1],
            "description": f"{usage} in {region}",
            "appliesTo": [],
            "rateCode": f"{sku}.JRTCKXETXF.{number}",
            "beginRange": begin,
            "pricePerUnit": {currency: prices[begin]},
        }
        for number, begin in enumerate(begins)
    }
    term = {
        "priceDimensions": dict(reversed(dimensions.items())),  # they come in no order
        "sku": sku,
        "effectiveDate": effective,
        "offerTermCode": "JRTCKXETXF",
        "termAttributes": {},
    }
    document: dict[str, Any] = {
        "product": {
            "productFamily": family,
            "attributes": {
                "regionCode": region, "servicecode": service, "locationType": "AWS Region", "usagetype": usage,
                "operation": "", **attributes,
            },
            "sku": sku,
        },
        "serviceCode": service,
        "terms": {"OnDemand": {f"{sku}.JRTCKXETXF": term}},
        "version": "20261120182130",
        "publicationDate": PUBLISHED,
    }  # fmt: skip
    return json.dumps(document)


def fits(entry: str, wanted: Mapping[str, str]) -> bool:
    """Whether a product has these values, as TERM_MATCH asks for them."""
    found = json.loads(entry)["product"]
    values = {"productFamily": found["productFamily"], **found["attributes"]}
    return all(values.get(field) == value for field, value in wanted.items())


def ireland() -> dict[str, list[str]]:
    """A price list of eu-west-1; there are others around what is asked for, as in the real one."""
    gb_second = {"unit": "Lambda-GB-Second", "family": "Serverless"}
    duration = {"0": "0.0000166667", "6000000000": "0.0000150000", "15000000000": "0.0000133334"}
    arm_duration = {"0": "0.0000133334", "7500000000": "0.0000120001", "18750000000": "0.0000106667"}
    ec2 = {"operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used"}
    compute, balancer = {"family": "Compute", "unit": "hours"}, {"family": "Load Balancer-Application"}

    def lambda_(group: str, usage: str, prices: dict[str, str], **more: str) -> str:
        return product("AWSLambda", usage, prices, group=f"AWS-Lambda-{group}", **{**gb_second, **more})

    def box(kind: str, usd: str, **more: str) -> str:
        settings = {"family": "Compute Instance", "instanceType": kind, **ec2, **more}
        usage = f"EU-{'Unused' if more else ''}BoxUsage:{kind}"
        return product("AmazonEC2", usage, {"0": usd}, **settings)

    return {
        "AWSLambda": [
            lambda_("Duration", "EU-Lambda-GB-Second", duration),
            lambda_("Duration", "Lambda-GB-Second", {"0": "9"}, region="us-east-1"),
            lambda_("Duration-ARM", "EU-Lambda-GB-Second-ARM", arm_duration),
            lambda_("Requests", "EU-Request", {"0": "0.0000002000"}, unit="Requests"),
            lambda_("Provisioned-Concurrency", "EU-Lambda-Provisioned-Concurrency", {"0": "0.0000041667"}),
            lambda_("Duration-Provisioned", "EU-Lambda-Provisioned-GB-Second", {"0": "0.0000097222"}),
            lambda_("Provisioned-Concurrency-ARM", "EU-Lambda-Provisioned-Concurrency-ARM", {"0": "0.0000033334"}),
            # An unexpected name; its group identifies it.
            lambda_("Duration-Provisioned-ARM", "EU-Lambda-Prov-GB-Second-ARM", {"0": "0.0000077778"}),
        ],
        "AmazonApiGateway": [
            product("AmazonApiGateway", "EU-ApiGatewayRequest", {"0": "0.0000035"}, unit="Requests", family="API Calls"),
            product(
                "AmazonApiGateway", "EU-ApiGatewayHttpRequest", {"0": "0.0000011100", "300000000": "0.0000010000"},
                unit="Requests", family="API Calls",
            ),
        ],
        "AmazonECR": [
            product("AmazonECR", "EU-TimedStorage-ByteHrs", {"0": "0.1000000000"}, unit="GB-Mo"),
            product("AmazonECR", "EU-DataTransfer-Out-Bytes", {"0": "0.09"}, unit="GB"),
        ],
        "AmazonECS": [
            product("AmazonECS", "EU-ECS-EC2-vCPU-Hours", {"0": "0.0000000000"}, **compute),
            product("AmazonECS", "EU-Fargate-vCPU-Hours:perCPU", {"0": "0.0404800000"}, **compute),
            product("AmazonECS", "EU-Fargate-Windows-vCPU-Hours:perCPU", {"0": "0.0910400000"}, **compute),
            product("AmazonECS", "EU-Fargate-GB-Hours", {"0": "0.0044450000"}, **compute),
            product("AmazonECS", "EU-Fargate-ARM-vCPU-Hours:perCPU", {"0": "0.0323800000"}, **compute),
            product("AmazonECS", "EU-Fargate-ARM-GB-Hours", {"0": "0.0035600000"}, **compute),
        ],
        "AmazonEC2": [
            box("t4g.micro", "0.0092"), box("t3.micro", "0.0114"), box("t3.medium", "0.0456"), box("c7g.medium", "0.0387"),
            box("m5.large", "0.1070"), box("m5.large", "0", capacitystatus="UnusedCapacityReservation"),
            product(
                "AmazonEC2", "EU-EBS:VolumeUsage.gp3", {"0": "0.0880000000"}, unit="GB-Mo", family="Storage",
                volumeApiName="gp3",
            ),
            product(
                "AmazonEC2", "EU-EBS:VolumeUsage.gp2", {"0": "0.1100000000"}, unit="GB-Mo", family="Storage",
                volumeApiName="gp2",
            ),
        ],
        "AmazonSageMaker": [
            product(
                "AmazonSageMaker", "EU-Host:ml.m5.large", {"0": "0.1280000000"}, family="ML Instance",
                instanceName="ml.m5.large", component="Hosting",
            ),
            # As these were called before; and training, which costs as much or less.
            product(
                "AmazonSageMaker", "EU-Host:ml.t2.medium", {"0": "0.0644000000"}, family="ML Instance",
                instanceType="ml.t2.medium-Hosting",
            ),
            product(
                "AmazonSageMaker", "EU-Train:ml.m5.large", {"0": "0.1"}, family="ML Instance", instanceName="ml.m5.large",
                component="Training",
            ),
            product("AmazonSageMaker", "EU-ServerlessInf:Mem-1GB", {"0": "0.00002"}, unit="seconds", family="ML Serverless"),
            product("AmazonSageMaker", "EU-ServerlessInf:Mem-2GB", {"0": "0.00004"}, unit="seconds", family="ML Serverless"),
            product("AmazonSageMaker", "EU-ServerlessInf:Data-Bytes-Out", {"0": "0.016"}, unit="GB", family="ML Serverless"),
        ],
        "AWSXRay": [
            product("AWSXRay", "EU-XRay-TracesStored", {"0": "0.0000050000"}, unit="traces"),
            product("AWSXRay", "EU-XRay-TracesAccessed", {"0": "0.0000005000"}, unit="traces"),
        ],
        "AmazonCloudWatch": [
            product(
                "AmazonCloudWatch", "EU-VendedLog-Bytes",
                {"0": "0.5700000000", "10240": "0.2850000000", "30720": "0.1140000000", "51200": "0.0570000000"},
                unit="GB", family="Data Payload", group="Ingested Logs",
            ),
            product("AmazonCloudWatch", "EU-VendedLog-Bytes-WAFLogs", {"0": "0.57"}, unit="GB", family="Data Payload"),
            product("AmazonCloudWatch", "EU-DataProcessing-Bytes", {"0": "0.57"}, unit="GB", family="Data Payload"),
            product("AmazonCloudWatch", "EU-TimedStorage-ByteHrs", {"0": "0.03"}, unit="GB-Mo", family="Storage Snapshot"),
            product("AmazonCloudWatch", "EU-CW:AlarmMonitorUsage", {"0": "0", "10": "0.1"}, unit="Alarms", family="Alarm"),
            product("AmazonCloudWatch", "EU-CW:HighResAlarmMonitorUsage", {"0": "0.3"}, unit="Alarms", family="Alarm"),
            product(
                "AmazonCloudWatch", "EU-CW:MetricMonitorUsage", {"0": "0.3", "10000": "0.1", "250000": "0.05"}, unit="Metrics",
                family="Metric",
            ),
            product(
                "AmazonCloudWatch", "DashboardsUsageHour", {"0": "0", "3": "3.0"}, unit="Dashboards", family="Dashboard"
            ),
        ],
        "AmazonVPC": [
            product("AmazonVPC", "EU-PublicIPv4:InUseAddress", {"0": "0.0050000000"}),
            product("AmazonVPC", "EU-PublicIPv4:IdleAddress", {"0": "0.0060000000"}),
        ],
        "AmazonStates": [
            product("AmazonStates", "EU-StateTransition", {"0": "0", "4000": "0.000025"}, unit="StateTransitions"),
            product("AmazonStates", "EU-StepFunctions-Request", {"0": "0.000001"}, unit="Requests"),
            product(
                "AmazonStates", "EU-StepFunctions-GB-Second",
                {"0": "0.00001667", "3600000": "0.00000833", "18000000": "0.00000456"}, unit="GB-Seconds",
            ),
        ],
        "AmazonS3": [
            product("AmazonS3", "EU-Requests-Tier1", {"0": "0.0000050000"}, unit="Requests", family="API Request"),
            product("AmazonS3", "EU-Requests-Tier2", {"0": "0.0000004000"}, unit="Requests", family="API Request"),
            product("AmazonS3", "EU-Requests-SIA-Tier1", {"0": "0.00001"}, unit="Requests", family="API Request"),
        ],
        "AWSELB": [
            product("AWSELB", "EU-LoadBalancerUsage", {"0": "0.0252"}, **balancer),
            product("AWSELB", "EU-LCUUsage", {"0": "0.008"}, **{**balancer, "unit": "LCU-Hrs"}),
            product("AWSELB", "EU-TS-LoadBalancerUsage", {"0": "0.005"}, **balancer),
            product("AWSELB", "EU-Outposts-LoadBalancerUsage", {"0": "0.0252"}, **balancer),
        ],
    }  # fmt: skip
