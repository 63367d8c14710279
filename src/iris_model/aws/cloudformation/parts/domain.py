"""`[domain]`: a custom domain for the HTTP API."""

from __future__ import annotations

from typing import Any

from iris_model.aws.cloudformation.logical_ids import DOMAIN_OUTPUT
from iris_model.aws.cloudformation.parts.part import Part
from iris_model.aws.cloudformation.yaml_text import get_att, ref
from iris_model.contract.deployment import Deployment

_DOMAIN = "Domain"
_COMMENT = "Host name of the HTTP API. The path has no stage."


def add_domain(deployment: Deployment) -> Part:
    """Add the domain, its API mapping, and a DNS record if the hosted zone is configured."""
    domain = deployment.domain
    if domain is None or deployment.endpoint.kind != "http-api":
        return Part()
    tags = {"Tags": dict(sorted(deployment.tags.items()))} if deployment.tags else {}
    configuration = {
        "CertificateArn": domain.certificate,
        "EndpointType": "REGIONAL",
        "SecurityPolicy": "TLS_1_2",
    }
    resources: dict[str, Any] = {
        _DOMAIN: {
            "Type": "AWS::ApiGatewayV2::DomainName",
            "Properties": {"DomainName": domain.name, "DomainNameConfigurations": [configuration], **tags},
        },
        "DomainMapping": {
            "Type": "AWS::ApiGatewayV2::ApiMapping",
            "Properties": {"ApiId": ref("HttpApi"), "DomainName": ref(_DOMAIN), "Stage": ref("Stage")},
        },
    }
    target = get_att(f"{_DOMAIN}.RegionalDomainName")
    outputs: dict[str, Any] = {
        DOMAIN_OUTPUT: {
            "Description": "Address with the host name.",
            "Value": f"https://{domain.name}{deployment.endpoint.route}",
        }
    }
    if domain.hosted_zone:
        alias = {"DNSName": target, "HostedZoneId": get_att(f"{_DOMAIN}.RegionalHostedZoneId")}
        resources["DomainRecord"] = {
            "Type": "AWS::Route53::RecordSet",
            "Properties": {"HostedZoneId": domain.hosted_zone, "Name": domain.name, "Type": "A", "AliasTarget": alias},
        }
    else:
        outputs["DomainTarget"] = {
            "Description": "Target of the DNS record (CNAME) for the host name.",
            "Value": target,
        }
    return Part(resources, {_DOMAIN: _COMMENT}, outputs)
