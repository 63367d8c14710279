"""The group of all commands: imports a command when it runs, and prints errors.

An error is two lines on stderr: `error: ` with the problem, and `hint: ` with the command or edit that fixes it.
"""

from __future__ import annotations

import contextlib
import difflib
import errno
import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

import iris_model
from iris_model.cli.terminal import for_terminal
from iris_model.cli.verbosity import VERBOSE, find_verbosity, verbosity_options
from iris_model.errors import IrisModelError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# If this variable is set, unexpected errors print their traceback.
TRACEBACK_VARIABLE = "IRIS_MODEL_TRACEBACK"

HELP_OPTIONS = ["-h", "--help"]

# Disk errors: full, over quota, read-only, file too large. They are not bugs of iris-model.
_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG})

INTERRUPTED = 130  # 128 + SIGINT, the convention of shells


class FailedCommand(click.ClickException):
    """An error for the user: the problem, then a hint how to fix it."""

    exit_code = 1

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem)
        self.remedy = remedy

    def show(self, file: Any = None) -> None:
        """Print `error: ` and `hint: ` lines to stderr."""
        _show(self.message, self.remedy, file)


class WrongUsage(click.UsageError):
    """An invalid command line, printed like every other error.

    `command`: the command whose help is suggested, such as `iris-model build`.
    """

    def __init__(self, problem: str, command: str, ctx: click.Context | None = None) -> None:
        super().__init__(problem, ctx)
        self.command = command

    def show(self, file: Any = None) -> None:
        """Print `error: ` and `hint: ` lines to stderr."""
        hint = f"Run `{self.command} --help` for the arguments and options."
        _show(self.format_message().removesuffix("."), hint, file)


def _show(problem: str, hint: str, file: Any) -> None:
    # What a file, a server or a path says may be in it: nothing of it may move the cursor or forge a line before.
    problem, hint = map(for_terminal, (problem, hint))
    click.echo(f"{click.style('error:', fg='red', bold=True)} {problem}", file=file, err=True)
    if hint:
        click.echo(f"{click.style('hint:', fg='cyan', bold=True)} {hint}", file=file, err=True)


class CommandGroup(click.Group):
    """Commands from a table `name -> (module, attribute, help)`, imported one at a time."""

    def __init__(
        self,
        *,
        commands_table: Mapping[str, tuple[str, str, str]],
        sections: Mapping[str, Sequence[str]] | None = None,
        exit_codes: Mapping[int, str],
        **settings: Any,
    ) -> None:
        super().__init__(context_settings={"help_option_names": HELP_OPTIONS}, **settings)
        self._table = commands_table
        self._sections = sections or {"Commands": list(commands_table)}
        self._exit_codes = exit_codes
        self.params += [*verbosity_options(), _version_option()]

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which they are used."""
        return list(self._table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command."""
        if cmd_name not in self._table:
            return None
        module, attribute, _ = self._table[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), attribute)
        _add_verbosity(command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command. For an unknown name, the error suggests the nearest names."""
        if args and args[0] not in self._table and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], self._table, n=2)
            question = f" Did you mean {' or '.join(near)}?" if near else ""
            ctx.fail(f"no such command '{args[0]}'.{question}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands from the table, because click would import every command for its first line."""
        for title, names in self._sections.items():
            with formatter.section(title):
                formatter.write_dl([(name, self._table[name][2]) for name in names])
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), text) for code, text in self._exit_codes.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Complete names from the table, so that no command is imported."""
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=text) for name, (_, _, text) in self._table.items() if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def make_context(self, *arguments: Any, **settings: Any) -> click.Context:
        """Parse the options before the command."""
        try:
            return super().make_context(*arguments, **settings)
        except click.UsageError as error:
            raise _as_wrong_usage(error, "iris-model") from None

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command. Every failure becomes one message and an exit code."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise _as_wrong_usage(error, f"{ctx.command_path} {ctx.invoked_subcommand or ''}".rstrip()) from None
        except IrisModelError as error:
            raise FailedCommand(error.problem, error.remedy) from None
        except KeyboardInterrupt as interrupted:
            click.echo("\n".join(["", "Interrupted.", *getattr(interrupted, "__notes__", ())]), err=True)
            raise click.exceptions.Exit(INTERRUPTED) from None
        except (click.ClickException, click.Abort, click.exceptions.Exit, BrokenPipeError):
            raise
        except Exception as error:
            if _was_interrupted(error):
                click.echo("\nInterrupted.", err=True)
                raise click.exceptions.Exit(INTERRUPTED) from None
            if os.environ.get(TRACEBACK_VARIABLE) or find_verbosity() == VERBOSE:
                raise
            if isinstance(error, OSError) and error.errno in _DISK_ERRORS:
                if error.filename is None:
                    _drop_output()
                raise FailedCommand(
                    f"{error.filename or 'a file'} cannot be written: {error.strerror}",
                    "Free some space, or set TMPDIR to a directory on another disk. No partial file was left.",
                ) from None
            raise FailedCommand(
                f"{type(error).__name__}: {error}",
                f"This is a bug in iris-model {iris_model.__version__}. "
                f"Run the command again with --verbose and report the traceback.",
            ) from error


def _add_verbosity(command: click.Command) -> None:
    """Add `--quiet` and `--verbose` to a command and its subcommands."""
    for each in (command, *getattr(command, "commands", {}).values()):
        if not any("--quiet" in parameter.opts for parameter in each.params):
            each.params += verbosity_options()


def _as_wrong_usage(error: click.UsageError, command: str) -> click.UsageError:
    """Return the error with a hint. `command`: the name to use if the error has no context, because parsing was over."""
    if isinstance(error, (WrongUsage, click.exceptions.NoArgsIsHelpError)):
        return error
    return WrongUsage(error.format_message(), error.ctx.command_path if error.ctx is not None else command, error.ctx)


def _drop_output() -> None:
    """Discard buffered standard output. Python would try to write it again at exit, and fail with exit code 120."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _was_interrupted(error: BaseException) -> bool:
    """Return whether Ctrl-C caused an error. Python wraps exceptions raised while it creates a class (`__set_name__`)."""
    behind: BaseException | None = error
    while behind is not None:
        if isinstance(behind, KeyboardInterrupt):
            return True
        behind = behind.__cause__ or behind.__context__
    return False


def _version_option() -> click.Option:
    def show(ctx: click.Context, parameter: click.Parameter, value: bool) -> None:
        if value and not ctx.resilient_parsing:
            click.echo(f"iris-model {iris_model.__version__}")
            ctx.exit()

    return click.Option(
        ["--version"], is_flag=True, expose_value=False, is_eager=True, callback=show, help="Show the version and exit."
    )
