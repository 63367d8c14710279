"""Text of files and servers on a terminal: no command lets it move the cursor or forge a line."""

from __future__ import annotations

import ast
import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from iris_model.cli import cli
from iris_model.cli.terminal import echo_log, for_terminal, to_json
from iris_model.oci import write_layout
from tests.support.base_images import base_image

ROOT = Path(__file__).parents[2]
# Clears the screen, sets the title, returns to the start of the line, the same as one C1 character, turns the text around.
HOSTILE = "a\x1b[2J\x1b]0;title\x07\rb\x9b2J\N{RIGHT-TO-LEFT OVERRIDE}c"


class _Hostile(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        body = json.dumps({"prediction": HOSTILE}, ensure_ascii=False).encode() + HOSTILE.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Hostile) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_address[1]}"
        found.shutdown()


def _is_harmless(output: str) -> bool:
    return all(line.replace("\t", "").isprintable() for line in output.split("\n"))


def test_an_answer_of_a_server_on_a_terminal(server: str):
    command = [sys.executable, "-m", "iris_model.cli", "invoke", "--url", server, "[1]"]
    master, slave = pty.openpty()
    try:
        done = subprocess.run(command, stdout=slave, stderr=subprocess.PIPE, cwd=ROOT, timeout=60, check=False)
        shown = os.read(master, 65536).decode()
    finally:
        os.close(master)
        os.close(slave)
    assert done.returncode == 0, done.stderr
    assert "\\x1b[2J" in shown
    assert _is_harmless(shown.replace("\r\n", "\n"))


def test_an_answer_of_a_server_for_another_program_is_unchanged(server: str):
    done = CliRunner().invoke(cli, ["invoke", "--url", server, "[1]"], color=True)
    assert HOSTILE.encode() in done.stdout_bytes
    done = CliRunner().invoke(cli, ["invoke", "--url", server, "[1]", "--json"], color=True)
    assert HOSTILE in json.loads(done.stdout)["payload"]
    assert _is_harmless(done.stdout)


def test_labels_and_commands_of_an_image(tmp_path: Path):
    image = base_image("3.13")
    config = image.config.with_run(labels={HOSTILE: HOSTILE}, entrypoint=(HOSTILE,), cmd=(HOSTILE,))
    write_layout(image.with_config(config), tmp_path / "layout")
    done = CliRunner().invoke(cli, ["image", "inspect", str(tmp_path / "layout")], color=True)
    assert done.exit_code == 0, done.output
    assert "\\x1b[2J" in done.output
    assert _is_harmless(done.output)


def test_logs_keep_their_colors_and_nothing_else(capsys: pytest.CaptureFixture[str]):
    echo_log(
        f"\x1b[1;31mERROR\x1b[0m {HOSTILE}\r\nREPORT RequestId: 1\tDuration: 1 ms\nTask timed out\N{NO-BREAK SPACE}x"
    )
    shown = capsys.readouterr().out  # without colors, because this is no terminal
    assert "ERROR a\\x1b[2J" in shown
    assert "1\tDuration" in shown
    assert "out\N{NO-BREAK SPACE}x" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("value", [HOSTILE, "\ud800", "\U000e0001 tag", "Größe 温度 😀\n\t"])
def test_json_is_the_same_value(value: str):
    text = to_json({value: [value]}, indent=2)
    assert _is_harmless(text)
    assert json.loads(text) == {value: [value]}


def test_text_of_people_is_left_as_it_is():
    assert for_terminal("Größe (m²) 温度 😀\r\nb\tc") == "Größe (m²) 温度 😀\nb\tc"


# What is not text of others: usage, completion scripts, and data that a user redirects to a file.
_WITH_CLICK = {"terminal.py", "group.py", "completion.py", "output.py", "template.py", "cost.py", "dockerfile.py"}


def test_every_command_prints_with_these_functions():
    found = {
        file.name
        for file in (ROOT / "src/iris_model/cli").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("click.echo", "print")
    }
    assert found == _WITH_CLICK
