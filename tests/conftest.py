"""Prints the counts of the zoo at the end of the run, whatever number of workers ran it.

Tests marked `slow` run only where the marker is asked for: pytest -m slow, or -m "e2e or slow". Each worker has a cache of
its own, so that no run finds what an earlier one left in the user's.
"""

import os
import tempfile

CACHE_VARIABLE = "IRIS_MODEL_CACHE"


def pytest_configure(config):
    cache = tempfile.TemporaryDirectory(prefix="iris-model-tests-", ignore_cleanup_errors=True)
    config.add_cleanup(cache.cleanup)
    os.environ[CACHE_VARIABLE] = cache.name
    config.addinivalue_line("markers", "slow: a larger zoo, run in CI")


def pytest_collection_modifyitems(config, items):
    if "slow" in config.option.markexpr:
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in set(slow)]


def pytest_terminal_summary(terminalreporter):
    reports = [
        r for r in terminalreporter.getreports("passed") + terminalreporter.getreports("failed") if r.when == "call"
    ]
    found = [dict(report.user_properties) for report in reports]
    animals = [properties for properties in found if "parity" in properties]
    if animals:
        counts = {word: sum(one["parity"] == word for one in animals) for word in ("exact", "refused", "wrong")}
        rows = sum(one.get("rows", 0) for one in animals)
        terminalreporter.write_line(
            f"parity: {len(animals)} models, {counts['exact'] + counts['wrong']} compiled, {counts['exact']} exact, "
            f"{counts['refused']} refused, {counts['wrong']} wrong; {rows:,} rows compared"
        )
