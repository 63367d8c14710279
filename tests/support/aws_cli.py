"""The AWS CLI that is installed with this Python, with fake credentials and without the settings of this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest


def find_aws_cli(directory: Path) -> tuple[Path, dict[str, str]]:
    """The program, and the environment to run it in; skips where there is none. `directory` has no settings file."""
    aws = Path(sys.executable).with_name("aws")
    if not aws.exists():
        pytest.skip("the AWS CLI is not installed with this Python")
    return aws, {
        "PATH": os.environ["PATH"],
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": str(directory / "none"),
    }
