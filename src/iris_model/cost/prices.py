"""Prices: one file, each with unit, source and date. A user may provide another file in the same form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from importlib import resources
from pathlib import Path
from typing import Any

from iris_model.errors import CostError

PRICES_FORMAT = "iris-model-prices/1"
_REMEDY = "Start with the output of `iris-model cost --show-prices`."


@dataclass(frozen=True)
class Price:
    """US dollars per unit, by tier: each tier applies up to a monthly quantity, the last one to the rest."""

    name: str
    unit: str
    tiers: tuple[tuple[Decimal | None, Decimal], ...]
    source: str
    date: str
    is_weak: bool = False
    """Whether the source is secondary, undated, or of another region. Results that use the price are marked."""

    region: str = ""
    """The region of the price, if it is not the region of the file."""

    def cost(self, quantity: Decimal) -> Decimal:
        """Return the cost of a monthly quantity, each part at the price of its tier."""
        total, below = Decimal(0), Decimal(0)
        for end, usd in self.tiers:
            part = (quantity if end is None else min(quantity, end)) - below
            if part <= 0:
                break
            total += part * usd
            below += part
        return total


@dataclass(frozen=True)
class PriceList:
    """All prices of one region."""

    region: str
    prices: Mapping[str, Price]
    allowances: Mapping[str, Decimal]
    """The free quantities of a month, by name."""

    def find(self, name: str) -> Price | None:
        """Return the price, or None if unknown."""
        return self.prices.get(name)


def read_prices(path: Path | None = None) -> PriceList:
    """Return the prices of the file (by default our own). Raises CostError, which names every wrong line."""
    where = str(path) if path is not None else "prices.json"
    return decode_prices(read_price_document(path), where)


def read_price_document(path: Path | None = None) -> Any:
    """Return the parsed document of the file, unchecked."""
    where = str(path) if path is not None else "prices.json"
    try:
        return json.loads(read_price_file(path))
    except (OSError, ValueError) as error:
        raise CostError(f"{where} cannot be read ({error}); expected a price file", remedy=_REMEDY) from None


def decode_prices(document: Any, where: str) -> PriceList:
    """Return the prices of a document. Raises CostError, which names every wrong line."""
    if not isinstance(document, dict) or document.get("format") != PRICES_FORMAT:
        found = document.get("format") if isinstance(document, dict) else None
        raise CostError(f"{where} has the format {found!r}; expected {PRICES_FORMAT!r}", remedy=_REMEDY)
    entries = document.get("prices")
    if not isinstance(entries, dict) or document.get("currency") != "USD":
        raise CostError(f"{where}: expected a table of prices in USD", remedy=_REMEDY)
    prices: dict[str, Price] = {}
    allowances: dict[str, Decimal] = {}
    problems = []
    for name, entry in entries.items():
        try:
            if "quantity" in entry:
                allowances[name] = _number(entry["quantity"])
            else:
                prices[name] = _decode_price(name, entry)
        except (KeyError, TypeError, ValueError) as error:
            problems.append(f"  - {name}: {error}")
    if problems:
        raise CostError(f"{where} has invalid prices:\n" + "\n".join(problems), remedy=_REMEDY)
    return PriceList(str(document.get("region", "unknown")), prices, allowances)


def read_price_file(path: Path | None = None) -> str:
    """Return the text of the price file."""
    if path is not None:
        return path.read_text(encoding="utf-8")
    return resources.files("iris_model.cost").joinpath("prices.json").read_text(encoding="utf-8")


def _decode_price(name: str, entry: Mapping[str, Any]) -> Price:
    missing = [key for key in ("unit", "tiers", "source", "date") if key not in entry]
    if missing:
        raise ValueError(f"{', '.join(missing)} missing")
    tiers = []
    below = Decimal(0)
    for end, usd in entry["tiers"]:
        limit = None if end is None else _number(end)
        if below is None or (limit is not None and limit <= below):
            raise ValueError("tier limits must grow, and the last one must be null")
        tiers.append((limit, _number(usd)))
        below = limit  # type: ignore[assignment]
    if not tiers or below is not None:
        raise ValueError("the limit of the last tier must be null")
    region = str(entry.get("region", ""))
    return Price(
        name,
        str(entry["unit"]),
        tuple(tiers),
        str(entry["source"]),
        str(entry["date"]),
        bool(entry.get("weak") or region),
        region,
    )


def _number(value: object) -> Decimal:
    try:
        number = Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite() or number < 0:
        raise ValueError(f"{value!r} is not an amount; expected a string with a number of at least 0")
    return number
