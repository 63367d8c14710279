"""Environment markers (`numpy; python_version < "3.13"`): whether a dependency is one on the target.

pip judges markers by the Python that runs it, also when it downloads for another one; so a dependency of the target alone would
be missing. This judges them anew. The grammar is that of
https://packaging.python.org/en/latest/specifications/dependency-specifiers/, without arbitrary expressions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from iris_model.image.target import Target

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>'[^']*'|"[^"]*")|(?P<operator>===|==|~=|!=|<=|>=|<|>)|(?P<mark>[()])|(?P<word>[A-Za-z_.]+))"""
)
_VERSION_NAMES = ("python_version", "python_full_version", "implementation_version", "platform_release")
_ORDERS: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    "==": lambda left, right: left == right,
    "!=": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    ">": lambda left, right: left > right,
    "<=": lambda left, right: left <= right,
    ">=": lambda left, right: left >= right,
}


def environment_of(target: Target) -> dict[str, str]:
    """The variables of markers on a target."""
    return {
        "python_version": target.python,
        "python_full_version": f"{target.python}.0",
        "implementation_version": f"{target.python}.0",
        "os_name": "posix",
        "sys_platform": "linux",
        "platform_system": "Linux",
        "platform_machine": {"arm64": "aarch64"}.get(target.architecture, target.architecture),
        "platform_release": "",
        "platform_version": "",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "extra": "",
    }


def needed_on(requirement: str, target: Target, extras: Iterable[str] = ()) -> str | None:
    """The requirement without its marker if the target needs it, with one of these extras or without any; else None. One that
    cannot be read is needed."""
    plain, semicolon, marker = requirement.partition(";")
    if not semicolon:
        return plain.strip()
    environment = environment_of(target)
    try:
        needed = any(_Parser(marker, {**environment, "extra": extra}).read() for extra in ("", *extras))
    except ValueError:
        needed = True
    return plain.strip() if needed else None


class _Parser:
    def __init__(self, text: str, environment: dict[str, str]) -> None:
        self._environment = environment
        self._tokens: list[tuple[str, str]] = []
        at = 0
        while text[at:].strip():
            match = _TOKEN.match(text, at)
            if match is None or match.lastgroup is None:
                raise ValueError(text[at:])
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            at = match.end()

    def read(self) -> bool:
        value = self._either()
        if self._tokens:
            raise ValueError(self._tokens[0][1])
        return value

    def _either(self) -> bool:
        value = self._both()
        while self._take("or"):
            value = self._both() or value
        return value

    def _both(self) -> bool:
        value = self._single()
        while self._take("and"):
            value = self._single() and value
        return value

    def _single(self) -> bool:
        if self._take("("):
            value = self._either()
            if not self._take(")"):
                raise ValueError("expected )")
            return value
        left_name, left = self._operand()
        negated = self._take("not")
        kind, operator = self._next()
        right_name, right = self._operand()
        if operator == "in":
            return (left in right) != negated
        if kind != "operator" or negated:
            raise ValueError(operator)
        if left_name in _VERSION_NAMES or right_name in _VERSION_NAMES:
            return _compare_versions(left, operator, right)
        if operator in ("==", "==="):
            return left == right
        if operator == "!=":
            return left != right
        raise ValueError(operator)

    def _operand(self) -> tuple[str, str]:
        """The variable's name, if it is one, and the value."""
        kind, text = self._next()
        if kind == "text":
            return "", text[1:-1]
        name = text.replace("os.name", "os_name").replace("sys.platform", "sys_platform")
        if kind != "word" or name not in self._environment:
            raise ValueError(text)
        return name, self._environment[name]

    def _next(self) -> tuple[str, str]:
        if not self._tokens:
            raise ValueError("it ends too early")
        return self._tokens.pop(0)

    def _take(self, text: str) -> bool:
        if self._tokens and self._tokens[0][1] == text:
            self._tokens.pop(0)
            return True
        return False


def _compare_versions(left: str, operator: str, right: str) -> bool:
    if operator == "===":
        return left == right
    wild = right.endswith(".*")
    one, other = _numbers(left), _numbers(right.removesuffix(".*"))
    if operator == "~=":
        return one >= other and one[: len(other) - 1] == other[:-1]
    if wild:
        same = one[: len(other)] == other
        return same if operator == "==" else not same
    width = max(len(one), len(other))
    return _ORDERS[operator](one + (0,) * (width - len(one)), other + (0,) * (width - len(other)))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text))
