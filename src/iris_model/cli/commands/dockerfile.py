"""`iris-model dockerfile`: print the Dockerfile of a project."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("project", type=click.Path(path_type=Path), default=".")
@click.option("--pinned", is_flag=True, help="Use the digest of the base image from iris-model.lock.")
def dockerfile(project: Path, pinned: bool) -> None:
    """Print the Dockerfile of a project.

    It is the file that `init` wrote, with the current base image and handler of iris-model.toml. `docker build` needs the
    wheel of iris-model that `init` added to the project.

    \b
    Example:
      iris-model dockerfile . > Dockerfile
    """
    from iris_model.image.dockerfile import render_dockerfile
    from iris_model.project import read_settings

    click.echo(render_dockerfile(read_settings(project), pinned=pinned), nl=False)
