"""iris-model.toml: what is read, what is refused, and messages that are enough to fix the file."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from iris_model.contract.batch import Batch
from iris_model.contract.deployment import Capture, Deployment, Domain, Vpc
from iris_model.contract.endpoint import Cors, Endpoint, Jwt, Throttling
from iris_model.errors import ProjectError
from iris_model.project.configuration import reference
from iris_model.project.configuration.keys import KEYS
from iris_model.project.configuration.settings import (
    Budgets,
    PlaygroundSettings,
    ProjectSettings,
    parse_settings,
    read_settings,
)

ROOT = Path(__file__).parents[2]
OWNERS = {
    "": (ProjectSettings, Endpoint, Deployment),
    "batch": (Batch,),
    "budgets": (Budgets,),
    "capture": (Capture,),
    "cors": (Cors,),
    "domain": (Domain,),
    "jwt": (Jwt,),
    "playground": (PlaygroundSettings,),
    "throttling": (Throttling,),
    "vpc": (Vpc,),
}


def parse(text: str) -> ProjectSettings:
    return parse_settings(tomllib.loads('name = "n"\nmodel = "m.pkl"\n' + text), Path("p"))


def problems_of(text: str) -> str:
    with pytest.raises(ProjectError) as caught:
        parse(text)
    return caught.value.problem


def test_defaults_are_those_of_lambda():
    settings = parse("")
    assert (settings.memory, settings.timeout, settings.architecture) == (128, 3, "x86_64")
    assert (settings.handler, settings.executor) == ("app.handler", "auto")


def test_the_http_api_path_defaults_to_what_the_lambda_console_makes():
    settings = parse("")
    assert (settings.stage, settings.route) == ("default", "/n")


def test_every_key_can_be_set():
    settings = parse(
        """
        handler = "src/serving.main.handler"
        executor = "original"
        memory = 10240
        timeout = 900
        architecture = "arm64"
        base-image = "python:3.12-slim"
        python = "3.12"
        route = "/predict/v1"
        more-routes = ["/ping", "POST /v1/models/iris:predict", "ANY /any/{id}/{rest+}"]
        stage = "$default"
        data = "data/rows.csv"
        trust = ["my_features.Squarer"]
        categories = { size = ["small", "large"], "doors (all)" = [5, 3] }
        include = ["tables/*.csv", "labels.json"]
        [environment]
        LOG_LEVEL = "debug"
        [budgets]
        function-directory-kib = 200
        """
    )
    assert settings.base_image == "python:3.12-slim"
    assert settings.endpoint.more_routes == ("/ping", "POST /v1/models/iris:predict", "ANY /any/{id}/{rest+}")
    assert settings.categories == {"size": ["small", "large"], "doors (all)": [5, 3]}
    assert settings.include == ("tables/*.csv", "labels.json")
    assert dict(settings.environment) == {"LOG_LEVEL": "debug"}
    assert settings.budgets.function_directory_kib == 200


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("memroy = 128", "memroy is not a key: did you mean memory?"),
        ('base_image = "x"', "base_image is not a key: did you mean base-image?"),
        ("zzz = 1", "zzz is not a key: the known keys are name, model"),
        ("[budgets]\nfunction-directory-kb = 1", "did you mean function-directory-kib?"),
        ("budgets = 3", "budgets: expected a table"),
        ("memory = 127", "memory = 127: expected an integer from 128 to 10240 MB"),
        ("memory = 10241", "memory = 10241: expected"),
        ("memory = 128.0", "memory = 128.0: expected an integer"),
        ("memory = true", "memory = true: expected an integer"),
        ('memory = "128"', 'memory = "128": expected an integer'),
        ("timeout = 0", "timeout = 0: expected an integer from 1 to 900 s"),
        ('executor = "fast"', 'expected one of "auto", "compiled", "onnxruntime", "original"'),
        ('handler = "handler"', 'expected a module and a function, such as "app.handler"'),
        ('data = "../rows.csv"', "expected a relative path inside the project"),
        ('data = "/etc/passwd"', "expected a relative path inside the project"),
        ('include = ["a", "b/../../c"]', "expected a list of strings, each a relative path inside the project"),
        ('include = "a"', "expected a list of strings"),
        ('route = "predict"', 'expected a path that starts with "/"'),
        ('more-routes = ["invocations"]', 'each a path, or a method and a path, such as "POST /invocations"'),
        ('more-routes = ["FETCH /x"]', "each a path, or a method and a path"),
        ('more-routes = ["GET  /x"]', "each a path, or a method and a path"),
        ('stage = "a b"', 'expected "$default", or'),
        ('python = "3"', 'such as "3.13"'),
        ('categories = ["a"]', "expected a table of lists, each with different strings or different integers"),
        ("categories = { size = [] }", "expected a table of lists"),
        ('categories = { size = ["a", "a"] }', "expected a table of lists"),
        ('categories = { size = ["a", 1] }', "expected a table of lists"),
        ("categories = { size = [true, false] }", "expected a table of lists"),
        ('categories = { size = "a" }', "expected a table of lists"),
        ("[environment]\nLIMIT = 3", "environment = { LIMIT = 3 }: expected a table of strings"),
        ('[environment]\nAWS_REGION = "x"', "environment.AWS_REGION: Lambda sets this variable itself"),
        (f'[environment]\nLONG = "{"x" * 4093}"', "environment has 4097 bytes; Lambda accepts at most 4096"),
    ],
)
def test_a_wrong_line_is_named_with_its_value_and_what_is_expected(line: str, expected: str):
    assert expected in problems_of(line)


def test_all_problems_come_at_once():
    with pytest.raises(ProjectError) as caught:
        parse_settings({"memory": 1, "timeout": 1000, "colour": "red"}, Path("p"))
    for part in ("5 problems", "name is missing", "model is missing", "memory = 1", "timeout = 1000", "colour"):
        assert part in caught.value.problem


@pytest.mark.parametrize(
    ("content", "expected"),
    [(b"name = ", "is not TOML"), (b"name = '\xff'", "is not UTF-8"), (b"a = 1\na = 2", "is not TOML")],
)
def test_a_file_that_is_not_toml_says_where(tmp_path: Path, content: bytes, expected: str):
    (tmp_path / "iris-model.toml").write_bytes(content)
    with pytest.raises(ProjectError, match=expected):
        read_settings(tmp_path)


def test_no_file_points_to_init(tmp_path: Path):
    with pytest.raises(ProjectError, match="iris-model init"):
        read_settings(tmp_path)


def test_the_iris_example_is_reachable_where_its_documentation_says():
    settings = read_settings(ROOT / "examples/iris")
    assert f"/{settings.stage}{settings.route}" == "/default/iris-prediction"


def test_every_key_is_a_field_of_the_settings_and_has_one_line_of_documentation():
    for key in KEYS:
        owners = OWNERS[key.section]
        assert any(key.field in owner.__dataclass_fields__ for owner in owners)
        assert key.doc.endswith(".")
        assert "\n" not in key.doc


def test_the_reference_page_is_up_to_date():
    page = ROOT / reference.REFERENCE_PAGE
    assert page.read_text(encoding="utf-8") == reference.render_reference(), "run: python scripts/write_reference.py"


def test_settings_that_init_writes_round_trip():
    values = {"name": "a", "model": 'm "1".pkl', "memory": 512, "trust": ["a.B"]}
    assert tomllib.loads(reference.render_settings_file(values)) == values
    assert "https://" in reference.render_settings_file(values).partition("\n")[0]  # a project has no docs/
    values |= {"categories": {"size": ["small", 'l"arge'], "doors (all)": [5, 3], "größe": ["ä"]}}
    assert tomllib.loads(reference.render_settings_file(values)) == values
    # Nothing is shortened, as it is in messages.
    values |= {"model": f"{'größe ' * 20}\t\\.pkl", "trust": [f"package.module_{number}.Class" for number in range(9)]}
    assert tomllib.loads(reference.render_settings_file(values)) == values
