"""Which registries are ECR, and the hints for them."""

from __future__ import annotations

import pytest

from iris_model.cli.render.registry_advice import find_ecr, find_remedy, registry_advice
from iris_model.errors import RegistryDenied, RegistryError, RepositoryNotFound
from iris_model.oci import Reference

EMULATOR = {"AWS_ENDPOINT_URL": "http://localhost:4566"}
IRIS = Reference.parse("123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/iris:1")


@pytest.mark.parametrize(
    ("registry", "environment", "options"),
    [
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com", {}, " --region eu-west-1"),
        ("123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com", {}, " --region us-gov-west-1"),
        ("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn", {}, " --region cn-north-1"),
        ("123456789012.dkr-ecr.eu-west-1.on.aws", {}, " --region eu-west-1"),
        ("localhost:4566", EMULATOR, ""),
        ("127.0.0.1:4566", EMULATOR, ""),
        ("127.0.0.1:4566", {**EMULATOR, "AWS_ENDPOINT_URL_ECR": "http://127.0.0.1:5000"}, None),
        ("localhost:5000", EMULATOR, None),
        ("localhost:4566", {}, None),
        ("public.ecr.aws", EMULATOR, None),
        ("123456789012.dkr.ecr.eu-west-1.amazonaws.com.example.org", {}, None),
        ("docker.io", {}, None),
    ],
)
def test_ecr_registries_are_recognized(registry: str, environment: dict[str, str], options: str | None) -> None:
    assert find_ecr(registry, environment) == options


@pytest.mark.parametrize(
    ("error", "command"),
    [
        (
            RepositoryNotFound("no", status=404),
            "aws ecr create-repository --repository-name team/iris --region eu-west-1\n",
        ),
        (RegistryDenied("Not Authorized", status=401), "iris-model login --region eu-west-1\n"),
        (
            RegistryDenied("Your authorization token has expired.", status=403),
            "aws ecr get-login-password --region eu-west-1 |",
        ),
        (RegistryDenied("not authorized to perform", status=403), "ecr:PutImage"),
    ],
)
def test_the_command_to_type(error: RegistryError, command: str) -> None:
    remedy = find_remedy(error, IRIS, {})
    assert remedy is not None
    assert command in remedy
    assert find_remedy(error, Reference.parse("registry.example/team/iris:1"), {}) is None


def test_only_the_hint_changes() -> None:
    with pytest.raises(RegistryDenied) as caught, registry_advice(IRIS):
        raise RegistryDenied("it has expired", remedy="ask", status=403)
    assert (caught.value.problem, caught.value.status) == ("it has expired", 403)
    assert "ask" not in caught.value.remedy.split()
    with pytest.raises(RegistryError) as kept, registry_advice(IRIS):
        raise RegistryError("it is in trouble", remedy="try again", status=500)
    assert kept.value.remedy == "try again"
