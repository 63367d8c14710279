"""Settings of every run: its cache, its random numbers, its time limits, and the counts of the zoo at its end.

Tests marked `slow` run only where the marker is asked for: pytest -m slow, or `make e2e`. Each worker has a cache of its own, so
that no run finds what an earlier one left in the user's.

Hypothesis draws the same examples each time, and few, except where slow tests are asked for: there it draws more, others in
each run, and the head of the report names the seed that draws them again. CI sets IRIS_MODEL_SEED: the same change gets the
same verdict there.
"""

import gc
import os
import tempfile

import pytest

CACHE_VARIABLE = "IRIS_MODEL_CACHE"

# Seconds for one test with its fixtures, far above what any test needs: a hanging test is named instead of blocking the run.
LIMIT, LIMIT_OF_SLOW_TESTS = 120, 900

# Profiles of Hypothesis: the same few examples, for `make test`; and others in each run, as many as it usually draws.
QUICK, QUICK_EXAMPLES, RANDOM = "quick", 10, "random"

# Collecting makes many objects and frees few. Each look of the garbage collector at all of them is in vain: they are a quarter
# of the time that collecting takes.
gc.disable()

# The threads of OpenMP wait for more work by spinning. With a worker of pytest on each core they take a third of its time
# from the other one. Set before any library with OpenMP is loaded; how many threads there are does not change.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

# In `make test` the libraries have a thread each, because a worker is on each core already. In `make e2e` they have as many as
# they choose.
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


def with_slow_tests(config):
    return "slow" in config.option.markexpr


def with_images(config):
    return config.option.markexpr.startswith("e2e")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    cache = tempfile.TemporaryDirectory(prefix="iris-model-tests-", ignore_cleanup_errors=True)
    config.add_cleanup(cache.cleanup)
    os.environ[CACHE_VARIABLE] = cache.name
    if not with_slow_tests(config) and not with_images(config):
        for variable in ONE_THREAD:
            os.environ.setdefault(variable, "1")
    # The plugins read their options after this; the workers inherit the options of the main process.
    if config.pluginmanager.hasplugin("timeout") and config.option.timeout is None:
        long = with_slow_tests(config) or with_images(config)
        config.option.timeout = LIMIT_OF_SLOW_TESTS if long else LIMIT
    if config.pluginmanager.hasplugin("hypothesispytest") and config.option.hypothesis_profile is None:
        config.option.hypothesis_profile = RANDOM if with_slow_tests(config) else QUICK
    if getattr(config.option, "hypothesis_profile", None) in (QUICK, RANDOM):
        from hypothesis import settings

        settings.register_profile(QUICK, settings.get_profile("ci"), max_examples=QUICK_EXAMPLES)
        settings.register_profile(RANDOM, deadline=None, derandomize=False, database=None, print_blob=True)
        if config.option.hypothesis_profile == RANDOM and config.option.hypothesis_seed is None:
            from tests.support.seed import choose_seed

            config.option.hypothesis_seed = str(choose_seed())


def pytest_report_header(config):
    if getattr(config.option, "hypothesis_seed", None) is not None:
        return f"hypothesis: other examples in each run; these again: --hypothesis-seed={config.option.hypothesis_seed}"
    return None


def pytest_collection_modifyitems(config, items):
    if with_slow_tests(config):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    if slow:
        config.hook.pytest_deselected(items=slow)
        items[:] = [item for item in items if item not in set(slow)]


def pytest_collection_finish(session):
    """What the libraries and the tests consist of stays to the end: the garbage collector need not look at it again."""
    gc.collect()
    gc.freeze()
    gc.enable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    if item.get_closest_marker("awslambdaric"):
        from tests.support.requirement import find_awslambdaric, require

        require(find_awslambdaric)


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
    fallback = [properties for properties in found if "fallback" in properties]
    if fallback:
        exact = sum(one["fallback"] == "exact" for one in fallback)
        rows = sum(one.get("rows", 0) for one in fallback)
        terminalreporter.write_line(
            f"fallback: {len(fallback)} models, {exact} exact, wrong {len(fallback) - exact}; {rows:,} rows compared"
        )
