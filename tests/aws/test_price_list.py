"""From prices of the AWS Price List API to a price file."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from iris_model.aws.client.failed_call import Failure
from iris_model.aws.measuring.price_list import QUESTIONS, SOURCE, PublishedPrices, ask_prices
from iris_model.cost import read_prices
from iris_model.cost.prices import decode_prices, read_price_document
from iris_model.cost.refreshed import refresh_prices, render_price_file
from iris_model.errors import DeploymentError
from tests.aws.conftest import Cloud
from tests.support.fake_prices import ireland, product

REGION = "eu-west-1"
OURS = read_prices()


# The names of these in the price list are unknown: their prices come from our file, marked as weak.
UNPLACED = {"lambda.snapstart.cached_gb_second", "lambda.snapstart.restored_gb"}


def ask(cloud: Cloud, *names: str) -> PublishedPrices:
    return ask_prices(cloud.aws, REGION, names or OURS.prices, cloud.steps.append)


def only(*products: str) -> dict[str, list[str]]:
    return {json.loads(products[0])["serviceCode"]: list(products)} if products else {}


def http_api(prices: dict[str, str], **more: Any) -> str:
    settings = {"unit": "Requests", "family": "API Calls", **more}
    return product("AmazonApiGateway", "EU-ApiGatewayHttpRequest", prices, **settings)


def test_every_price_of_the_file_has_its_place_in_the_price_list():
    assert set(QUESTIONS) == set(OURS.prices) - UNPLACED


@pytest.mark.parametrize("page", [1, 100])
def test_every_price_of_a_region_is_found_among_the_others(cloud: Cloud, page: int):
    cloud.fake.products, cloud.fake.price_page = ireland(), page
    found = ask(cloud)
    assert set(found.reasons) == UNPLACED and set(found.offers) == set(OURS.prices) - UNPLACED
    first = {name: offer.tiers[0][1] for name, offer in found.offers.items()}
    assert first["ec2.m5.large.hour"] == Decimal("0.1070")
    assert first["fargate.x86_64.vcpu_hour"] == Decimal("0.04048")
    assert first["sagemaker.ml.t2.medium.hour"] == Decimal("0.0644")
    assert first["alb.hour"] == Decimal("0.0252")
    assert first["lambda.provisioned.arm64.gb_second"] == Decimal("0.0000077778")
    assert found.offers["lambda.x86_64.gb_second"].tiers == (
        (Decimal(6_000_000_000), Decimal("0.0000166667")),
        (Decimal(15_000_000_000), Decimal("0.000015")),
        (None, Decimal("0.0000133334")),
    )
    assert {(offer.source, offer.date) for offer in found.offers.values()} == {(SOURCE, "2026-11-20")}


def test_the_same_products_are_asked_for_once(cloud: Cloud):
    cloud.fake.products = ireland()
    ask(cloud)
    assert len(cloud.fake.calls) == len({json.dumps(each, sort_keys=True) for _, _, each in cloud.fake.calls})


@pytest.mark.parametrize(
    ("products", "reason"),
    [
        ([], "no such product in this region"),
        ([http_api({"0": "0.000001"}, region="us-east-1")], "no such product in this region"),
        ([http_api({"0": "7.3"}, currency="CNY")], "in CNY, not in USD"),
        ([http_api({"0": "0.000001"}, unit="Hrs")], "its unit in the price list is Hrs"),
        ([http_api({"10": "0.000001"})], "have gaps"),
        ([http_api({"0": "NaN"})], "have gaps"),
        ([http_api({"0": "many"})], "an unknown format"),
        ([http_api({"0": "0"})], "free"),
        ([http_api({"0": "0.000001"}), http_api({"0": "0.000002"})], "2 different prices"),
        ([http_api({"0": "0.000001"}, effective="2027-01-01T00:00:00Z")], "an unknown format"),
    ],
)
def test_an_invalid_price_is_rejected_with_a_reason(cloud: Cloud, products: list[str], reason: str):
    cloud.fake.products = only(*products)
    assert reason in ask(cloud, "http_api.request").reasons["http_api.request"]


def test_duplicate_and_future_prices_are_ignored(cloud: Cloud):
    now = json.loads(http_api({"0": "0.000001"}))
    later = json.loads(http_api({"0": "0.000009"}, effective="2026-12-01T00:00:00Z"))
    now["terms"]["OnDemand"]["later"] = next(iter(later["terms"]["OnDemand"].values()))
    cloud.fake.products = only(json.dumps(now), http_api({"0": "0.000001"}))
    assert ask(cloud, "http_api.request").offers["http_api.request"].tiers == ((None, Decimal("0.000001")),)


def test_an_attribute_that_the_service_does_not_know_is_no_end(cloud: Cloud):
    cloud.fake.products = ireland()

    def refuse(number: int, service: str, operation: str) -> None:
        if cloud.fake.calls[-1][2]["ServiceCode"] == "AmazonSageMaker":
            raise Failure(service, operation, "InvalidParameterException", "Invalid filter field", 400)

    cloud.fake.before = refuse
    found = ask(cloud)
    assert set(found.reasons) == {name for name in OURS.prices if name.startswith("sagemaker.")} | UNPLACED


def test_no_permission(cloud: Cloud):
    def refuse(number: int, service: str, operation: str) -> None:
        raise Failure(service, operation, "AccessDeniedException", "not authorized", 400)

    cloud.fake.before = refuse
    with pytest.raises(DeploymentError, match="not allowed") as caught:
        ask(cloud)
    assert "pricing:GetProducts" in caught.value.remedy


def test_from_the_price_list_to_a_file_that_cost_reads(cloud: Cloud):
    cloud.fake.products = ireland()
    del cloud.fake.products["AmazonECR"]
    cloud.fake.products["AmazonApiGateway"] = [http_api({"0": "0.0000111", "300000000": "0.00001"})]
    published = ask(cloud)
    refreshed = refresh_prices(read_price_document(), published.offers, published.reasons, REGION)
    prices = decode_prices(json.loads(render_price_file(refreshed.document)), "new")
    assert prices.region == REGION and prices.allowances == OURS.allowances
    # Not offered: the old one, with its date and source, and a mark that it is of another region.
    kept, old = prices.prices["ecr.storage_gb_month"], OURS.prices["ecr.storage_gb_month"]
    assert (kept.tiers, kept.date, kept.source) == (old.tiers, old.date, old.source)
    assert (kept.region, kept.is_weak) == ("us-east-1", True)
    # Off by a factor of ten: needs a check.
    assert refreshed.questions == {"http_api.request": (Decimal("0.000001"), Decimal("0.0000111"))}
    assert prices.prices["http_api.request"].tiers == OURS.prices["http_api.request"].tiers
    # Weak before, and now of the source itself.
    assert OURS.prices["sagemaker.ml.t2.medium.hour"].is_weak
    assert not prices.prices["sagemaker.ml.t2.medium.hour"].is_weak
    assert "lambda.x86_64.gb_second" in refreshed.confirmed
    assert refreshed.changed["ec2.m5.large.hour"] == (Decimal("0.096"), Decimal("0.1070"))
    accepted = refresh_prices(
        read_price_document(), published.offers, published.reasons, REGION, accepted=["http_api.request"]
    )
    taken = decode_prices(accepted.document, "new").prices["http_api.request"]
    assert taken.tiers == ((Decimal(300_000_000), Decimal("0.0000111")), (None, Decimal("0.00001")))


def test_a_kept_price_is_not_weak_in_its_own_region():
    there = refresh_prices(read_price_document(), {}, {}, REGION).document
    back = refresh_prices(there, {}, {}, "us-east-1")
    assert decode_prices(back.document, "back").prices == OURS.prices
    assert set(back.kept) == set(OURS.prices)
