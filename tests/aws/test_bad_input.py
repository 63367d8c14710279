"""What a user sees when AWS, or the connection to it, does not work: one clear message each, and nothing lost.

The real command line runs in its own process with real boto3, and reaches the fake AWS through `tests/support/aws_wire.py`.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from iris_model.contract import documentation
from tests.aws.conftest import digest_of
from tests.aws.world import (
    DEPLOY,
    NEXT,
    OURS,
    Prepare,
    World,
    both,
    config,
    event_file,
    make_world,
    on_fake,
    only_function,
    profile,
    refused,
    setting,
    shared_events,
    sso_token,
    stack,
)
from tests.support.aws_wire import Wire, serve_aws
from tests.support.fake_cloudformation import FakeStack


@pytest.fixture(scope="module")
def wire() -> Iterator[Wire]:
    with serve_aws() as served:
        yield served


@pytest.fixture
def world(wire: Wire, tmp_path: Path) -> World:
    return make_world(wire, tmp_path)


@dataclass(frozen=True)
class Case:
    """The fault, the command, and the expected message: the problem and the hint."""

    name: str
    command: str
    prepare: Prepare
    says: tuple[str, ...]
    way_out: str
    hides: str = "secretkey"
    exit_code: int = 1
    changes: tuple[str, ...] = ()
    """What may have changed in AWS afterwards; everything else must be as before."""


ME = "User: arn:aws:iam::123456789012:user/me is not authorized to perform: "
ROLE = "arn:aws:iam::123456789012:role/own"
PASS_ROLE = f"{ME}iam:PassRole on resource: {ROLE}"

# What AWS answers: the refused operation (or all), the code, the message, the status.
SAID: dict[str, tuple[str, str, str, int]] = {
    "expired": ("*", "ExpiredToken", "The security token included in the request is expired", 403),
    "unknown": ("*", "UnrecognizedClientException", "The security token included in the request is invalid.", 403),
    "wrong": ("*", "InvalidSignatureException", "The request signature we calculated does not match the signature you provided.",
              403),
    "slow": ("*", "SignatureDoesNotMatch", "Signature expired: 20261125T100000Z is now earlier than 20261125T110000Z "
             "(20261125T111500Z - 15 min.)", 403),
    "fast": ("*", "InvalidSignatureException", "Signature not yet current: 20261125T130000Z is still later than 20261125T120500Z",
             403),
    "skewed": ("*", "RequestTimeTooSkewed", "The difference between the request time and the current time is too large.", 403),
    "off": ("*", "OptInRequired", "The AWS Access Key Id needs a subscription for the service", 403),
    "organization": ("*", "AccessDenied", f"{ME}cloudformation:DescribeStacks on resource: stack/iris with an explicit deny in a "
                     "service control policy", 403),
    "denied": ("CreateChangeSet", "AccessDenied", f"{ME}cloudformation:CreateChangeSet on resource: stack/iris", 403),
    "assume": ("AssumeRole", "AccessDenied", f"{ME}sts:AssumeRole on resource: {ROLE}", 403),
    "repositories": ("CreateRepository", "LimitExceededException", "The maximum number of repositories is reached: 100000", 400),
    "stacks": ("CreateChangeSet", "LimitExceededException", "Limit for stack has been exceeded", 400),
    "large": ("Invoke", "RequestTooLargeException", "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
              413),
    "pattern": ("FilterLogEvents", "InvalidParameterException", "Invalid filter pattern", 400),
}  # fmt: skip

# Why a resource of a stack failed.
RESERVED = (
    "Resource handler returned message: \"Specified ReservedConcurrentExecutions for function decreases account's "
    'UnreservedConcurrentExecution below its minimum value of [10]. (Service: Lambda, Status Code: 400, Request ID: 1-2)" '
    "(RequestToken: 3-4, HandlerErrorCode: InvalidRequest)"
)
STORAGE = "Code storage limit exceeded. (Service: Lambda, Status Code: 400, Request ID: 9)"
APIS = (
    'Resource handler returned message: "Unable to complete operation due to limit of 600 APIs" '
    "(RequestToken: 1, HandlerErrorCode: ServiceLimitExceeded)"
)
ROLES = "Cannot exceed quota for RolesPerAccount: 1000 (Service: Iam, Status Code: 409, Request ID: 1)"


def said(name: str) -> Prepare:
    return refused(*SAID[name])


def fails(reason: str) -> Prepare:
    """The next update of the stack fails."""
    return on_fake(lambda fake: setattr(fake, "fail_update", reason))


def write_docker_config(world: World) -> None:
    (world.home / "docker").mkdir()
    (world.home / "docker/config.json").write_text("{")


def only_reviewed(world: World) -> None:
    world.fake.stacks["iris"] = FakeStack()
    world.fake.functions.clear()


ON_THIS_MACHINE = (
    Case("no credentials", "status", profile("default"), ("no AWS credentials", "profile default"), "aws configure"),
    Case("no region", "status", both(config(""), setting(AWS_DEFAULT_REGION=None)), ("no AWS region is set",),
         "--region eu-west-1"),
    Case("a region that is none", "status --region eu-wset-1", setting(), ("eu-wset-1", "did you mean eu-west-1"), "--region"),
    Case("a profile that is not there", "status", profile("prdo"), ("no profile prdo", "AWS_PROFILE", "sso, keys"), "--profile"),
    Case("a malformed configuration", "status", config("[default]\naws_secret_access_key secretkey\n"),
         ("config is not a valid AWS configuration", "line 2"), "region = eu-west-1"),
    Case("half of the keys", "doctor", profile("half"), ("BAD   credentials", "incomplete", "aws_secret_access_key"),
         "aws configure --profile half"),
    Case("never logged in to SSO", "deploy --plan", profile("sso"), ("SSO session",), "aws sso login --profile sso"),
    Case("an SSO session that has expired", "status", sso_token("2020-01-01T00:00:00Z"), ("SSO session",),
         "aws sso login --profile sso"),
    Case("MFA without a terminal", "status", profile("mfa"), ("an MFA code", "no terminal"), "in a terminal"),
    Case("a source profile that is not there", "status", profile("lost"), ('"nobody"', "does not exist"), "Fix profile lost"),
    Case("a program that gives no keys", "status", profile("program"), ("that provides them failed",), "credential_process",
         hides="secret words"),
    Case("a token file that is not there", "status", profile("web"), ("/nowhere/token",), "AWS_WEB_IDENTITY_TOKEN_FILE"),
    Case("a key with a line end", "status", setting(AWS_ACCESS_KEY_ID="AKID\nX"), ("such as a line break",), "aws configure"),
    Case("an address that is none", "status", setting(AWS_ENDPOINT_URL="nonsense"), ("Invalid endpoint: nonsense",),
         "AWS_ENDPOINT_URL"),
    Case("nobody there", "status", setting(AWS_ENDPOINT_URL="http://127.0.0.1:9"), ("cannot be reached", "127.0.0.1:9"),
         "network"),
    Case("a proxy that is not there", "status",
         setting(AWS_ENDPOINT_URL=None, HTTPS_PROXY="http://127.0.0.1:9"), ("the proxy cannot be reached",), "NO_PROXY"),
    Case("another server", "status", lambda world: setattr(world.wire, "page", "<html><body>Log in</body></html>"),
         ("the server that answers is not AWS",), "login page"),
    Case("a server without a certificate", "status", setting(AWS_ENDPOINT_URL="https://127.0.0.1:{port}"),
         ("the TLS connection failed",), "AWS_CA_BUNDLE"),
    Case("a bundle that is not there", "status", setting(AWS_CA_BUNDLE="/nowhere.pem"), ("/nowhere.pem",), "remove the setting"),
)  # fmt: skip

REFUSED = (
    Case("an expired token", "status", said("expired"), ("the environment (AWS_ACCESS_KEY_ID) have expired",), "sso login"),
    Case("an expired token, before a build", "deploy", said("expired"), ("sts:GetCallerIdentity", "have expired"), "sso login"),
    Case("unknown keys", "invoke --remote . [1.5]", said("unknown"), ("AWS does not accept the credentials",), "aws sts"),
    Case("a wrong secret", "login", said("wrong"), ("does not belong to the key id",), "aws configure"),
    Case("a slow clock", "status", said("slow"), ("clock of this machine", "15 min"), "NTP"),
    Case("a fast clock", "events list", said("fast"), ("clock of this machine",), "NTP"),
    Case("a clock far off", "status", said("skewed"), ("clock of this machine",), "NTP"),
    Case("a clock far off, looked for", "doctor", said("skewed"), ("BAD", "clock of this machine"), "NTP"),
    Case("a region that is off", "status", said("off"), ("region eu-west-1 is disabled in this account",), "Enable it"),
    Case("a policy of the organization", "status", said("organization"), ("a policy of the organization denies it",), "(SCP)"),
    Case("a permission that is missing", NEXT, said("denied"), ("not allowed", "cloudformation:CreateChangeSet"),
         documentation.PERMISSIONS),
    Case("a role that cannot be assumed", "status", both(profile("role"), said("assume")),
         ("credentials of profile role", "cannot be assumed"), "trust policy"),
    Case("a role that may not be passed", NEXT, fails(PASS_ROLE), ("iam:PassRole", ROLE), "lambda.amazonaws.com",
         changes=("stacks",)),
)  # fmt: skip

QUOTAS = (
    Case("repositories", NEXT, both(on_fake(lambda fake: fake.repositories.clear()), said("repositories")),
         ("a quota of the account is reached", "100000"), "--service-code ecr"),
    Case("stacks", NEXT, said("stacks"), ("a quota of the account is reached",), "--service-code cloudformation"),
    Case("reserved concurrency", NEXT, fails(RESERVED), ("minimum value of [10]",), "reserved-concurrency", hides="RequestToken",
         changes=("stacks",)),
    Case("storage of functions", NEXT, fails(STORAGE), ("code storage limit exceeded",), "unused functions",
         hides="Request ID", changes=("stacks",)),
    Case("APIs", NEXT, fails(APIS), ("limit of 600 APIs",), "Service Quotas", hides="HandlerErrorCode", changes=("stacks",)),
    Case("roles", NEXT, fails(ROLES), ("RolesPerAccount: 1000",), "Service Quotas", changes=("stacks",)),
)  # fmt: skip

WHAT_IS_THERE = (
    Case("another region", "status --region us-east-1", setting(), ("not deployed in us-east-1", "no stack iris"), "--region"),
    Case("another region, invoked", "invoke --remote . [1.5] --region us-east-1", setting(), ("not found in region us-east-1",),
         "iris-model deploy"),
    Case("another region, its log", "logs --region us-east-1", setting(), ("no log group", "us-east-1"), "--region"),
    Case("a creation that failed", f"{DEPLOY} --plan", stack("ROLLBACK_COMPLETE"), ("delete the stack iris",),
         "whose creation failed", exit_code=2),
    Case("a review", f"{DEPLOY} --plan", only_reviewed, ("create the stack iris",), "template", exit_code=2),
    Case("somebody else's change", f"{DEPLOY} --plan", stack("UPDATE_IN_PROGRESS"), ("wait for the stack iris",),
         "UPDATE_IN_PROGRESS", exit_code=2),
    Case("a stuck roll-back", DEPLOY, stack("UPDATE_ROLLBACK_FAILED", stuck="The security group sg-1 does not exist"),
         ("UPDATE_ROLLBACK_FAILED", "could not roll back"), "iris-model deploy --yes"),
    Case("a roll-back that is denied", f"{DEPLOY} --yes", stack("UPDATE_ROLLBACK_FAILED", stuck=PASS_ROLE),
         ("UPDATE_ROLLBACK_FAILED",), "iam:PassRole", changes=("stacks",)),
    Case("a first creation that failed", DEPLOY, stack("ROLLBACK_COMPLETE"), ("ROLLBACK_COMPLETE", "its creation failed"),
         "iris-model deploy --yes"),
    Case("a deletion that fails again", f"{DEPLOY} --yes", stack("ROLLBACK_FAILED", stuck="it is in use"),
         ("DELETE_FAILED", "it is in use"), "what blocks it", changes=("stacks",)),
    Case("a destruction that fails", "destroy --yes", stack("UPDATE_COMPLETE", stuck="it is in use"), ("it is in use",),
         "what blocks it", changes=("stacks",)),
    Case("roll-back switched off", DEPLOY, stack("UPDATE_FAILED"), ("UPDATE_FAILED",), "aws cloudformation rollback-stack"),
    Case("a stack of others", DEPLOY, stack("CREATE_COMPLETE", ours=False), ("not created by iris-model",), 'stack = "..."'),
    Case("a stack of others, destroyed", "destroy --yes --images --logs", stack("CREATE_COMPLETE", ours=False),
         ("not created by iris-model",), "was not changed"),
    Case("a stack of others, asked for", "status", stack("CREATE_COMPLETE", ours=False), ("not created by iris-model",),
         "was not changed"),
    Case("a stack of others, rolled back", "rollback", stack("CREATE_COMPLETE", ours=False), ("not created by iris-model",),
         "was not changed"),
    Case("a stuck stack, asked for", "status", stack("UPDATE_ROLLBACK_FAILED"), ("UPDATE_ROLLBACK_FAILED",),
         "iris-model deploy --yes repairs it", exit_code=0),
    Case("a broken stack of others", DEPLOY, stack("ROLLBACK_COMPLETE", ours=False), ("not created by iris-model",),
         'stack = "..."'),
    Case("a repository of others", DEPLOY, on_fake(lambda fake: fake.repositories["iris"].update(tags=[]) or fake.stacks.clear()),
         ("the repository iris already exists",), 'repository = "..."'),
    Case("a function of others", DEPLOY, only_function("Image"), ("a function named iris already",), "another name"),
    Case("a function of package type Zip", DEPLOY, only_function("Zip"), ("package type Zip", "cannot be changed to"),
         "another name"),
    Case("an image that was deleted", "invoke --remote . [1.5]",
         on_fake(lambda fake: fake.functions["iris"].without_image.add(digest_of(2))), ("can no longer load the image",),
         "iris-model deploy"),
    Case("a version that is not there", "rollback 9", setting(), ("no version 9",), "1, 2"),
    Case("a destruction that nobody can confirm", "destroy", setting(), ("will be deleted", "no terminal to answer"), "--yes"),
)  # fmt: skip

INPUT = (
    Case("a payload that is too large", "invoke --remote . [1.5]", said("large"), ("6291456",), "6 MB"),
    Case("a payload that is no JSON", "invoke --remote . {x}", setting(), ("is not JSON",), "Pass JSON"),
    Case("a pattern that is none", "logs --filter [", said("pattern"), ("filter pattern is invalid",), "Quote text"),
    Case("a time span that is none", "logs --since 1y", setting(), ("1y is not a time span",), "10m", exit_code=2),
    Case("an event that is no JSON", "events push", event_file("two.json", "{"), ("two.json is not JSON",), "Fix the file"),
    Case("an event that is NaN", "events push", event_file("two.json", "[NaN]"), ("two.json is not JSON", "NaN"), "Fix the file"),
    Case("an event with a bad name", "events push", event_file("a b#.json", "1"), ("'a b#'",), "letters, digits"),
    Case("events that are too large", "events push", event_file("two.json", json.dumps("x" * 100_000)), ("the limit "
    "of AWS is 100,000",),
         "The largest is two"),
    Case("another event of that name", "events push", shared_events({"one": 2}), ("different events with the names "
    "one",), "--force"),
    Case("a changed file of that name", "events pull", shared_events({"one": 2, "new": 3}), ("different events with "
    "the names one",),
         "--force"),
    Case("an event that cannot be a file", "events pull", shared_events({"../x": 2}),
         ("'../x' cannot be written as a file",), "console"),
    Case("events in a document that is none", "events list", on_fake(lambda fake: fake.schemas.update({"_iris-schema": ["[]"]})),
         ("not an OpenAPI document",), "_iris-schema"),
    Case("No events", "events push", lambda world: (world.home / "iris/events/one.json").unlink(), ("has no test events",),
         "Create events/NAME.json"),
    Case("a configuration of Docker that is none", "login", write_docker_config, ("config.json cannot be read",), "Fix the file"),
    Case("a project that is none", "status nowhere", setting(), ("nowhere",), "init"),
)  # fmt: skip

CASES = (*ON_THIS_MACHINE, *REFUSED, *QUOTAS, *WHAT_IS_THERE, *INPUT)


def photograph(wire: Wire) -> dict[str, Any]:
    """Everything that exists."""
    parts = ("repositories", "images", "functions", "stacks", "schemas", "log")
    return {part: deepcopy(getattr(wire.cloud(), part)) for part in parts}


# A process each: some of every kind are for `make test`, the others for CI.
@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, id=case.name, marks=[pytest.mark.slow] if number % 5 else [])
        for number, case in enumerate(CASES)
    ],
)
def test_bad_input_gives_one_message_and_changes_nothing(world: World, case: Case):
    case.prepare(world)
    before, files = photograph(world.wire), sorted((world.home / "iris").rglob("*"))
    done = world.run(case.command)
    print(f"$ iris-model {case.command}\n{done.output}[exit {done.exit_code}]")
    assert done.exit_code == case.exit_code
    for words in (*case.says, case.way_out):
        assert words.lower() in done.output.lower()
    assert "Traceback" not in done.output and "a bug in iris-model" not in done.output
    assert case.hides not in done.output
    assert case.exit_code != 1 or done.stderr.count("error: ") + done.output.count("BAD ") == 1
    after = photograph(world.wire)
    assert {part for part in after if after[part] != before[part]} <= set(case.changes)
    assert sorted((world.home / "iris").rglob("*")) == files


@pytest.mark.slow
def test_a_stuck_stack_is_repaired_and_deployed(world: World):
    """The states that `deploy --plan` reports above, one after another."""
    for status in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED"):
        world.fake.stacks["iris"] = FakeStack(status=status, tags=OURS)
        world.fake.functions.clear()
        done = world.run(f"{DEPLOY} --yes")
        assert done.exit_code == 0 and "Error" not in done.stderr, done.output
        assert "version 1 answers" in done.stdout


def test_a_repair_skips_the_failing_resource(world: World):
    """A rollback skips the resource, a deletion keeps it; both only after CloudFormation has failed once more."""
    stack("UPDATE_ROLLBACK_FAILED", stuck="The security group sg-1 does not exist")(world)
    done = world.run(f"{DEPLOY} --yes")
    assert done.exit_code == 0 and "continuing the rollback without Function" in done.stderr, done.output
    stack("DELETE_FAILED", stuck="it is in use")(world)
    done = world.run("destroy --yes")
    assert done.exit_code == 0 and "The stack iris is DELETE_FAILED" in done.stderr, done.output
    assert "could not delete AWS::Lambda::Function iris. Delete what is left in the console" in done.stdout, done.output
    assert "Function" in next(p["RetainResources"] for _, name, p in world.fake.calls if p.get("RetainResources"))


@pytest.mark.slow
def test_a_stack_that_was_only_reviewed_is_made_or_deleted(world: World):
    only_reviewed(world)
    assert "has only a change set (REVIEW_IN_PROGRESS)" in world.run(f"{DEPLOY} --plan").stdout
    assert "never executed; it has no resources" in world.run("destroy --yes").stderr
    only_reviewed(world)
    assert "version 1 answers" in world.run(DEPLOY).stdout


@pytest.mark.parametrize(
    ("settings", "minutes", "said"),
    [("", "4", "less than 5 minutes"), ("", "5", ""), ("error-alarm = false\n", "15", "errors do not end the canary")],
)
def test_a_canary_that_nothing_would_end_is_reported(world: World, settings: str, minutes: str, said: str):
    path = world.home / "iris/iris-model.toml"
    path.write_text(settings + path.read_text())
    done = world.run(f"{NEXT} --plan --canary 10 --for {minutes}")
    assert done.exit_code == 2 and said in done.stderr and ("note" in done.stderr) == bool(said)


def test_doctor_needs_no_project(world: World):
    (world.home / "iris/iris-model.toml").unlink()
    done = world.run("doctor")
    assert done.exit_code == 0 and "clock" in done.stdout and "no iris-model.toml here" in done.stdout
    assert "permissions  " not in done.stdout and "iris-model init" in done.stdout


def test_doctor_reports_all_problems(world: World):
    """Without a region, or with wrong settings, the credentials are still checked."""
    both(config(""), setting(AWS_DEFAULT_REGION=None))(world)
    settings = world.home / "iris/iris-model.toml"
    settings.write_text(f"timeout = 60\n{settings.read_text()}")
    done = world.run("doctor")
    assert "note  settings       timeout is 60 s" in done.stdout, done.output
    assert "note  permissions    not checked without a region" in done.stdout, done.output
    assert done.exit_code == 1 and "BAD   region         no AWS region is set" in done.stdout, done.output
    assert "ok    credentials" in done.stdout and "ok    clock" in done.stdout, done.output
    setting(AWS_DEFAULT_REGION="eu-west-1")(world)
    settings.write_text("memory = 1\n")
    done = world.run("doctor")
    assert done.exit_code == 1 and "BAD   project" in done.stdout and "ok    credentials" in done.stdout, done.output


def test_a_session_with_a_code_is_kept_where_the_aws_cli_keeps_it(world: World):
    """So the code is asked for once: the AWS CLI's own session is enough here."""
    profile("mfa")(world)
    arguments = {
        "RoleArn": "arn:aws:iam::123456789012:role/deployer",
        "SerialNumber": "arn:aws:iam::123456789012:mfa/me",
    }
    name = hashlib.sha1(json.dumps(arguments, sort_keys=True).encode()).hexdigest()
    expires = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=1)
    credentials = {
        "AccessKeyId": "AKID",
        "SecretAccessKey": "s",
        "SessionToken": "t",
        "Expiration": expires.isoformat(),
    }
    folder = world.home / ".aws/cli/cache"
    folder.mkdir(parents=True)
    (folder / f"{name}.json").write_text(json.dumps({"Credentials": credentials}))
    assert world.run("status").exit_code == 0
