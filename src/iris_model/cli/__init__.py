"""The command line: the only room that prints or exits.

`COMMANDS` names every command and the module that has it; a module is imported when its command runs, so that
`iris-model --help` stays quick. Each command turns arguments into one call of another room, and the result into text for
people, or into JSON for programs (`--json`).
"""

from __future__ import annotations

import sys

from iris_model.cli.garbage import collect_seldom, skip_last_collection
from iris_model.cli.group import CommandGroup

# command -> (module, attribute, one line of help)
COMMANDS = {
    "init": ("iris_model.cli.init", "init", "Make a new project: the iris example, or for your own model."),
    "inspect": ("iris_model.cli.inspect", "inspect", "Look into a model file without running anything from it."),
    "compile": ("iris_model.cli.compile", "compile_command", "Compile a model and verify it against the original."),
    "package": ("iris_model.cli.package", "package", "Write the function directory of a project."),
    "serve": ("iris_model.cli.serve", "serve", "Run functions here as AWS Lambda runs them."),
    "invoke": ("iris_model.cli.invoke", "invoke", "Send one event to a function and print the answer."),
    "openapi": ("iris_model.cli.openapi", "openapi", "Print the OpenAPI 3.1 document of the endpoint."),
    "build": ("iris_model.cli.build", "build", "Build the image of a project, without Docker."),
    "push": (
        "iris_model.cli.push",
        "push",
        "Push an image to a registry, from disk or from another one.",
    ),
    "image": ("iris_model.cli.image", "image", "Look into an image, or compare two."),
    "dockerfile": (
        "iris_model.cli.dockerfile",
        "dockerfile",
        "Print the Dockerfile of a project, for building with Docker.",
    ),
    "cost": ("iris_model.cli.cost", "cost", "Estimate the monthly cost, against servers that wait."),
    "tune": ("iris_model.cli.tune", "tune", "Find the memory size for the money."),
    "deploy": ("iris_model.cli.deploy", "deploy", "Deploy a project to AWS, and verify its answers."),
    "status": ("iris_model.cli.status", "status", "Show what is deployed: version, image, state, alarm."),
    "logs": ("iris_model.cli.logs", "logs", "Show the log of the deployed function, and sum up its REPORT lines."),
    "rollback": ("iris_model.cli.rollback", "rollback", "Let an earlier version answer again, at once."),
    "destroy": ("iris_model.cli.destroy", "destroy", "Delete what deploy made: list it, ask, delete."),
    "events": ("iris_model.cli.events", "events", "Share test events with the Lambda console."),
    "doctor": ("iris_model.cli.doctor", "doctor", "Look for what would stop a deployment."),
    "login": ("iris_model.cli.login", "login", "Log Docker in to the registry of ECR, for 12 hours."),
    "template": ("iris_model.cli.template", "template", "Print the CloudFormation template of a project."),
}

EXIT_CODES = {
    0: "all went well",
    1: "it failed; the message says what to do",
    2: "the command line was not understood; or, of deploy --plan, there is something to do",
    3: "the invoked function answered with an error",
    130: "interrupted with Ctrl-C",
}

cli = CommandGroup(
    name="iris-model",
    commands_table=COMMANDS,
    exit_codes=EXIT_CODES,
    help="""Trained model in, pay-per-request HTTPS endpoint on AWS Lambda out.

    \b
    Example:
      iris-model init my-iris
      iris-model serve my-iris
    """,
)


def main() -> None:
    """Run the command line; the console script `iris-model` and `python -m iris_model.cli` come here."""
    collect_seldom()
    try:
        cli.main(prog_name="iris-model", args=sys.argv[1:])
    finally:
        skip_last_collection()
