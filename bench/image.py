"""`iris-model build` and push, against `docker build` and `docker push` of the same project, to a registry on this machine.

    python bench/image.py [rounds]

Needs Docker Engine and Debian's docker-registry. Each round changes the handler of both projects, then builds and pushes each,
whole commands, in turn. Round 0 fills caches: the base is then in our cache and in Docker's. Medians count. Docker compiles
and packages inside the base, where packages must be installed first; that is what a project's Dockerfile costs. Then the model
changes, so it must be opened and verified; the time that its library alone needs to open it is measured next to that.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.support.docker_base import build_image, lambda_base
from tests.support.docker_engine import docker
from tests.support.docker_registry import docker_registry

from bench.peers import EXAMPLE, REPOSITORY
from bench.report import Claim, render, write_results

ROUNDS = 5
PYTHON = "3.11"  # the one that runs this, so that bytecode is made
LIMIT_MS = 1000.0
LAYERS_LIMIT_KB = 150.0
DOCKER = {**os.environ, "DOCKER_BUILDKIT": os.environ.get("DOCKER_BUILDKIT", "0")}


def main(arguments: list[str]) -> int:
    """Measure, print, keep; the status is 1 when a claim does not hold."""
    rounds = int(arguments[0]) if arguments else ROUNDS
    base, build_base = lambda_base(PYTHON), build_image(lambda_base(PYTHON))
    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        os.environ["IRIS_MODEL_CACHE"] = str(place / "cache")
        (place / "registry").mkdir()
        with docker_registry(place / "registry") as registry:
            base_there = f"{registry.host}/lambda/python:{PYTHON}"
            archive = place / "base.tar"
            docker("save", "--output", str(archive), base, timeout=300)
            _ours("push", archive, base_there, "--force")
            try:
                taken = _measure(place, rounds, registry.host, base_there, base, build_base)
            finally:
                docker("image", "rm", "--force", f"{registry.host}/theirs:1", check=False)
            scikit_learn = _scikit_learn_bytes(place, base_there)
    return _report(taken, scikit_learn)


def _measure(
    place: Path, rounds: int, host: str, base_there: str, base: str, build_base: str
) -> dict[str, list[float]]:
    ours, theirs = place / "ours", place / "theirs"
    for project in (ours, theirs):
        _init(project)
    reference, tag = f"{host}/ours:1", f"{host}/theirs:1"
    taken: dict[str, list[float]] = {}
    for turn in range(rounds + 1):
        print(f"\rround {turn} of {rounds}", end="", file=sys.stderr, flush=True)
        # Unlike that of any run before: Docker keeps what it built then.
        change = f"# round {turn}, {time.time_ns()}\n"
        for project in (ours, theirs):
            with (project / "app.py").open("a") as app:
                app.write(change)
        started = time.perf_counter()
        built = _ours("build", ours, "--base", base_there, "-t", reference, "-o", place / f"layout{turn}")
        done = time.perf_counter()
        pushed = _ours("build", ours, "--base", base_there, "-t", reference, "--push")
        pushed_at = time.perf_counter()
        again = _ours("build", ours, "--base", base_there, "-t", reference, "--push")
        ended = time.perf_counter()
        assert again["push"]["unchanged"] and again["digest"] == built["digest"]
        # Nothing of the last image is left but the function directory and the base in the cache.
        shutil.rmtree(ours / ".iris-model" / "layers")
        shutil.rmtree(place / f"layout{turn}")
        layout = place / f"again{turn}"
        alone = time.perf_counter()
        _ours("build", ours, "--base", base_there, "-t", reference, "-o", layout)
        alone = time.perf_counter() - alone
        shutil.rmtree(layout)
        docker_seconds = _docker(theirs, tag, base, build_base)
        _train_again(ours / "iris_trained_model.pkl", turn)
        opened_at = time.perf_counter()
        _open_with_library(ours / "iris_trained_model.pkl")
        opened = time.perf_counter()
        _ours("build", ours, "--base", base_there, "-t", reference, "-o", layout)
        proven = time.perf_counter()
        shutil.rmtree(layout)
        if turn:
            found = {
                "image": alone,
                "build": done - started,
                "new model": proven - opened,
                "library": opened - opened_at,
                "push": pushed_at - done,
                "nothing to do": ended - pushed_at,
                "docker build and push": docker_seconds,
            }
            for name, seconds in found.items():
                taken.setdefault(name, []).append(seconds * 1e3)
            taken.setdefault("bytes sent", []).append(pushed["push"]["bytes_sent"])
            taken.setdefault("layers", []).append(built["sizes"]["layers_above_base_bytes"])
            taken.setdefault("model layer", []).append(built["layers"][-1]["compressed_bytes"])
    print(file=sys.stderr)
    return taken


def _report(taken: dict[str, list[float]], scikit_learn: int) -> int:
    median = {name: statistics.median(values) for name, values in taken.items()}
    ours = median["build"] + median["push"]
    kilobytes, other = median["layers"] / 1e3, scikit_learn / 1e3
    # Manifest and config are part of every push; only the model's layer may be sent in addition.
    least = (median["model layer"] + 12_000) / 1e3
    claims = [
        _at_most("image of a packaged function, base cached / its limit", median["image"], LIMIT_MS),
        _at_most("build of a project whose handler changed / its limit", median["build"], LIMIT_MS),
        _at_most("build of a project with a new model, opened and verified / its limit", median["new model"], LIMIT_MS),
        Claim(
            "build with a new model / opening it with its library alone",
            median["new model"],
            median["library"],
            "ms",
            median["new model"] / median["library"],
            1.5,
            "at most",
        ),
        _at_most("push of a changed project / its limit", median["push"], LIMIT_MS),
        _at_most("build and push with nothing to do / the limit", median["nothing to do"], LIMIT_MS),
        _at_least("docker build and push / ours", ours, median["docker build and push"], 5),
        _at_most("bytes sent / the changed layer with config and manifest", median["bytes sent"] / 1e3, least, "KB"),
        _at_most("layers above the base / their limit", kilobytes, LAYERS_LIMIT_KB, "KB"),
        _at_least("layers with scikit-learn / ours", kilobytes, other, 100, "KB"),
    ]
    print(render(claims))
    print(f"all samples: {write_results('image', claims, taken).relative_to(REPOSITORY)}")
    return 0 if all(claim.held for claim in claims) else 1


def _scikit_learn_bytes(place: Path, base: str) -> int:
    """Layers above the base when the model is served by its library."""
    project = place / "original"
    _init(project)
    settings = project / "iris-model.toml"
    settings.write_text('executor = "original"\n' + settings.read_text())
    built = _ours("build", project, "--base", base, "-o", place / "layout-original")
    size = built["sizes"]["layers_above_base_bytes"]
    assert isinstance(size, int)
    return size


def _init(project: Path) -> None:
    command = [sys.executable, "-m", "iris_model.cli", "init", str(project)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    # The limits of sizes and times are those of the Python runtime.
    settings = project / "iris-model.toml"
    settings.write_text(f'runtime = "python"\n{settings.read_text()}')
    assert (project / "iris_trained_model.pkl").read_bytes() == (EXAMPLE / "iris_trained_model.pkl").read_bytes()


def _train_again(model: Path, turn: int) -> None:
    """Another model, as training it again on other rows would give; and one that no run before has compiled."""
    estimator = pickle.loads(model.read_bytes())
    estimator[-1].intercept_ = estimator[-1].intercept_ + (turn + 1) * 1e-6 + time.time_ns() % 1000 * 1e-10
    model.write_bytes(pickle.dumps(estimator))


def _open_with_library(model: Path) -> None:
    """The minimum for opening the model: Python, its library, the file."""
    code = "import pickle, sys; pickle.load(open(sys.argv[1], 'rb'))"
    subprocess.run([sys.executable, "-c", code, str(model)], check=True)


def _ours(*arguments: object) -> dict[str, Any]:
    command = [sys.executable, "-m", "iris_model.cli", *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        raise RuntimeError(done.stderr)
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def _docker(project: Path, tag: str, base: str, build_base: str) -> float:
    options = ["--build-arg", f"BASE_IMAGE={base}", "--build-arg", f"BUILD_IMAGE={build_base}", "--tag", tag]
    started = time.perf_counter()
    subprocess.run(["docker", "build", "--quiet", *options, str(project)], check=True, env=DOCKER, capture_output=True)
    subprocess.run(["docker", "push", "--quiet", tag], check=True, env=DOCKER, capture_output=True)
    return time.perf_counter() - started


def _at_most(text: str, ours: float, other: float, unit: str = "ms") -> Claim:
    return Claim(text, ours, other, unit, ours / other, 1, "at most")


def _at_least(text: str, ours: float, other: float, target: float, unit: str = "ms") -> Claim:
    return Claim(text, ours, other, unit, other / ours, target, "at least")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
