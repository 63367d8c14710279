"""What a rule is, and how one refuses."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

Function = TypeVar("Function", bound=Callable[..., object])


class Refused(Exception):
    """AWS's refusal: the code and the message of the service."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


@dataclass(frozen=True)
class Rule:
    """One rule: its number in docs/reference/aws-rules.md, the function that enforces it, and where it is written."""

    number: int
    name: str
    source: str


RULES: list[Rule] = []


def rule(number: int, source: str) -> Callable[[Function], Function]:
    """Mark a function as the one that enforces a rule."""

    def mark(function: Function) -> Function:
        RULES.append(Rule(number, f"{function.__module__.rpartition('.')[2]}.{function.__name__}", source))
        return function

    return mark
