"""The output of `serve`: addresses and curl commands."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iris_model.cli.terminal import echo
from iris_model.contract.golden import first_row

if TYPE_CHECKING:
    from iris_model.local import Addresses, FunctionSettings

_JSON_HEADER = "-H 'Content-Type: application/json' "


def example_payload(function_directory: Path) -> str:
    """Return the first golden row, a valid payload of the model, as a caller writes it."""
    from iris_model.local.browser.model import read_model

    described = read_model(function_directory)
    row = described["example"] if described is not None else first_row(function_directory)
    # For a function that iris-model did not package, an empty list is at least valid JSON.
    return json.dumps([] if row is None else row, separators=(",", ":"), ensure_ascii=False)


def curl_lines(addresses: Addresses, payload: str) -> list[str]:
    """Return the curl commands: the Invoke API, then the HTTP API."""
    return [_invoke_line(addresses.function, payload), _http_line(addresses.route, payload)]


def describe_addresses(addresses: Addresses, payload: str) -> dict[str, Any]:
    """Return the same as JSON values."""
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
    """Print the addresses as text."""
    names = ", ".join(each.name for each in functions)
    echo(f"{names} {'is' if len(functions) == 1 else 'are'} served. Press Ctrl-C to stop.\n")
    if len(functions) == 1:
        titled = zip(
            ("Invoke API", "HTTP API"), curl_lines(addresses, example_payload(functions[0].directory)), strict=True
        )
        for title, line in titled:
            echo(f"  {title:<14}{line}")
    else:
        for settings, (name, invocations, route) in zip(functions, addresses.functions, strict=True):
            payload = example_payload(settings.directory)
            echo(f"  {name}")
            echo(f"    {'Invoke API':<12}{_invoke_line(invocations, payload)}")
            echo(f"    {'HTTP API':<12}{_http_line(route, payload)}")
    for name, address in addresses.function_urls:
        echo(f"  {'Function URL':<14}{address}" + (f"  ({name})" if len(functions) > 1 else ""))
    echo(f"  {'Page':<14}{addresses.page}")
    echo(f"  {'Metrics':<14}{addresses.metrics}\n")


def find_notes(functions: Sequence[FunctionSettings], *, has_function_urls: bool) -> list[str]:
    """Return what AWS does differently from the local service, one line each."""
    from iris_model.local.front_ends.http_api import INTEGRATION_TIMEOUT_SECONDS

    notes = []
    for settings in functions:
        if settings.http.auth != "open":
            notes.append(
                f'{settings.name}: auth = "{settings.http.auth}" is not checked by `serve`; anyone can call the function'
            )
        if settings.http.endpoint == "http-api" and settings.timeout_seconds > INTEGRATION_TIMEOUT_SECONDS:
            notes.append(
                f"{settings.name}: timeout is {settings.timeout_seconds:g} s, but an HTTP API answers 503 after "
                f'{INTEGRATION_TIMEOUT_SECONDS:g} s, also in `serve`; endpoint = "function-url" waits until the function ends'
            )
        if settings.http.endpoint == "none":
            notes.append(f'{settings.name}: endpoint = "none"; the HTTP API at its route exists only in `serve`')
        elif settings.http.endpoint == "function-url":
            more = "" if has_function_urls else "; --function-url PORT serves one"
            notes.append(
                f'{settings.name}: endpoint = "function-url"; the HTTP API at its route exists only in `serve`{more}'
            )
    return notes


def _invoke_line(address: str, payload: str) -> str:
    return f"curl -XPOST {shlex.quote(address)} -d {shlex.quote(payload)}"


def _http_line(address: str, payload: str) -> str:
    return f"curl -XPOST {shlex.quote(address)} {_JSON_HEADER}-d {shlex.quote(payload)}"
