"""PNG by programs of this machine: a real one where installed, and test programs that fail in every way."""

import sys
from pathlib import Path

import pytest

from iris_model.cost.drawing import document, for_print, text
from iris_model.cost.raster import RENDERERS, SCALE, Renderer, check_can_rasterize, find_renderers, rasterize
from iris_model.errors import CostError
from tests.support.pixels import inked_share, open_png
from tests.support.requirement import skip_unless_ci

PICTURE = for_print(document(200, 100, "words", [text(20, 60, "words")]))


def test_a_real_program_draws_it():
    found = find_renderers()
    if not found:
        skip_unless_ci("no program that converts SVG: pip install resvg-cli, or apt-get install librsvg2-bin")
    image = open_png(rasterize(PICTURE, found[:1]))
    assert image.size == (200 * SCALE, 100 * SCALE)
    assert image.getpixel((0, 0)) == (255, 255, 255)
    assert inked_share(image, 0.1, 0.4, 0.4, 0.65) > 0.02
    assert inked_share(image, 0.6, 0, 1, 1) == 0


@pytest.fixture
def program(tmp_path):
    """A program that runs one line of Python; `job` is the path that it should write."""

    def make(name, line):
        path = tmp_path / name
        path.write_text(f"#!{sys.executable}\nimport sys\njob = sys.argv[-1]\n{line}\n")
        path.chmod(0o755)
        return str(path), Renderer((name,), lambda job: [str(job.svg), str(job.png)])

    return make


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("sys.exit('no font')", "exit status 1: no font"),
        ("pass", "succeeded, but wrote nothing"),
        ("open(job, 'wb').write(b'GIF89a' + bytes(30))", "wrote a file that is not a PNG"),
        ("open(job, 'wb')", "wrote a file that is not a PNG"),
        (
            "open(job, 'wb').write(b'\\x89PNG\\r\\n\\x1a\\n' + b'\\0\\0\\0\\rIHDR' + b'\\0\\0\\0\\1' * 2)",
            "drew 1 x 1 pixels instead of 400 x 200",
        ),
    ],
)
def test_a_program_that_fails_is_not_believed(program, line, said):
    with pytest.raises(CostError) as raised:
        rasterize(PICTURE, [program("broken", line)])
    assert said in raised.value.problem
    assert ".svg" in raised.value.remedy


def test_the_next_program_is_asked(program):
    found = find_renderers()
    if not found:
        skip_unless_ci("no program that converts SVG")
    broken = program("broken", "sys.exit(3)")
    assert open_png(rasterize(PICTURE, [broken, found[0]])).size == (400, 200)


def test_a_program_that_is_gone(tmp_path):
    with pytest.raises(CostError, match="cannot be started"):
        rasterize(PICTURE, [(str(tmp_path / "gone"), RENDERERS[0])])


def test_no_program_at_all(tmp_path, monkeypatch):
    assert find_renderers(str(tmp_path)) == []
    with pytest.raises(CostError, match="no program that converts"):
        rasterize(PICTURE, [])
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(CostError) as raised:
        check_can_rasterize()
    assert "librsvg2-bin" in raised.value.remedy and "iris-model[png]" in raised.value.remedy


def test_the_first_of_the_table_is_taken(program, tmp_path):
    for name in ("chromium", "resvg", "rsvg-convert"):
        program(name, "pass")
    assert [Path(path).name for path, _ in find_renderers(str(tmp_path))] == [
        "rsvg-convert",
        "resvg",
        "chromium",
    ]
