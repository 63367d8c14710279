"""`iris-model cost`, from outside."""

import json
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from iris_model.cost import render_plot
from tests.cost.test_measurement import TEXT
from tests.support.pixels import inked_share, open_png
from tests.support.requirement import skip_unless_ci


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "iris_model.cli", "cost", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "serve.log"
    path.write_text("\n".join(TEXT))
    return path


def test_table_and_picture(log, tmp_path):
    picture = tmp_path / "cost.svg"
    done = run("--from-log", log, "--requests-per-day", 2000, "--plot", picture)
    assert done.returncode == 0, done.stderr
    assert "2,000 requests a day, office-hours" in done.stdout
    assert "SageMaker serverless*" in done.stdout
    root = ElementTree.parse(picture).getroot()
    texts = {text.text for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"EC2 t4g.micro", "2,000 a day", "Lambda x86_64, HTTP API"} <= texts


def test_a_png_is_drawn_where_a_program_for_it_is_there(log, tmp_path):
    picture = tmp_path / "cost.PNG"
    done = run("--from-log", log, "--plot", picture)
    if "no program that draws" in done.stderr:
        assert done.returncode == 1 and ".svg" in done.stderr
        skip_unless_ci("no program that draws an SVG")
    assert done.returncode == 0, done.stderr
    image = open_png(picture.read_bytes())
    svg = ElementTree.fromstring(render_plot([], [], title="", subtitle="", footnotes=[], requests_per_day=1))
    assert image.size == (2 * int(svg.get("width")), 2 * int(svg.get("height")))
    assert image.getpixel((0, 0)) == (255, 255, 255)
    assert inked_share(image, 0.1, 0.2, 0.65, 0.8) > 0.02


def test_json_is_consistent(log):
    found = json.loads(run("--from-log", log, "--json", "--free-tier", "--image-gb", 0.2).stdout)
    for each in found["alternatives"]:
        if each["monthly"] is not None:
            parts = sum(float(component["monthly"]) for component in each["components"])
            assert float(each["monthly"]) == pytest.approx(parts, abs=1e-5)
    names = [each["name"] for each in found["alternatives"]]
    assert found["baseline"] in names
    assert len(names) == len(set(names))


def test_measured_here():
    done = run("examples/iris", "--json", "--pattern", "steady")
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)["measurement"]
    assert measured["cold_starts"] > 1
    assert measured["warm_ms"] > 0 and measured["cold_ms"] > 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--from-log", "nowhere.log"], "nowhere.log cannot be read"),
        (["--pattern", "weekends"], "weekends"),
        (["--plot", "cost.pdf"], "cost.pdf is no picture; expected a name that ends in .svg or .png"),
        (["--plot", "nowhere/cost.svg"], "there is no directory nowhere"),
        (["--prices", "nowhere.json"], "nowhere.json cannot be read"),
    ],
)
def test_bad_input(arguments, said):
    done = run(*arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_no_requests_are_no_traffic():
    assert run("--requests-per-day", 0).returncode == 2
