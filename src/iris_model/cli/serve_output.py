"""What `serve` prints once it listens: addresses, and lines to paste."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from iris_model.local import Addresses, FunctionSettings

_JSON_HEADER = "-H 'Content-Type: application/json' "


def example_payload(function_directory: Path) -> str:
    """Take the first golden row, which the model is known to answer."""
    try:
        row = json.loads((function_directory / "golden.json").read_bytes())[0]["row"]
    except (OSError, ValueError, LookupError, TypeError):
        row = []  # a function of another making: an empty list is JSON at least
    return json.dumps(row, separators=(",", ":"), ensure_ascii=False)


def curl_lines(addresses: Addresses, payload: str) -> list[str]:
    """Write the lines to paste: the Invoke API, then the HTTP API."""
    return [_invoke_line(addresses.function, payload), _http_line(addresses.route, payload)]


def describe_addresses(addresses: Addresses, payload: str) -> dict[str, Any]:
    """Everything as JSON values, for programs."""
    return {
        "page": addresses.page,
        "function": addresses.function,
        "route": addresses.route,
        "curl": curl_lines(addresses, payload),
        "metrics": addresses.metrics,
        "functions": [
            {"name": name, "invocations": invocations, "route": route}
            for name, invocations, route in addresses.functions
        ],
        "function_urls": dict(addresses.function_urls),
    }


def show_addresses(addresses: Addresses, functions: Sequence[FunctionSettings]) -> None:
    """The same for people."""
    names = ", ".join(each.name for each in functions)
    click.echo(f"{names} {'is' if len(functions) == 1 else 'are'} served; Ctrl-C ends it.\n")
    if len(functions) == 1:
        titled = zip(
            ("Invoke API", "HTTP API"), curl_lines(addresses, example_payload(functions[0].directory)), strict=True
        )
        for title, line in titled:
            click.echo(f"  {title:<14}{line}")
    else:
        for settings, (name, invocations, route) in zip(functions, addresses.functions, strict=True):
            payload = example_payload(settings.directory)
            click.echo(f"  {name}")
            click.echo(f"    {'Invoke API':<12}{_invoke_line(invocations, payload)}")
            click.echo(f"    {'HTTP API':<12}{_http_line(route, payload)}")
    for name, address in addresses.function_urls:
        click.echo(f"  {'Function URL':<14}{address}" + (f"  ({name})" if len(functions) > 1 else ""))
    click.echo(f"  {'Page':<14}{addresses.page}")
    click.echo(f"  {'Metrics':<14}{addresses.metrics}\n")


def find_notes(functions: Sequence[FunctionSettings], *, has_function_urls: bool) -> list[str]:
    """What the cloud will do that the local service does not, one line each."""
    notes = []
    for settings in functions:
        if settings.http.auth != "open":
            notes.append(f'{settings.name}: auth = "{settings.http.auth}" is not checked here; everybody may call')
        if settings.http.endpoint == "none":
            notes.append(f'{settings.name}: endpoint = "none"; the HTTP API at its route is there only here')
        elif settings.http.endpoint == "function-url":
            more = "" if has_function_urls else "; --function-url PORT serves one"
            notes.append(
                f'{settings.name}: endpoint = "function-url"; the HTTP API at its route is there only here{more}'
            )
    return notes


def _invoke_line(address: str, payload: str) -> str:
    return f"curl -XPOST {shlex.quote(address)} -d {shlex.quote(payload)}"


def _http_line(address: str, payload: str) -> str:
    return f"curl -XPOST {shlex.quote(address)} {_JSON_HEADER}-d {shlex.quote(payload)}"
