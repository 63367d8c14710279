"""Estimate the monthly cost of an endpoint and of its alternatives from measurements.

This package buys nothing and calls no service. The flow, one file each:

    prices        one dated file of prices, each with its source          -> PriceList
    refreshed     an older file and the offers of a price list            -> a newer file
    measurement   REPORT lines, of `serve` or of CloudWatch               -> Measurement
    traffic       a pattern (steady, office-hours, bursts, a file)        -> arrival times, the peak
    observed      times of requests, from a log                           -> Traffic
    sandboxes     arrivals x measurement                                  -> share of cold starts, latency, concurrency
    processor     time at a memory size                                   -> time on a whole vCPU, for `servers`
    servers       a peak, a p99                                           -> the number of servers
    workload      all of these                                            -> the input, and the form of the estimates
    function_costs, server_costs                                          -> CostComponents of one alternative, per month
    estimates     every alternative                                       -> Estimates
    break_even    the estimates over the request rate                     -> where another alternative becomes cheaper
    plot          the same curves                                         -> a picture (SVG), with the elements of `drawing`
    raster        a picture (SVG)                                         -> a PNG, by a program of this machine
    tuning        a measurement for each memory size                      -> the cheapest, the fastest, the compromise

Amounts are `Decimal`. An unknown price is shown as unknown, and never counts as zero.
"""

from iris_model.cost.break_even import BreakEven, Curve, find_break_evens, make_curves
from iris_model.cost.estimates import estimate_all
from iris_model.cost.measurement import Measurement, read_reports, summarize_reports
from iris_model.cost.plot import render_plot
from iris_model.cost.prices import Price, PriceList, read_prices
from iris_model.cost.sandboxes import SandboxUse, simulate_sandboxes
from iris_model.cost.traffic import PATTERNS, Traffic, read_traffic
from iris_model.cost.workload import CostComponent, Estimate, Surroundings, Workload

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
    "Surroundings",
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
