"""Update a price file with offers, and report what changed for every line.

A price without an offer keeps its value, date and source. If an offer differs by a large factor, the price stays until
the user accepts the offer: the likely cause is a changed unit, because real prices rarely change so much.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from iris_model.cost.prices import Price, decode_prices

QUESTIONABLE_FACTOR = Decimal(4)
"""Prices of different regions differ by a factor of less than two."""

Tiers = tuple[tuple[Decimal | None, Decimal], ...]


@dataclass(frozen=True)
class Offer:
    """The current price in a source."""

    tiers: Tiers
    source: str
    date: str


@dataclass(frozen=True)
class RefreshedPrices:
    """The new document, and its lines by result."""

    document: dict[str, Any]
    changed: Mapping[str, tuple[Decimal, Decimal]]
    """name -> the old and the new price of its first tier"""

    confirmed: tuple[str, ...]
    kept: Mapping[str, str]
    """name -> why there is nothing newer"""

    questions: Mapping[str, tuple[Decimal, Decimal]]
    """name -> the old price, which stays, and the new price, which the user has not accepted"""


def refresh_prices(
    document: Mapping[str, Any],
    offers: Mapping[str, Offer],
    reasons: Mapping[str, str],
    region: str,
    accepted: Collection[str] = (),
) -> RefreshedPrices:
    """Apply offers to a document of prices (from `read_price_file`) for a region."""
    old = decode_prices(document, "the price file")
    entries: dict[str, Any] = {}
    changed: dict[str, tuple[Decimal, Decimal]] = {}
    confirmed: list[str] = []
    kept: dict[str, str] = {}
    questions: dict[str, tuple[Decimal, Decimal]] = {}
    for name, entry in document["prices"].items():
        price, offer = old.prices.get(name), offers.get(name)
        if price is None:
            entries[name] = entry  # an allowance, the same in all regions
        elif offer is None:
            entries[name] = _keep(entry, price, old.region, region)
            kept[name] = reasons.get(name, "nothing is offered")
        elif name not in accepted and _is_questionable(price.tiers, offer.tiers):
            entries[name] = _keep(entry, price, old.region, region)
            questions[name] = (price.tiers[0][1], offer.tiers[0][1])
        else:
            entries[name] = _take(price, offer)
            if offer.tiers == price.tiers:
                confirmed.append(name)
            else:
                changed[name] = (price.tiers[0][1], offer.tiers[0][1])
    new = {**document, "region": region, "prices": entries}
    decode_prices(new, "the new price file")
    return RefreshedPrices(new, changed, tuple(confirmed), kept, questions)


def render_price_file(document: Mapping[str, Any]) -> str:
    """Return the file with one line for each price, so that diffs are readable."""
    head = [
        f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)},"
        for key, value in document.items()
        if key != "prices"
    ]
    lines = [
        f"    {json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}" for name, entry in document["prices"].items()
    ]
    return "\n".join(["{", *head, '  "prices": {', ",\n".join(lines), "  }", "}", ""])


def _take(price: Price, offer: Offer) -> dict[str, Any]:
    tiers = [[None if end is None else _plain(end), _plain(usd)] for end, usd in offer.tiers]
    return {"unit": price.unit, "tiers": tiers, "source": offer.source, "date": offer.date}


def _keep(entry: Mapping[str, Any], price: Price, old_region: str, region: str) -> dict[str, Any]:
    """Return the entry of a kept price. In another region it gets a `region` and becomes weak; in its own, neither."""
    own = price.region or old_region
    kept = {key: value for key, value in entry.items() if key != "region"}
    if own != region:
        kept["region"] = own
    return kept


def _is_questionable(old: Tiers, new: Tiers) -> bool:
    pairs = [(old[0][1], new[0][1]), (old[-1][1], new[-1][1])]
    return any(
        before > 0 and not 1 / QUESTIONABLE_FACTOR <= after / before <= QUESTIONABLE_FACTOR for before, after in pairs
    )


def _plain(number: Decimal) -> str:
    """Return a number without exponent and trailing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
