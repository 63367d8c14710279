"""What an endpoint costs, and what else it could cost: measured numbers in, money out. Nothing is bought or asked here.

The flow, a file each:

    prices        one dated file of prices, each with its source          -> PriceList
    refreshed     an older file and what a price list offers              -> a newer file
    measurement   REPORT lines, of `serve` or of CloudWatch               -> Measurement
    traffic       a shape (steady, office-hours, bursts, a file)          -> arrival times, the peak
    observed      moments of requests, from a log                         -> Traffic
    sandboxes     arrivals x measurement                                  -> share of cold starts, latency, concurrency
    processor     time at a memory size                                   -> time on a whole processor, for `servers`
    servers       a peak, a p99                                           -> how many of a server they need
    estimates     all of it                                               -> CostComponents per alternative, per month
    break_even    the estimates over the request rate                     -> where another alternative becomes cheaper
    plot          the same curves                                         -> a picture (SVG), with the elements of `drawing`
    raster        a picture (SVG)                                         -> a PNG, by a program of this machine
    tuning        a measurement for each memory size                      -> the cheapest, the fastest, the compromise

Money is `Decimal`. A price that is not known stays unknown: it is shown as unknown, and never counts as nothing.
"""

from iris_model.cost.break_even import BreakEven, Curve, find_break_evens, make_curves
from iris_model.cost.estimates import CostComponent, Estimate, Workload, estimate_all
from iris_model.cost.measurement import Measurement, read_reports, summarize_reports
from iris_model.cost.plot import render_plot
from iris_model.cost.prices import Price, PriceList, read_prices
from iris_model.cost.sandboxes import SandboxUse, simulate_sandboxes
from iris_model.cost.traffic import PATTERNS, Traffic, read_traffic

__all__ = [
    "PATTERNS",
    "BreakEven",
    "CostComponent",
    "Curve",
    "Estimate",
    "Measurement",
    "Price",
    "PriceList",
    "SandboxUse",
    "Traffic",
    "Workload",
    "estimate_all",
    "find_break_evens",
    "make_curves",
    "read_prices",
    "read_reports",
    "read_traffic",
    "render_plot",
    "simulate_sandboxes",
    "summarize_reports",
]
