"""The group of all commands: imports a command when it is used, and turns errors into messages and exit codes."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from typing import Any

import click

import iris_model
from iris_model.errors import IrisModelError

# Set to anything, it shows the traceback of an error that is ours.
TRACEBACK_VARIABLE = "IRIS_MODEL_TRACEBACK"

HELP_OPTIONS = ["-h", "--help"]

INTERRUPTED = 130  # 128 + SIGINT, as shells count


class FailedCommand(click.ClickException):
    """An error for the user: the problem, then the way out."""

    exit_code = 1

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem)
        self.remedy = remedy

    def show(self, file: Any = None) -> None:
        """Print to stderr."""
        click.echo(f"{click.style('Error:', fg='red', bold=True)} {self.message}", file=file, err=True)
        if self.remedy:
            click.echo(self.remedy, file=file, err=True)


class CommandGroup(click.Group):
    """Commands from a table `name -> (module, attribute, help)`, imported one at a time."""

    def __init__(
        self, *, commands_table: Mapping[str, tuple[str, str, str]], exit_codes: Mapping[int, str], **settings: Any
    ) -> None:
        super().__init__(context_settings={"help_option_names": HELP_OPTIONS}, **settings)
        self._table = commands_table
        self._exit_codes = exit_codes
        self.params.append(_version_option())

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order of the table, which is the order of their use."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in self._table:
            return None
        module, attribute, _ = self._table[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table: click would import every one for its first line."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, _, text) in self._table.items()])
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), text) for code, text in self._exit_codes.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; whatever goes wrong becomes one message and an exit code."""
        try:
            return super().invoke(ctx)
        except IrisModelError as error:
            raise FailedCommand(error.problem, error.remedy) from None
        except KeyboardInterrupt as interrupted:
            click.echo("\n".join(["", *getattr(interrupted, "__notes__", ())]), err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise
        except Exception as error:
            if os.environ.get(TRACEBACK_VARIABLE):
                raise
            raise FailedCommand(
                f"{type(error).__name__}: {error}",
                f"This is a defect of iris-model {iris_model.__version__}. "
                f"With {TRACEBACK_VARIABLE}=1 set, the same command says where; please report that.",
            ) from error


def _version_option() -> click.Option:
    def show(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            click.echo(f"iris-model {iris_model.__version__}")
            ctx.exit()

    return click.Option(
        ["--version"], is_flag=True, expose_value=False, is_eager=True, callback=show, help="Show the version and exit."
    )
