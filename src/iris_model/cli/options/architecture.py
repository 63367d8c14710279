"""The values of options that take a processor architecture."""

from __future__ import annotations

import click

from iris_model.contract.architecture import Architecture

# The values and not the members: Click 8.2 and later offer the names of an enumeration's members ("X86_64").
ARCHITECTURES = click.Choice([each.value for each in Architecture])
