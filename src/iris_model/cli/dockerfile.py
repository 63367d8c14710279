"""`iris-model dockerfile`: the Dockerfile of a project."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("project", type=click.Path(path_type=Path), default=".")
@click.option("--pinned", is_flag=True, help="Name the base by the digest in iris-model.lock.")
def dockerfile(project: Path, pinned: bool) -> None:
    """Print the Dockerfile of a project, for building with Docker.

    It is the one that `init` wrote, with the base and the handler of iris-model.toml; it needs the wheel of this tool that
    `init` put into the project.

    \b
    Example:
      iris-model dockerfile . > Dockerfile
    """
    from iris_model.image.dockerfile import render_dockerfile
    from iris_model.project import read_settings

    click.echo(render_dockerfile(read_settings(project), pinned=pinned), nl=False)
