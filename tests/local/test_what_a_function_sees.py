"""What a function may do to its log, its results and its imports: the same under our runtime and under awslambdaric."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from iris_model.local import FunctionSettings
from tests.local.conftest import make_settings
from tests.support.local_service import HANDLERS, running

Settings = Callable[..., FunctionSettings]


@pytest.mark.parametrize("log_format", ["Text", "JSON"])
def test_its_own_formatter_and_filter(settings: Settings, log_format: str) -> None:
    with running(settings(handler="seen.handler", log_format=log_format)) as service:
        assert service.invoke({"do": "own_format"}).json() == 1
        assert "INFO|True|shown|None" in service.lines
        assert not [line for line in service.lines if "hide me" in line]


def test_bytes_as_keys_and_objects_with_asdict(settings: Settings) -> None:
    with running(settings(handler="seen.handler")) as service:
        assert service.invoke({"do": "bytes_keys"}).json() == {"k": 1, "more": {"ü": ["x"]}}
        row = {"a": 1, "b": [{"left": "bytes"}]}
        assert service.invoke({"do": "as_dict"}).json() == [row, {"row": row}]


@pytest.mark.parametrize("end", ["exit", "timeout"])
def test_output_without_a_line_feed_is_kept(settings: Settings, end: str) -> None:
    with running(settings(handler="seen.handler", timeout_seconds=1)) as service:
        service.invoke({"do": "words_then", "end": end})
        assert "last words and more" in service.lines


def test_a_vendored_package_is_found_before_the_tools(tmp_path: Path) -> None:
    """As after `pip install iris-model`: the runtime lies among the tool's packages, which must not come first."""
    site = tmp_path / "site-packages"
    (site / "vendored").mkdir(parents=True)
    (site / "vendored" / "__init__.py").write_text("")
    package = Path(sys.modules["iris_model"].__file__ or "").parent
    (site / "iris_model").symlink_to(package)
    function = tmp_path / "function"
    (function / "vendored").mkdir(parents=True)
    (function / "vendored" / "__init__.py").write_text("")
    (function / "seen.py").write_text((HANDLERS / "seen.py").read_text())
    program = f"""
import sys; sys.path.insert(0, {str(site)!r})
from pathlib import Path
from iris_model.local import FunctionSettings, invoke_once
import iris_model; assert iris_model.__file__.startswith({str(site)!r})
settings = FunctionSettings(name="seen", directory=Path({str(function)!r}), handler="seen.handler", timeout_seconds=10)
print(invoke_once(settings, b'{{"do": "find_modules"}}').payload.decode())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert str(function / "vendored") in done.stdout, done.stdout + done.stderr
    assert str(site) not in done.stdout


@pytest.mark.slow
def test_sentry_finds_what_it_replaces(tmp_path: Path) -> None:
    (tmp_path / "watched.py").write_text(
        """
import sys, sysconfig
sys.path.append(sysconfig.get_path("purelib"))
import sentry_sdk
from sentry_sdk.integrations.aws_lambda import AwsLambdaIntegration
from sentry_sdk.transport import Transport

class Printing(Transport):
    def capture_envelope(self, envelope):
        event = envelope.get_event()
        if event is not None:
            print("SENT", event["exception"]["values"][0]["value"], event["extra"]["lambda"]["function_name"])

sentry_sdk.init(dsn="http://key@127.0.0.1/1", transport=Printing, integrations=[AwsLambdaIntegration()])

def handler(event, context):
    raise ValueError("seen by sentry")
"""
    )
    settings = make_settings(directory=tmp_path, handler="watched.handler", timeout_seconds=20)
    with running(settings) as service:
        assert service.invoke({}).json()["errorType"] == "ValueError"
        assert [line for line in service.lines if line.startswith("SENT")] == ["SENT seen by sentry behave"]
