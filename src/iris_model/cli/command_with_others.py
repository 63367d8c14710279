"""A command with subcommands that also runs itself: `cost PROJECT`, and `cost refresh`."""

from __future__ import annotations

from typing import Any

import click


class CommandWithOthers(click.Command):
    """Runs its own callback unless the first argument is one of `commands`. A directory with such a name is written
    `./refresh`.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.commands: dict[str, click.Command] = {}

    def add_command(self, command: click.Command) -> None:
        """Add a subcommand."""
        self.commands[str(command.name)] = command

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Run the named subcommand."""
        if args and args[0] in self.commands:
            name, *rest = args
            return self.commands[name].make_context(f"{info_name} {name}", rest, parent=parent, **extra)
        return super().make_context(info_name, args, parent=parent, **extra)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, then the subcommands."""
        super().format_options(ctx, formatter)
        with formatter.section("Commands"):
            formatter.write_dl(
                [(name, command.get_short_help_str(limit=100)) for name, command in self.commands.items()]
            )
