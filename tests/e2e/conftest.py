"""The images of the container tests, each built once per run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol

from iris_model.aws.access.permissions import Names, make_policy
from tests.e2e.function_directory import lay_functions
from tests.e2e.playground_page import Opened, network_changes, opened
from tests.support.browser import launch
from tests.support.docker_base import build_image, lambda_base, plain_base
from tests.support.docker_engine import build, engine
from tests.support.iris_project import function_image, other_model, write_iris_project
from tests.support.ministack_cloud import ACCOUNT, REGION, SHARED, Cloud, Pushed, run_cloud
from tests.support.ministack_install import ministack_python
from tests.support.requirement import require
from tests.support.rie_binary import REPOSITORY
from tests.support.token_issuer import Issuer, token_issuer

MOST_TRIES = 4


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    """Run a test of the page again if it failed while the machine's network changed."""
    if "browser" not in getattr(item, "fixturenames", ()):
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for _ in range(MOST_TRIES):
        before = len(network_changes)
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        if len(network_changes) == before or not any(report.failed for report in reports):
            break
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.fixture(scope="session")
def lambda_python() -> str:
    """The base image that the Dockerfile names."""
    require(engine)
    return require(lambda: lambda_base("3.13"))


@pytest.fixture(scope="session")
def older_lambda_python() -> str:
    """The base image of the oldest Python that we support."""
    require(engine)
    return require(lambda: lambda_base("3.11"))


@pytest.fixture(scope="session")
def slim_python(older_lambda_python: str) -> str:
    """A base image without anything of Lambda: no emulator, no awslambdaric, no entry point."""
    return require(lambda: plain_base("3.11"))


@pytest.fixture(scope="session")
def iris_image(lambda_python: str) -> str:
    """What `docker build -t iris-inference-image .` makes at the root."""
    return build("iris-inference-image:latest", REPOSITORY, build_arguments={"BUILD_IMAGE": build_image(lambda_python)})


@pytest.fixture(scope="session")
def slim_iris_image(slim_python: str, older_lambda_python: str) -> str:
    """The same, on the slim base."""
    arguments = {"BASE_IMAGE": slim_python, "BUILD_IMAGE": build_image(older_lambda_python)}
    return build("iris-model-test/iris-on-slim:latest", REPOSITORY, build_arguments=arguments)


@pytest.fixture(scope="session")
def functions_image(lambda_python: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The functions of the table, on the base image and with its own entry point."""
    context = tmp_path_factory.mktemp("functions")
    lay_functions(context / "task")
    (context / "Dockerfile").write_text(f"FROM {lambda_python}\nCOPY task /var/task\n")
    return build("iris-model-test/functions:latest", Path(context))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, once per module: as long as it runs, Playwright's event loop runs in this thread, and no other can."""
    with ExitStack() as stack:
        yield require(lambda: stack.enter_context(launch()))


@pytest.fixture(scope="session")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Issuer]:
    """The issuer of the tokens for an endpoint with JWT."""
    with token_issuer(tmp_path_factory.mktemp("issuer")) as issuer:
        yield issuer


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory, lambda_python: str, issuer: Issuer) -> Iterator[Cloud]:
    """An account of AWS, once per worker."""
    require(ministack_python)
    with run_cloud(tmp_path_factory.mktemp("ministack"), issuer.certificate) as account:
        yield account


@pytest.fixture(scope="session")
def deployer(cloud: Cloud) -> Cloud:
    """The account, for a user who has only the policy of docs/reference/permissions.md."""
    policy = make_policy(Names(account=ACCOUNT, region=REGION, function="*", stack="*", repository="*"))
    return cloud.as_new_user("deployer", policy)


@pytest.fixture(scope="session")
def pushed(cloud: Cloud, lambda_python: str, tmp_path_factory: pytest.TempPathFactory) -> Pushed:
    """The images of the iris model and of another one, in a repository that the projects of the tests share."""
    home = tmp_path_factory.mktemp("images")
    iris = function_image(write_iris_project(home / "iris", "iris"), lambda_python, "deploy-iris")
    other = function_image(write_iris_project(home / "other", "iris", other_model()), lambda_python, "deploy-other")
    cloud.client("ecr").create_repository(repositoryName=SHARED, tags=[{"Key": "iris-model", "Value": SHARED}])
    return Pushed(iris, cloud.push(iris, SHARED, "iris"), other, cloud.push(other, SHARED, "other"))


@pytest.fixture
def page(browser: Any, service: Any) -> Iterator[Opened]:
    """The page of a module's `service`, with its form filled in and answered."""
    with opened(browser, service.url) as page:
        page.page.wait_for_selector("#scatter .asked")
        yield page
