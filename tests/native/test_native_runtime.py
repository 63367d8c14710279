"""The native runtime answers and logs the bytes of the Python runtime."""

from __future__ import annotations

import base64
import gzip
import json
import platform
import struct
import time
from pathlib import Path

import pytest
from safetensors.numpy import save

from iris_model.contract.architecture import Architecture
from iris_model.project.packaging.native import find_bootstrap
from tests.native.building import SANITIZED, WARNINGS, build
from tests.native.comparing import compare
from tests.native.models import GRAPH, MODELS, OUTPUTS, ordinary, write_function
from tests.native.reference import Reference
from tests.native.sandbox import start
from tests.support.lambda_events import http_api_2
from tests.support.tiny_model import CLASSES, TENSORS, columns, metadata


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_function(tmp_path_factory.mktemp("function"), ordinary()[1])


@pytest.mark.parametrize("name", MODELS)
def test_it_answers_and_logs_the_bytes_of_the_python_runtime(executable: list[str], tmp_path: Path, name: str) -> None:
    names, model = MODELS[name]()
    directory = write_function(tmp_path / "function", model)
    outcomes = compare(executable, directory, names, "quick", 600, tmp_path / "log")
    assert {"InvalidInput", "answer", "200", "400", "405", "415", "422", "Runtime.UnmarshalError"} <= set(outcomes)


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return [str(build(tmp_path_factory.mktemp("sanitized") / "bootstrap", SANITIZED))]


@pytest.mark.slow
@pytest.mark.parametrize("count", [8_000, pytest.param(40_000, marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("name", MODELS)
def test_the_executable_has_no_memory_errors(sanitized: list[str], tmp_path: Path, name: str, count: int) -> None:
    names, model = MODELS[name]()
    directory = write_function(tmp_path / "function", model)
    compare(sanitized, directory, names, "long", count, tmp_path / "log")


@pytest.mark.slow
def test_it_compiles_without_a_warning(tmp_path: Path) -> None:
    build(tmp_path / "bootstrap", ["-O2", *WARNINGS])


def test_a_long_answer_is_compressed_for_clients_that_accept_it(
    executable: list[str], function: Path, tmp_path: Path
) -> None:
    rows = [[index, 1.5, index / 7, -1.0] for index in range(1, 3000)]
    with start(executable, function, tmp_path / "log") as sandbox:
        plain = json.loads(sandbox.ask(json.dumps(http_api_2(json.dumps(rows))).encode()).body)
        event = http_api_2(json.dumps(rows), accept_encoding="gzip")
        packed = json.loads(sandbox.ask(json.dumps(event).encode()).body)
    assert packed["headers"] == {**plain["headers"], "content-encoding": "gzip"}
    data = base64.b64decode(packed["body"])
    assert gzip.decompress(data).decode() == plain["body"]
    assert len(data) < len(plain["body"]) / 4


def test_the_log_has_the_format_of_the_platform(executable: list[str], function: Path, tmp_path: Path) -> None:
    with start(executable, function, tmp_path / "log", {"AWS_LAMBDA_LOG_FORMAT": "JSON"}) as sandbox:
        document = json.loads(sandbox.ask(b"[1]").body)
        record = json.loads(sandbox.read_log())
    assert list(record) == ["timestamp", "level", *document]
    assert record["level"] == "ERROR"
    assert {key: record[key] for key in document} == document
    assert abs(time.mktime(time.strptime(record["timestamp"], "%Y-%m-%dT%H:%M:%SZ")) - time.timezone - time.time()) < 60


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda path: path.unlink(), "No such file or directory"),
        (lambda path: path.write_bytes(path.read_bytes()[:5]), "it has 5 bytes, too few for a header"),
        (lambda path: path.write_bytes(path.read_bytes()[:-8]), "does not fit a file of"),
        (lambda path: path.write_bytes(struct.pack("<Q", 1 << 40) + path.read_bytes()[8:]), "its header should have"),
    ],
    ids=["absent", "short", "truncated", "header"],
)
def test_a_damaged_model_is_an_error_of_the_init(executable: list[str], tmp_path: Path, change, words: str) -> None:
    directory = write_function(tmp_path / "function", ordinary()[1])
    change(directory / "iris_trained_model.safetensors")
    with start(executable, directory, tmp_path / "log") as sandbox:
        posted = sandbox.take_post()
        assert sandbox.process.wait(10) == 1
    document = json.loads(posted.body)
    assert posted.call == "init/error"
    assert posted.error_type == document["errorType"] == "ModelFormatError"
    assert words in document["errorMessage"]
    assert document["requestId"] == ""
    assert "line 3, in <module>" in document["stackTrace"][0]


def test_every_damaged_byte_is_an_error_or_harmless(tmp_path: Path) -> None:
    """The header is checked when the model is opened; a damaged number is only another number."""
    data = ordinary()[1]
    found = find_bootstrap(str(Architecture.named(platform.machine())))
    if found is None:
        pytest.skip("this installation has no native runtime: there was no C compiler")
    import subprocess

    directory = write_function(tmp_path / "function", data)
    for place in range(0, len(data), 23):
        damaged = bytearray(data)
        damaged[place] ^= 0x15
        (directory / "iris_trained_model.safetensors").write_bytes(damaged)
        run = subprocess.run([found, "--answer", directory], input=b"[1, 2, 3, 4]\n", capture_output=True, timeout=20)
        assert run.returncode in (0, 1), (place, run.returncode)
        assert run.stdout or run.stderr


def test_very_deep_nesting_is_refused(executable: list[str], function: Path, tmp_path: Path) -> None:
    deep = "[" * 200_000
    with start(executable, function, tmp_path / "log") as sandbox:
        document = json.loads(sandbox.ask(deep.encode()).body)
        answer = json.loads(sandbox.ask(json.dumps(http_api_2(deep)).encode()).body)
    assert document["errorType"] == "Runtime.UnmarshalError"
    assert "maximum recursion depth exceeded" in document["errorMessage"]
    assert answer["statusCode"] == 400
    assert json.loads(answer["body"])["detail"] == "the body is nested too deeply; expected a row or a list of rows"


def test_a_restarted_runtime_api_is_called_again(executable: list[str], function: Path, tmp_path: Path) -> None:
    with start(executable, function, tmp_path / "log") as sandbox:
        sandbox.ask(b"[1, 2, 3, 4]")
        assert sandbox.connection is not None
        sandbox.connection.close()
        sandbox.connection, sandbox.unread = None, b""
        assert b"prediction" in sandbox.ask(b"[1, 2, 3, 4]").body


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (1.0, 3.0), (-0.0, 0.5), (-3.0, 1e15), (-(2.0**53), 2.0**53), (2.0**53 - 1, 1e300), (0.1, 1e-7), (-1.5, -1.0), (2, 10**30)
    ],
)  # fmt: skip
def test_the_range_of_a_column_is_written_as_in_python(
    executable: list[str], tmp_path: Path, low: float, high: float
) -> None:
    made = columns()
    made[0] |= {"minimum": low, "maximum": high}
    signature = {"columns": made, "named": False, "task": "classifier", "classes": CLASSES, "outputs": OUTPUTS}
    directory = write_function(
        tmp_path / "function", save(TENSORS, metadata=metadata(signature=signature, graph=GRAPH))
    )
    event = json.dumps(http_api_2(None, method="GET")).encode()
    wanted, _ = Reference(directory).ask(event)
    with start(executable, directory, tmp_path / "log") as sandbox:
        assert sandbox.ask(event) == wanted
