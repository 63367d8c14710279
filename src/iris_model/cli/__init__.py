"""The command line: the only package that prints or exits.

`COMMANDS` maps every command to its module. A module is imported when its command runs, so `iris-model --help` stays fast.
Each command turns its arguments into one call of another package, and prints the result as text, or as JSON with `--json`.
"""

from __future__ import annotations

import sys

from iris_model.cli.early import take_over
from iris_model.cli.garbage import collect_seldom, skip_last_collection
from iris_model.cli.group import CommandGroup

# command -> (module, attribute, one line of help)
COMMANDS = {
    "init": ("iris_model.cli.commands.init", "init", "Create a project for your model, or from the iris example."),
    "inspect": (
        "iris_model.cli.commands.inspect",
        "inspect",
        "Show what is in a model file, without running its code.",
    ),
    "compile": (
        "iris_model.cli.commands.compile",
        "compile_command",
        "Compile a model and verify it against the original.",
    ),
    "package": ("iris_model.cli.commands.package", "package", "Write the function directory of a project."),
    "predict": (
        "iris_model.cli.commands.predict",
        "predict",
        "Score files of rows: CSV, JSON Lines or Parquet, also compressed (gzip, zstd).",
    ),
    "diff": ("iris_model.cli.commands.diff", "diff", "Show which predictions change between two models."),
    "serve": ("iris_model.cli.commands.serve", "serve", "Run functions on this machine as AWS Lambda would."),
    "invoke": ("iris_model.cli.commands.invoke", "invoke", "Send one event to a function and print the answer."),
    "openapi": ("iris_model.cli.commands.openapi", "openapi", "Print the OpenAPI 3.1 document of the endpoint."),
    "build": (
        "iris_model.cli.commands.build",
        "build",
        "Build the image or the zip archive of a project without Docker.",
    ),
    "push": (
        "iris_model.cli.commands.push",
        "push",
        "Push an image from disk or another registry.",
    ),
    "image": ("iris_model.cli.commands.image", "image", "Inspect an image, or compare two."),
    "dockerfile": (
        "iris_model.cli.commands.dockerfile",
        "dockerfile",
        "Print the Dockerfile of a project.",
    ),
    "cost": (
        "iris_model.cli.commands.cost",
        "cost",
        "Estimate the monthly cost, and compare it with always-on servers.",
    ),
    "tune": ("iris_model.cli.commands.tune", "tune", "Find the most cost-effective memory size."),
    "deploy": ("iris_model.cli.commands.aws.deploy", "deploy", "Deploy a project to AWS and verify its answers."),
    "status": ("iris_model.cli.commands.aws.status", "status", "Show the deployed version, image, state and alarm."),
    "logs": ("iris_model.cli.commands.aws.logs", "logs", "Show the log of the deployed function, and summarize it."),
    "batch": ("iris_model.cli.commands.aws.batch", "batch", "Score files in S3 with the deployed function."),
    "rollback": ("iris_model.cli.commands.aws.rollback", "rollback", "Switch back to an earlier version."),
    "destroy": ("iris_model.cli.commands.aws.destroy", "destroy", "Delete everything that deploy created."),
    "events": ("iris_model.cli.commands.aws.events", "events", "Share test events with the Lambda console."),
    "doctor": ("iris_model.cli.commands.aws.doctor", "doctor", "Check what would stop a deployment."),
    "login": ("iris_model.cli.commands.aws.login", "login", "Log Docker in to Amazon ECR for 12 hours."),
    "template": ("iris_model.cli.commands.aws.template", "template", "Print the CloudFormation template of a project."),
    "completion": (
        "iris_model.cli.commands.completion",
        "completion",
        "Print the script that completes commands, options and paths in a shell.",
    ),
}

# The sections of `iris-model --help`, and the commands in each.
SECTIONS = {
    "Models": ("init", "inspect", "compile", "predict", "diff"),
    "On this machine": ("serve", "invoke", "openapi", "tune", "cost"),
    "Packages and images": ("package", "build", "push", "image", "dockerfile"),
    "On AWS": ("doctor", "login", "template", "deploy", "status", "logs", "events", "batch", "rollback", "destroy"),
    "Shell": ("completion",),
}

EXIT_CODES = {
    0: "success",
    1: "failure; the message has a hint",
    2: "invalid command line; `deploy --plan` found something to do; `diff` or `invoke --check` found differences",
    3: "the invoked function returned an error",
    130: "interrupted with Ctrl-C",
}

cli = CommandGroup(
    name="iris-model",
    commands_table=COMMANDS,
    sections=SECTIONS,
    exit_codes=EXIT_CODES,
    help="""Deploy trained models to AWS Lambda as HTTPS endpoints that you pay for by the request.

    \b
    Example:
      iris-model init my-iris
      iris-model serve my-iris
    """,
)


def main() -> None:
    """Run the command line. The entry point of the console script `iris-model` and of `python -m iris_model.cli`."""
    collect_seldom()
    try:
        take_over()
        cli.main(prog_name="iris-model", args=sys.argv[1:])
    finally:
        skip_last_collection()
