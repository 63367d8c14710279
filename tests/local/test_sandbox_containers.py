"""The options of containers, and the errors without Docker. Real containers: tests/e2e/test_containers.py."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from iris_model.errors import LocalError
from iris_model.local import ImageSettings, SandboxSettings
from iris_model.local.confinements.containers import make_order
from iris_model.local.machine.docker_place import describe_process
from tests.local.conftest import make_settings
from tests.support.local_service import running

# As Docker describes an image of AWS's base.
FOUND = {
    "Id": "sha256:abc",
    "Config": {
        "Env": [
            "LANG=en_US.UTF-8",
            "TZ=:/etc/localtime",
            "PATH=/var/lang/bin:/bin",
            "LAMBDA_TASK_ROOT=/var/task",
            "MINE=1",
        ],
        "Cmd": ["app.handler"],
        "Entrypoint": ["/lambda-entrypoint.sh"],
    },
}
ENVIRONMENT = {"TZ": ":UTC", "PATH": "/bin", "_HANDLER": "x", "AWS_LAMBDA_RUNTIME_API": "172.18.0.1:9"}


def order(image: ImageSettings, **changes: object) -> dict[str, object]:
    """The call for this image."""
    settings = make_settings(sandbox=SandboxSettings(image=image), memory_mib=256, **changes)
    return make_order(settings, image, FOUND, ENVIRONMENT, network="n", labels={"a": "b"})


def test_the_image_keeps_its_variables_and_the_platform_sets_its_own() -> None:
    assert order(ImageSettings("x"))["Env"] == ["AWS_LAMBDA_RUNTIME_API=172.18.0.1:9"]


def test_limits_and_walls() -> None:
    asked = order(ImageSettings("x"))
    host = asked["HostConfig"]
    assert isinstance(host, dict)
    assert asked["User"] == "993:990"
    assert (host["ReadonlyRootfs"], host["IpcMode"], host["NetworkMode"]) == (True, "none", "n")
    assert host["Memory"] == host["MemorySwap"] == (256 + 512) * 1024 * 1024
    assert host["Tmpfs"]["/tmp"].endswith("size=512m")


@pytest.mark.parametrize(
    ("image", "entry_point", "command"),
    [
        (ImageSettings("x"), None, None),
        (ImageSettings("x", command=("other.handler",)), None, ["other.handler"]),
        # Docker alone would drop the image's command here; Lambda keeps it.
        (ImageSettings("x", entry_point=("/run",)), ["/run"], ["app.handler"]),
        (ImageSettings("x", entry_point=("/run",), command=()), ["/run"], []),
    ],
)
def test_each_override_by_itself(image: ImageSettings, entry_point: object, command: object) -> None:
    asked = order(image)
    assert (asked.get("Entrypoint"), asked.get("Cmd")) == (entry_point, command)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("unix:///nonexistent/docker.sock", "Docker Engine does not answer at unix:///nonexistent/docker.sock"),
        ("tcp://127.0.0.1:1", "Docker Engine does not answer at tcp://127.0.0.1:1"),
        ("ssh://somewhere", "DOCKER_HOST is 'ssh://somewhere'; expected unix:///path or tcp://host:port"),
    ],
)
def test_no_engine_is_one_sentence(monkeypatch: pytest.MonkeyPatch, address: str, sentence: str) -> None:
    monkeypatch.setenv("DOCKER_HOST", address)
    contained = make_settings(
        directory=Path("/nonexistent"), sandbox=SandboxSettings(image=ImageSettings("some/image"))
    )
    with pytest.raises(LocalError) as raised, running(contained):
        pass
    assert str(raised.value).startswith(sentence)


def test_a_process_is_distinguished_from_a_later_one_with_its_number() -> None:
    own = describe_process(os.getpid())
    assert own == describe_process(os.getpid())
    assert own.startswith(f"{os.getpid()}-")
    assert describe_process(999_999_999) == "999999999-gone"
