"""The error codes that the code handles exist: in botocore's models, among the common ones, or raised by botocore."""

from __future__ import annotations

import ast
from pathlib import Path

import botocore.exceptions
import pytest

import iris_model.aws
from iris_model.aws.client import failed_call, failures
from iris_model.aws.client.explain import ROWS
from tests.support.error_codes import COMMON, SERVICES, codes_of, is_known, retried_by_botocore

KNOWN = frozenset().union(*map(codes_of, SERVICES)) | COMMON | retried_by_botocore()

# What happens on this machine has codes of our own.
OURS = {
    *failures.LOCAL_CODES,
    *(
        name
        for name, kind in vars(botocore.exceptions).items()
        if isinstance(kind, type) and issubclass(kind, Exception)
    ),
}


@pytest.mark.parametrize("code", sorted({code for row in ROWS for code in row.codes}))
def test_every_code_that_is_explained_is_one_that_there_is(code: str):
    assert code in KNOWN or code in OURS


def test_every_code_that_is_tried_again_is_one_that_there_is():
    assert sorted((failed_call.TRANSIENT | failed_call.CONFLICT) - KNOWN - OURS) == []


def test_every_code_that_counts_as_absent_is_one_of_its_service():
    """`absent=` is an argument of each call, so this test reads the calls from the code."""
    wrong = []
    for path in Path(iris_model.aws.__path__[0]).rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if not (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr in ("call", "pages")
            ):
                continue
            service = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else ""
            for keyword in node.keywords:
                if keyword.arg != "absent":
                    continue
                value = (
                    constants.get(keyword.value.id, keyword.value)
                    if isinstance(keyword.value, ast.Name)
                    else keyword.value
                )
                texts = [each.value for each in ast.walk(value) if isinstance(each, ast.Constant)]
                wrong += [
                    (path.name, text) for text in texts if not is_known(str(service), str(text).partition(":")[0])
                ]
    assert wrong == []


def test_throttling_codes_are_retried():
    """Each code that the models of these services mark as throttling is retried."""
    throttling = {
        code for service in SERVICES for code in codes_of(service) if "Throttl" in code or "TooManyRequests" in code
    }
    # A concurrency limit is reported after some retries; EC2 throttling is an error of Lambda itself, a 502.
    assert throttling - failed_call.TRANSIENT - {"EC2ThrottledException"} == set()
