"""Run the parity zoo and the fallback zoo against older versions of the libraries; print the counts; fail unless wrong is 0.

    python scripts/parity_matrix.py                     every older version, a part of the zoo
    python scripts/parity_matrix.py --full 1.5 1.6      these versions, the whole zoo
    python scripts/parity_matrix.py 1.7 -- -k boosting  after --: to pytest

Each version has an environment of its own in the user's cache (IRIS_MODEL_MATRIX_CACHE names another directory), made once and
kept under a digest of its pins. `newest` is the environment that runs this script; it is left out by default, because
`make test` and the slow tests run both zoos whole there. The part is what `make test` runs: one data set for each estimator with
its parameters, chosen by the digest of its name, so that each kind of data meets many of them.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.environments import make_environment  # noqa: E402

INSTALL_SECONDS = 1200

# scikit-learn -> the libraries of its time.
VERSIONS = {
    "1.5": "scikit-learn==1.5.2 numpy==1.26.4 scipy==1.13.1 pandas==2.2.3 xgboost-cpu==2.1.4 lightgbm==4.3.0 joblib==1.4.2",
    "1.6": "scikit-learn==1.6.1 numpy==2.1.3 scipy==1.14.1 pandas==2.2.3 xgboost-cpu==2.1.4 lightgbm==4.5.0 joblib==1.4.2",
    "1.7": "scikit-learn==1.7.2 numpy==2.2.6 scipy==1.15.3 pandas==2.3.3 xgboost-cpu==3.0.5 lightgbm==4.6.0 joblib==1.5.2",
    "1.8": "scikit-learn==1.8.0 numpy==2.3.5 scipy==1.16.3 pandas==2.3.3 xgboost-cpu==3.1.3 lightgbm==4.6.0 joblib==1.5.3",
}
NEWEST = "newest"
TOOLS = ["hypothesis", "pytest", "pytest-xdist", "skops", "catboost", "cloudpickle"]
EVERYTHING = ["-m", "slow or not slow"]
COUNTS = re.compile(r"^(?:parity|fallback): .*?(?:(\d+) wrong|wrong (\d+)).*$", re.MULTILINE)


def main() -> int:
    """Run what was asked for; 1 if anything failed."""
    given, _, to_pytest = " ".join(sys.argv[1:]).partition(" -- ")
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("versions", nargs="*", choices=[*VERSIONS, NEWEST, []], help="[default: all older ones]")
    parser.add_argument("--full", action="store_true", help="the whole zoo in place of a part")
    options = parser.parse_args(given.split())
    names = options.versions or list(VERSIONS)
    with tempfile.TemporaryDirectory(prefix="iris-model-metadata-") as described:
        copy_metadata(Path(described))
        # The copy first: an editable installation leaves other metadata, without the license, next to the sources.
        paths = [described, str(ROOT / "src")]
        results = {name: run(name, paths, full=options.full, more=to_pytest.split()) for name in names}
    print("\nscikit-learn  seconds  counts")
    for name, (sound, seconds, counts) in results.items():
        print(f"{name:12}  {seconds:7.0f}  {'; '.join(counts) or 'no counts'}{'' if sound else '  FAILED'}")
    return 0 if all(sound for sound, _, _ in results.values()) else 1


def run(name: str, paths: list[str], *, full: bool, more: list[str]) -> tuple[bool, float, list[str]]:
    """Whether the zoos of a version are sound, how long they took, and their lines of counts. `paths`: where iris-model is."""
    python = sys.executable if name == NEWEST else str(environment(name) / "bin" / "python")
    started = time.monotonic()
    print(f"\n== scikit-learn {name}: {VERSIONS.get(name, 'this environment')}", flush=True)
    sound, counts = True, []
    # The fallback zoo is run with those of its libraries that are installed there.
    for target in (["tests/parity", *(EVERYTHING if full else [])], ["tests/fallback", *EVERYTHING]):
        done = subprocess.run(
            [
                python,
                "-m",
                "pytest",
                "-q",
                "-p",
                "no:cacheprovider",
                "-n",
                os.environ.get("PARITY_WORKERS", "2"),
                *target,
                *more,
            ],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PARITY_MATRIX": name},
        )
        found = list(COUNTS.finditer(done.stdout))
        right = done.returncode == 0 and bool(found) and all("0" in one.groups() for one in found)
        print("\n".join(done.stdout.splitlines()[-6 if right else -60 :]), flush=True)
        sound, counts = sound and right, [*counts, *(one[0] for one in found)]
    return sound, time.monotonic() - started, counts


def environment(name: str) -> Path:
    """The environment of a version, made if it is not there."""
    pins = VERSIONS[name].split()
    key = hashlib.sha256(repr((pins, TOOLS, platform.python_version(), requirements())).encode()).hexdigest()[:16]
    home = cache() / f"scikit-learn-{name}-{key}"
    if (home / ".installed").is_file():
        return home
    print(f"making the environment of scikit-learn {name}: {home}", flush=True)
    started = time.monotonic()
    home.parent.mkdir(parents=True, exist_ok=True)
    make_environment(home, [*TOOLS, *pins, *requirements()], seconds=INSTALL_SECONDS, what=f"scikit-learn {name}")
    (home / ".installed").touch()
    print(f"made in {time.monotonic() - started:.0f} s", flush=True)
    return home


def requirements() -> list[str]:
    """What iris-model itself needs. It is not installed: the tests run what is in this tree."""
    import tomllib

    with (ROOT / "pyproject.toml").open("rb") as file:
        return list(tomllib.load(file)["project"]["dependencies"])


def copy_metadata(directory: Path) -> None:
    """Write the metadata of the installed iris-model into `directory`: `package` makes the tool's wheel of it.

    The environments of the versions do not install iris-model, because every checkout of it shares them.
    """
    try:
        files = metadata.distribution("iris-model").files or []
    except metadata.PackageNotFoundError:
        sys.exit(f"error: iris-model is not installed for {sys.executable}\nhint: Run `make e2e-matrix`.")
    for file in files:
        # `direct_url.json` names the checkout it was installed from, and RECORD files that are not here.
        if file.parts[0].endswith(".dist-info") and file.name not in ("direct_url.json", "RECORD"):
            path = directory / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(Path(str(file.locate())).read_bytes())


def cache() -> Path:
    """Where environments are kept."""
    named = os.environ.get("IRIS_MODEL_MATRIX_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "iris-model-matrix"


if __name__ == "__main__":
    sys.exit(main())
