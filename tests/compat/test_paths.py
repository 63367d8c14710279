"""The paths of SageMaker, KServe and MLflow, as `more-routes` of a project."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.compat.conftest import Served
from tests.support.local_service import RunningService


def sagemaker(served: Served) -> Any:
    return boto3.client(
        "sagemaker-runtime",
        endpoint_url=served.service.url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(retries={"max_attempts": 0}),
    )


@pytest.mark.parametrize(
    "path",
    [
        "/ping",
        "/v1/models/iris",
        "/v2/models/iris",
        "/v2/models/iris/ready",
        "/v2/health/live",
        "/v2/health/ready",
        "/v2",
    ],
)
def test_probes(served: Served, path: str) -> None:
    reply = served.service.request("GET", path)
    assert reply.status == 200
    if "/v2" not in path:  # the model card; KServe v1 asks it for `ready`
        assert (reply.json()["name"], reply.json()["ready"]) == ("iris_trained_model", True)
    # No route has this method.
    assert served.service.request("POST", path, b"[5.1, 3.5, 1.4, 0.2]").status == 404


def test_a_function_url_has_every_path(served: Served) -> None:
    assert served.service.lambda_ is not None
    url = dict(served.service.lambda_.addresses.function_urls)["iris"].rstrip("/")
    other = RunningService(url=url)
    assert other.request("GET", "/v2/models/other/ready").status == 200
    body = json.dumps({"instances": served.rows.tolist()}).encode()
    for path in ("/", "/invocations", "/v1/models/other:predict"):
        assert other.request("POST", path, body).json() == {"predictions": served.labels}


def test_kserve_v1(served: Served) -> None:
    body = json.dumps({"instances": served.rows.tolist()}).encode()
    reply = served.service.request("POST", "/v1/models/iris:predict", body, {"Content-Type": "application/json"})
    assert reply.json() == {"predictions": served.labels}
    reply = served.service.request("POST", "/v1/models/iris:predict", b'{"instances": [[1]]}')
    assert reply.status == 422
    assert reply.json()["error"].startswith("row 0 has 1 value; expected a list of 4")


def test_boto3_calls_a_sagemaker_endpoint(served: Served) -> None:
    client = sagemaker(served)
    for content_type, body in (
        ("text/csv", served.named.to_csv(index=False, header=False)),
        ("application/json", served.named.to_json(orient="records")),
    ):
        answer = client.invoke_endpoint(
            EndpointName="iris", ContentType=content_type, Accept="application/json", Body=body
        )
        predictions = json.load(answer["Body"])["predictions"]
        assert [item["prediction"] for item in predictions] == served.labels
    with pytest.raises(ClientError) as caught:
        client.invoke_endpoint(EndpointName="iris", ContentType="text/csv", Body="1,2\n")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 422


def test_the_container_contract_of_sagemaker(served: Served) -> None:
    """https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-inference-code.html"""
    assert served.service.request("GET", "/ping").status == 200
    reply = served.service.request(
        "POST", "/invocations", b"5.1,3.5,1.4,0.2\n", {"Content-Type": "text/csv", "Accept": "text/csv"}
    )
    assert (reply.status, reply.body.splitlines()[1].split(b",")[0]) == (200, b"setosa")
    reply = served.service.request("POST", "/invocations", b"{", {"Content-Type": "application/x-npy"})
    assert (reply.status, reply.header("accept-post")) == (415, "application/json, text/csv")
