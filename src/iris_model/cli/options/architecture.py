"""The choices of options that select a processor architecture."""

from __future__ import annotations

import click

from iris_model.contract.architecture import Architecture

# The values, because Click 8.2 and later would offer the member names ("X86_64") of an enumeration.
ARCHITECTURES = click.Choice([each.value for each in Architecture])

# For scripts, which ask `uname -m`.
MACHINES = click.Choice([*(each.value for each in Architecture), Architecture.ARM64.machine])
