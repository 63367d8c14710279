"""Images on scratch: the executable, the model and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from iris_model.errors import ImageError, ProjectError
from iris_model.image.assemble import runtime_of
from iris_model.image.bases.cache import Cache
from iris_model.image.build import build_image
from iris_model.oci import validate, write_archive
from iris_model.project.packaging.native import find_bootstrap
from tests.support.iris_project import write_iris_project

MOST_BYTES = 700 * 1024


def test_a_function_in_python_needs_a_base_with_python(tmp_path: Path) -> None:
    project = write_iris_project(
        tmp_path / "project", "flowers", settings='base-image = "scratch"\nruntime = "python"\n'
    )
    with pytest.raises(ImageError, match="base scratch: it has no Python") as caught:
        build_image(project, cache=Cache(tmp_path / "cache"))
    assert 'runtime = "native"' in str(caught.value.remedy)


@pytest.mark.parametrize("runtime", ["auto", "native"])
def test_a_function_that_needs_python_is_refused_on_scratch(tmp_path: Path, runtime: str) -> None:
    settings = f'base-image = "scratch"\nruntime = "{runtime}"\n'
    project = write_iris_project(tmp_path / "project", "flowers", settings=settings)
    with (project / "app.py").open("a") as app:
        app.write("print('mine')\n")
    with pytest.raises(
        ProjectError, match=r'base-image = "scratch" has no Python.*app\.py is not the handler'
    ) as caught:
        build_image(project, cache=Cache(tmp_path / "cache"))
    assert "base image with Python" in str(caught.value.remedy)


@pytest.mark.skipif(find_bootstrap("x86_64") is None, reason="this installation has no native runtime for x86_64")
def test_an_image_on_scratch_is_small_and_the_same_every_time(tmp_path: Path) -> None:
    settings = 'base-image = "scratch"\n'
    digests = set()
    for name in ("one", "two"):
        project = write_iris_project(tmp_path / name / "project", "flowers", settings=settings)
        built = build_image(project, cache=Cache(tmp_path / "cache"))
        digests.add(str(built.image.digest))
        assert built.image.config.entrypoint == ("/var/task/bootstrap",)
        assert runtime_of(built.image) == "native"
        assert sum(layer.size for layer in built.image.layers) < MOST_BYTES
        assert not list(validate(built.image))
    assert len(digests) == 1
    write_archive(built.image, tmp_path / "image.tar")
    assert (tmp_path / "image.tar").stat().st_size < MOST_BYTES
