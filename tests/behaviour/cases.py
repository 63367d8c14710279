"""All rows of the behaviour table."""

from tests.behaviour.failure_cases import FAILURE_CASES
from tests.behaviour.http_cases import HTTP_CASES
from tests.behaviour.invoke_cases import INVOKE_CASES

CASES = [*INVOKE_CASES, *FAILURE_CASES, *HTTP_CASES]
