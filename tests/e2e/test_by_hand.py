"""docs/how-to/by-hand.md with the real `docker` and `aws`, in one shell; only who and where is ours. On MiniStack."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.docker_engine import docker
from tests.support.ministack_cloud import REGION, Cloud, Pushed
from tests.support.rie_binary import REPOSITORY

pytestmark = pytest.mark.e2e


def test_the_commands_of_the_page_work(cloud: Cloud, pushed: Pushed, tmp_path: Path):
    page = (REPOSITORY / "docs" / "how-to" / "by-hand.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```bash\n(.*?)```", page, flags=re.DOTALL)
    ours = (
        f"REGION={REGION}\nACCOUNT=000000000000\nREGISTRY=127.0.0.1:{cloud.port}\nNAME=iris-prediction\n"
        f"IMAGE={pushed.iris_image}\n"
    )
    assert re.findall(r"^(\w+)=", blocks[0], re.MULTILINE) == re.findall(r"^(\w+)=", ours, re.MULTILINE)
    script = ours + "\n".join(blocks[1:])
    # MiniStack's own name for its APIs; not every resolver knows names below localhost.
    said = cloud.shell(script.replace("curl --fail", 'curl --connect-to "::127.0.0.1:" --fail'), tmp_path)
    assert "setosa" in (tmp_path / "answer.json").read_text()  # the event with a body
    assert said.count('{"prediction": "setosa"') == 2  # invoked, and through the HTTP API
    docker(
        "rmi", f"127.0.0.1:{cloud.port}/iris-prediction:v1", f"127.0.0.1:{cloud.port}/iris-prediction:v2", check=False
    )
