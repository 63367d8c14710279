"""The rules of AWS that emulators lack, one by one: `tests/support/aws_rules` refuses what AWS refuses.

Every other test of this directory shows that the code follows them, because the fake enforces them.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path

import pytest
import yaml

from iris_model.aws.cloudformation.yaml_text import read, render
from iris_model.aws.notes import HTTP_API_SECONDS
from iris_model.local.front_ends.http_api import INTEGRATION_TIMEOUT_SECONDS
from tests.support.aws_rules import RULES, Refused
from tests.support.aws_rules.aliases import check_alias_update, check_weighted_versions
from tests.support.aws_rules.answers import find_retried, read_redshift_answer
from tests.support.aws_rules.http import MOST_SECONDS, raw_path_of_function_url, sends_sigterm, status_after
from tests.support.aws_rules.iam import Place, arn_of_log_group, arns_of_api_tags
from tests.support.aws_rules.names import name_role
from tests.support.aws_rules.stacks import (
    check_change_set,
    check_continue,
    check_delete,
    check_sizes,
    mangle_template,
    take_parameters,
)
from tests.support.aws_rules.templates import (
    can_snapstart,
    check_secrets,
    check_snapstart,
    check_tags,
    check_texts,
    check_throttling,
    is_ambiguous,
)

PAGE = Path(__file__).parents[2] / "docs/reference/aws-rules.md"
IDS = ["a", "b"]


def test_every_rule_has_a_function_and_a_row_on_the_page():
    assert sorted({each.number for each in RULES}) == list(range(1, 19))
    page = PAGE.read_text(encoding="utf-8")
    missing = [each.name for each in RULES if f"`{each.name}`" not in page]
    assert missing == []
    # The failing tests that the page names exist.
    there = "\n".join(path.read_text(encoding="utf-8") for path in (PAGE.parents[2] / "tests").rglob("test_*.py"))
    named = re.findall(r"`(test_\w+)`", page)
    assert len(named) > 12 and [name for name in named if f"def {name}(" not in there] == []


def read_layers() -> dict[int, tuple[str, str]]:
    """Number of a rule -> what the page says of the fake and of the layer over MiniStack."""
    section = PAGE.read_text(encoding="utf-8").partition("## What enforces each rule")[2].partition("\n## ")[0]
    rows = re.findall(r"(?m)^\| (\d+) \| (.+?) \| (.+?) \|$", section)
    return {int(number): (fake, ministack) for number, fake, ministack in rows}


# The files of each layer.
LAYERS = (
    ("fake_aws", "fake_cloudformation", "fake_lambda", "fake_ecr"),
    ("ministack_strict", "ministack_access", "ministack_triggers"),
)


@pytest.mark.parametrize("number", range(1, 19))
@pytest.mark.parametrize("layer", [0, 1], ids=["fake", "ministack"])
def test_each_layer_enforces_the_rule_or_says_why_it_cannot(number: int, layer: int):
    said = read_layers()[number][layer]
    if said.startswith(("not possible: ", "MiniStack itself; ")):
        assert len(said) > 40  # a reason
        return
    names = re.findall(r"`(\w+)\.(\w+)`", said)
    rules = {each.name for each in RULES if each.number == number}
    assert names and {".".join(name) for name in names} <= rules
    support = PAGE.parents[2] / "tests/support"
    text = "".join((support / f"{name}.py").read_text(encoding="utf-8") for name in LAYERS[layer])
    # Called by the layer, or by what the layer calls in the same file of rules.
    for module, function in names:
        reached = set(re.findall(rf"from (?:tests\.support\.)?aws_rules\.{module} import (\([^)]+\)|[^\n]+)", text))
        own = (support / "aws_rules" / f"{module}.py").read_text(encoding="utf-8")
        called = {name.strip() for line in reached for name in line.strip("()").split(",")} - {""}
        assert called, f"{module} is not imported by the layer"
        assert function in called or f"{function}(" in own.replace(f"def {function}(", ""), function


def test_every_rule_names_a_test_that_fails():
    section = PAGE.read_text(encoding="utf-8").partition("## Which test fails")[2].partition("\n## ")[0]
    rows = {int(number): test for number, test in re.findall(r"(?m)^\| (\d+) \| .+? \| (.+?) \|$", section)}
    assert sorted(rows) == list(range(1, 19)) and all("`test_" in test for test in rows.values())


def test_1_an_alias_does_not_move_to_a_version_that_has_a_share():
    with pytest.raises(Refused, match="Function version 2 is already included in routing configuration"):
        check_alias_update("2", {"2": 0.1}, None)
    assert check_alias_update("2", {"2": 0.1}, {"AdditionalVersionWeights": {}}) == {}
    assert check_alias_update("3", {"2": 0.1}, None) == {"2": 0.1}  # CloudFormation keeps the weights


def test_2_tags_of_a_log_group_are_evaluated_on_the_group_itself():
    place = Place("1", "r")
    assert arn_of_log_group(place, "logs:TagResource", "/g") == "arn:aws:logs:r:1:log-group:/g"
    assert arn_of_log_group(place, "logs:PutRetentionPolicy", "/g").startswith("arn:aws:logs:r:1:log-group:/g:")


def test_17_tags_of_an_http_api_are_evaluated_on_one_of_two_arns():
    right, odd = arns_of_api_tags(Place("1", "r"))
    assert right.startswith("arn:aws:apigateway:r::/tags/arn%3A")
    assert odd == "arn:aws:apigateway:r::arn:aws:apigateway:r::/tags/"


def test_3_the_name_of_a_role_is_cut_at_64_characters():
    assert name_role("iris", "Role").startswith("iris-Role-")
    assert [len(name_role("s" * length, "Role")) for length in (46, 47, 128)] == [64, 64, 64]
    assert "-Role-" in name_role("s" * 46, "Role") and "-Role-" not in name_role("s" * 47, "Role")


def test_4_a_parameter_that_is_not_named_keeps_its_value():
    given = [{"ParameterKey": "LiveVersion", "UsePreviousValue": True}]
    assert take_parameters(given, {"LiveVersion": "1"}) == {"LiveVersion": "1"}


# The list of the issue, and what YAML 1.1 and 1.2 have for each of their types.
ODD = (
    "1234567e5 08 1e-3 yes 12:30:45 0o17 017 0x1F 0b101 1_000 +1 -1 .5 5. 1.5 1e5 1E+5 .inf -.inf .nan .NaN ~ null Null y N on "
    "Off TRUE False 2024-01-01 2024-1-1 190:20:30 685_230.15 = << 1,000 +.5 00 0 -0 1__0 0o8 09.5 inf NaN"
).split()


def test_5_every_plain_scalar_that_is_read_differently_is_found():
    assert [text for text in ODD if not is_ambiguous(text) and text not in ("0o8",)] == []
    with pytest.raises(Refused, match="08 is not a text for all"):
        check_texts("Resources: {F: {Properties: {Environment: {Variables: {A: 08}}}}}")
    check_texts("Resources: {F: {Properties: {Environment: {Variables: {A: '08', B: eight}}, MemorySize: 128}}}")


def test_5_what_we_write_is_a_text_for_every_reader():
    made = ["".join(each) for length in (1, 2, 3) for each in itertools.product("07eE.+-_:xoy~", repeat=length)]
    made = [text for number, text in enumerate(made) if len(text) < 3 or number % 9 == 0]
    for text in [
        *ODD,
        *made,
        "",
        " ",
        "a: b",
        "# no",
        "&a",
        "*a",
        "!a",
        "%",
        "@",
        "`",
        "-",
        "- a",
        "?",
        "{}",
        "[]",
        "|",
        ">",
    ]:
        written = render({"Variables": {"KEY": text, text: "value"}}, {}, head="")
        check_texts(written)
        assert read(written)["Variables"] == {"KEY": text, text: "value"} | ({"KEY": "value"} if text == "KEY" else {})
        nodes = [value for _, value in yaml.compose(written).value[0][1].value]
        assert nodes[0].style is not None or not is_ambiguous(text)


@pytest.mark.parametrize(
    "text",
    ["a\nb", "a\n\nb\n", "a\r\nb", "a\tb", "x\x85y", "\x85", "x\u2028y", "\u2029x", "a \u00a0b", "\ufeffx", "\x7f"],
)
def test_5_line_breaks_are_escaped_because_yaml_1_1_and_1_2_disagree_about_them(text: str):
    written = render({"Variables": {"KEY": text}}, {}, head="")
    assert read(written) == {"Variables": {"KEY": text}}
    assert [line for line in written.splitlines() if line.strip()] == ["Variables:", *written.splitlines()[-1:]]


def test_6_a_secure_string_is_no_plain_parameter():
    body = "{{resolve:ssm:/iris/x:3}}"
    check_secrets(body, {"/iris/x": "String"}.get)
    for kind, said in (("SecureString", "secure parameter"), ("", "Unable to fetch")):
        with pytest.raises(Refused, match=said):
            check_secrets(body, {"/iris/x": kind}.get)
    with pytest.raises(Refused, match="not supported"):
        check_secrets("{{resolve:ssm-secure:/iris/x}}", {}.get)


def test_7_an_http_api_needs_both_limits():
    check_throttling({"ThrottlingRateLimit": 1, "ThrottlingBurstLimit": 1})
    check_throttling({})
    for alone in ("ThrottlingRateLimit", "ThrottlingBurstLimit"):
        with pytest.raises(Refused):
            check_throttling({alone: 1})


def test_8_weights_are_between_versions_of_one_role_and_one_dead_letter_queue():
    check_weighted_versions({"1": {"Role": "a"}, "2": {"Role": "a"}})
    with pytest.raises(Refused, match="execution role"):
        check_weighted_versions({"1": {"Role": "a"}, "2": {"Role": "b"}})
    with pytest.raises(Refused, match="dead-letter"):
        check_weighted_versions({"1": {"DeadLetterConfig": {"TargetArn": "q"}}, "2": {}})


@pytest.mark.parametrize(
    "status", ["ROLLBACK_COMPLETE", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED", "UPDATE_IN_PROGRESS"]
)
def test_9_a_stuck_stack_takes_no_update(status: str):
    with pytest.raises(Refused, match=f"is in {status} state and can not be updated"):
        check_change_set("iris", status, "UPDATE")
    with pytest.raises(Refused, match="already exists"):
        check_change_set("iris", status, "CREATE")
    check_change_set("iris", "REVIEW_IN_PROGRESS", "CREATE")
    check_change_set("iris", "UPDATE_ROLLBACK_COMPLETE", "UPDATE")


def test_9_what_gets_out_of_a_state_is_for_that_state_alone():
    check_continue("iris", "UPDATE_ROLLBACK_FAILED", ["Function"], ["Function"])
    check_delete("iris", "DELETE_FAILED", ["Function"])
    with pytest.raises(Refused):
        check_continue("iris", "UPDATE_COMPLETE", [], [])
    with pytest.raises(Refused):
        check_continue("iris", "UPDATE_ROLLBACK_FAILED", ["Role"], ["Function"])
    with pytest.raises(Refused):
        check_delete("iris", "UPDATE_COMPLETE", ["Function"])
    with pytest.raises(Refused):
        check_delete("iris", "UPDATE_IN_PROGRESS", [])


def test_10_sizes():
    check_sizes("x" * 51_200, [0] * 200)
    check_tags([{}] * 50)
    for broken in (
        lambda: check_sizes("x" * 51_201, []),
        lambda: check_sizes("", [0] * 201),
        lambda: check_tags([{}] * 51),
    ):
        with pytest.raises(Refused):
            broken()


def test_11_12_13_what_is_between_a_client_and_the_function():
    assert (status_after(30), status_after(30.1)) == (200, 503)
    assert raw_path_of_function_url("/a%20b%2Fc?d=%20") == "/a%20b%2Fc"
    assert (sends_sigterm(0), sends_sigterm(1)) == (False, True)


def test_11_the_plan_and_the_local_http_api_wait_as_long_as_aws_does():
    assert HTTP_API_SECONDS == INTEGRATION_TIMEOUT_SECONDS == MOST_SECONDS
    assert status_after(INTEGRATION_TIMEOUT_SECONDS) == 200


def test_14_what_snapstart_takes():
    on = {"SnapStart": {"ApplyOn": "PublishedVersions"}}
    check_snapstart(on)
    check_snapstart({"EphemeralStorage": {"Size": 1024}})
    for function, aliases in (
        ({**on, "EphemeralStorage": {"Size": 513}}, []),
        ({**on, "FileSystemConfigs": [{}]}, []),
        (on, [{"ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": 1}}]),
    ):
        with pytest.raises(Refused, match="SnapStart is not supported"):
            check_snapstart(function, aliases)
    assert can_snapstart("public.ecr.aws/lambda/python:3.13", {})
    assert not can_snapstart("public.ecr.aws/lambda/python:3.11", {})
    assert can_snapstart("debian:12", {"com.amazonaws.lambda.feature.snapstart": "Allow"})


def test_15_what_comes_again_of_a_batch():
    named = {"batchItemFailures": [{"itemIdentifier": "b"}]}
    assert find_retried(named, IDS, reports=True) == ["b"]
    assert find_retried({"batchItemFailures": []}, IDS, reports=True) == find_retried({}, IDS, reports=True) == []
    assert find_retried(named, IDS, reports=False) == []
    assert find_retried(named, IDS, reports=True, failed=True) == IDS
    for malformed in (
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": "b"},
        {"other": 1},
        "text",
    ):
        assert find_retried(malformed, IDS, reports=True) == IDS


def test_16_what_redshift_takes_of_a_function():
    right = {"success": True, "num_records": 2, "results": [1, None]}
    assert read_redshift_answer(right, 2) == [1, None]
    assert read_redshift_answer('{"success": true, "num_records": 1, "results": ["a"]}', 1) == ["a"]
    for wrong in ({"success": False, "error_msg": "x"}, {**right, "results": [1]}, {**right, "results": [1, [2]]}, [1]):
        with pytest.raises(ValueError):
            read_redshift_answer(wrong, 2)


def test_18_what_is_not_ascii_comes_back_as_question_marks():
    assert mangle_template("Zürich 花, \x7f") == "Z?rich ?, \x7f"
    assert render({"Tags": {"é": "花", "long": "é " * 200}}, {}, head="").isascii()
