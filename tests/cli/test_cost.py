"""`iris-model cost`, from outside."""

import json
import shutil
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from iris_model.cost.plot import HEIGHT, WIDTH
from iris_model.project.packaging.native import find_bootstrap
from tests.cost.test_measurement import TEXT
from tests.support.pixels import inked_share, open_png
from tests.support.requirement import skip_unless_ci
from tests.support.spread import spread


def run(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "iris_model.cli", "cost", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=180,
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
    assert "SageMaker ml.t2.medium*" in done.stdout
    assert "SageMaker serverless is not listed" in done.stdout
    root = ElementTree.parse(picture).getroot()
    texts = {text.text for text in root.iter("{http://www.w3.org/2000/svg}text")}
    assert {"EC2 t4g.micro", "2,000 a day", "Lambda x86_64, HTTP API"} <= texts


@pytest.mark.slow
def test_a_png_is_drawn_where_a_program_for_it_is_there(log, tmp_path):
    picture = tmp_path / "cost.PNG"
    done = run("--from-log", log, "--plot", picture)
    if "no program that converts" in done.stderr:
        assert done.returncode == 1 and ".svg" in done.stderr
        skip_unless_ci("no program that converts SVG")
    assert done.returncode == 0, done.stderr
    image = open_png(picture.read_bytes())
    assert image.size == (2 * WIDTH, 2 * HEIGHT)
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


@pytest.fixture
def flowers(tmp_path):
    """The iris project, in a folder of its own."""
    shutil.copytree("examples/iris", tmp_path / "flowers", ignore=shutil.ignore_patterns(".iris-model"))
    return tmp_path / "flowers"


@pytest.mark.slow
def test_measured_here_together_with_the_original(flowers):
    done = run(flowers, "--json", "--pattern", "steady", "--image-gb", 0.1)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["measurement"]["cold_starts"] > 1
    assert found["measurement"]["warm_ms"] > 0 and found["measurement"]["cold_ms"] > 0
    compiled, original = found["executors"]["compiled"], found["executors"]["original"]
    assert compiled["init_ms"] == found["measurement"]["init_ms"]
    assert (compiled["memory_mib"], original["memory_mib"]) == (128, 512)
    # The library alone is tens of megabytes, in memory and in the image.
    assert original["max_memory_mib"] > compiled["max_memory_mib"] + 30
    assert original["size_bytes"] > 50_000_000 > 2_000_000 > compiled["size_bytes"]
    assert original["init_ms"] > compiled["init_ms"] and original["cold_p99_ms"] >= original["cold_ms"]
    by_name = {each["name"]: each for each in found["alternatives"]}
    plain, beside = (by_name[f"Lambda x86_64, HTTP API{suffix}"] for suffix in ("", ", original"))
    assert float(beside["monthly"]) > float(plain["monthly"])
    assert beside["cheaper_from_requests_per_day"] is None and beside["cheaper_between"] == []
    stored = [next(part for part in each["components"] if part["name"] == "image in ECR") for each in (plain, beside)]
    assert [float(part["quantity"]) > 0.15 for part in stored] == [False, True]


@pytest.mark.slow
@pytest.mark.skipif(find_bootstrap("x86_64") is None, reason="this installation has no native runtime for x86_64")
def test_a_native_function_is_compared_with_the_original_too(flowers, log):
    """The original runs in Python, whatever the runtime of the function is."""
    path = flowers / "iris-model.toml"
    path.write_text(f'runtime = "native"\n{path.read_text()}')
    done = run(flowers, "--original", "--from-log", log, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["executors"]["original"]["memory_mib"] == 512


@pytest.mark.slow
def test_with_a_log_it_is_measured_only_on_request(log):
    assert (
        "executor original: not measured; add --original to measure it on this machine" in run("--from-log", log).stdout
    )


@pytest.mark.slow
def test_a_project_whose_original_cannot_run(flowers, log):
    handler = (flowers / "app.py").read_text()
    only = (
        "import os\nif not os.path.exists('iris_trained_model.safetensors'):\n    raise RuntimeError('compiled only')\n"
    )
    (flowers / "app.py").write_text(handler.replace("from iris_model", only + "from iris_model", 1))
    done = run(flowers)
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stdout.splitlines() if line.startswith("executor original: not measured; ")]
    assert len(said) == 1 and "compiled only" in said[0]
    asked = run(flowers, "--original", "--from-log", log)
    assert asked.returncode == 1
    assert "--original: the executor `original` cannot be measured" in asked.stderr
    assert "Traceback" not in asked.stderr


@pytest.mark.slow
def test_an_unknown_price_is_shown_as_that(log, tmp_path):
    prices = json.loads(run("--show-prices").stdout)
    del prices["prices"]["http_api.request"]
    (tmp_path / "prices.json").write_text(json.dumps(prices))
    shown = run("--from-log", log, "--prices", tmp_path / "prices.json").stdout
    lines = [line.split() for line in shown.splitlines()]
    assert ["x86_64,", "HTTP", "API", "unknown", "unknown", "compared"] in lines
    assert any(line[:2] == ["EC2", "t4g.micro"] and line[-1] == "unknown" for line in lines)
    assert "unknown: http_api.request" in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    spread(
        [
            (["--from-log", "nowhere.log"], "nowhere.log cannot be read"),
            (["--pattern", "weekends"], "weekends"),
            (["--plot", "cost.pdf"], "cost.pdf is not a picture; expected a name that ends with .svg or .png"),
            (["--plot", "nowhere/cost.svg"], "there is no directory nowhere"),
            (["--prices", "nowhere.json"], "nowhere.json cannot be read"),
        ],
        2,
        unpack=True,
    ),
)
def test_bad_input(arguments, said):
    done = run(*arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_no_requests_are_no_traffic():
    assert run("--requests-per-day", 0).returncode == 2
