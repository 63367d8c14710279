"""The price file: tiers, and files from the user."""

import json
from decimal import Decimal

import pytest

from iris_model.cost import read_prices
from iris_model.cost.prices import read_price_file
from iris_model.errors import CostError


def test_a_quantity_is_priced_tier_by_tier():
    price = read_prices().find("http_api.request")
    assert price is not None
    # 300 million at 1.00 a million, the rest at 0.90.
    assert price.cost(Decimal(500_000_000)) == Decimal(300) + Decimal(180)
    assert price.cost(Decimal(0)) == 0


def test_every_price_has_a_source_and_a_date():
    for price in read_prices().prices.values():
        assert price.source and len(price.date) == len("2026-09-19"), price.name


def change(tmp_path, **changes):
    document = json.loads(read_price_file())
    document["prices"] |= changes
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(document))
    return path


def test_a_file_of_the_user_replaces_the_default(tmp_path):
    mine = {"unit": "h", "tiers": [[None, "1.5"]], "source": "my contract", "date": "2026-11-01"}
    prices = read_prices(change(tmp_path, **{"ec2.t4g.micro.hour": mine}))
    found = prices.find("ec2.t4g.micro.hour")
    assert found is not None and found.cost(Decimal(2)) == 3


@pytest.mark.parametrize(
    "entry",
    [
        {"unit": "h"},
        {"unit": "h", "tiers": [[None, 1.5]], "source": "s", "date": "d"},
        {"unit": "h", "tiers": [[None, "NaN"]], "source": "s", "date": "d"},
        {"unit": "h", "tiers": [[None, "-1"]], "source": "s", "date": "d"},
        {"unit": "h", "tiers": [["10", "1"]], "source": "s", "date": "d"},
        {"unit": "h", "tiers": [["10", "1"], ["5", "1"], [None, "1"]], "source": "s", "date": "d"},
        {"unit": "h", "tiers": [[None, "1"], [None, "2"]], "source": "s", "date": "d"},
        {"unit": "h", "tiers": [], "source": "s", "date": "d"},
        7,
    ],
)
def test_a_price_that_says_nothing_is_named(tmp_path, entry):
    with pytest.raises(CostError, match="odd"):
        read_prices(change(tmp_path, odd=entry))


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "iris-model-prices/2"}'])
def test_another_file(tmp_path, text):
    path = tmp_path / "other.json"
    path.write_text(text)
    with pytest.raises(CostError, match=r"other\.json"):
        read_prices(path)
