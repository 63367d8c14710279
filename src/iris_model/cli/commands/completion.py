"""`iris-model completion`: print the script for shell completion of commands, options and paths."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

PROGRAM = "iris-model"
_VARIABLE = "_IRIS_MODEL_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print the script that completes commands, options and paths in a shell.

    \b
    Example:
      iris-model completion bash > ~/.local/share/bash-completion/completions/iris-model
      iris-model completion zsh > "${fpath[1]}/_iris-model"
      iris-model completion fish > ~/.config/fish/completions/iris-model.fish
    """
    found = get_completion_class(shell)
    assert found is not None, shell
    root = click.get_current_context().find_root().command
    script = found(root, {}, PROGRAM, _VARIABLE)
    template = script.source_template
    if shell == "fish":
        # A line is TYPE,NAME and a tab with a description, and a description may have commas.
        template = template.replace('string split ","', 'string split --max 1 ","')
    # click runs bash to check its version before it returns the script, which needs bash 4.4 or newer.
    click.echo(template % script.source_vars())
