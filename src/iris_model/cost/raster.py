"""Convert an SVG to a PNG with a program on this machine.

Programs are tried in the order of the table, fast ones first. Their output must be a PNG of the requested size.
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from iris_model.errors import CostError

SECONDS_PER_PROGRAM = 60
# Twice the size of the SVG, so that it is sharp on a slide.
SCALE = 2
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_REMEDY = (
    "Install one of rsvg-convert (librsvg2-bin in Debian, librsvg in Homebrew), resvg (pip install 'iris-model[png]'), "
    "Inkscape, ImageMagick 7, Chromium or Chrome. Or use a file name that ends with .svg."
)


@dataclass(frozen=True)
class Job:
    """The arguments of a program: two files, and the size in pixels."""

    svg: Path
    png: Path
    width: int
    height: int


@dataclass(frozen=True)
class Renderer:
    """A program: its possible names, and its arguments."""

    programs: tuple[str, ...]
    arguments: Callable[[Job], list[str]]


def _chromium(job: Job) -> list[str]:
    # A separate profile, because an open one is locked. Chromium's sandbox does not work for root.
    return [
        "--headless",
        *(["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []),
        f"--user-data-dir={job.svg.parent / 'profile'}",
        "--no-first-run",
        "--hide-scrollbars",
        "--blink-settings=preferredColorScheme=1",
        f"--force-device-scale-factor={SCALE}",
        f"--window-size={job.width // SCALE},{job.height // SCALE}",
        f"--screenshot={job.png}",
        job.svg.as_uri(),
    ]


RENDERERS = (
    Renderer(
        ("rsvg-convert",),
        lambda job: [
            "--format=png",
            f"--width={job.width}",
            f"--height={job.height}",
            f"--output={job.png}",
            str(job.svg),
        ],
    ),
    Renderer(("resvg",), lambda job: [f"--width={job.width}", f"--height={job.height}", str(job.svg), str(job.png)]),
    Renderer(
        ("cairosvg",),
        lambda job: [
            f"--output-width={job.width}",
            f"--output-height={job.height}",
            f"--output={job.png}",
            str(job.svg),
        ],
    ),
    Renderer(
        ("inkscape",),
        lambda job: [
            "--export-type=png",
            f"--export-width={job.width}",
            f"--export-height={job.height}",
            f"--export-filename={job.png}",
            str(job.svg),
        ],
    ),
    Renderer(
        ("magick",),
        lambda job: [
            "-density",
            str(96 * SCALE),
            str(job.svg),
            "-resize",
            f"{job.width}x{job.height}!",
            f"png:{job.png}",
        ],
    ),
    Renderer(
        (
            "chromium",
            "chromium-browser",
            "google-chrome",
            "google-chrome-stable",
            "chrome",
            "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
        ),
        _chromium,
    ),
)


def find_renderers(search: str | None = None) -> list[tuple[str, Renderer]]:
    """Return the installed programs with their paths: on the PATH (or `search`), or next to the running Python."""
    own = str(Path(sys.executable).parent)
    where = os.pathsep.join([os.environ.get("PATH", os.defpath), own]) if search is None else search
    found = []
    for renderer in RENDERERS:
        path = next((path for name in renderer.programs if (path := shutil.which(name, path=where))), None)
        if path is not None:
            found.append((path, renderer))
    return found


def check_can_rasterize() -> None:
    """Raise CostError if no program is installed, before a measurement starts."""
    if not find_renderers():
        raise CostError("no program that converts SVG to PNG was found on this machine", remedy=_REMEDY)


def rasterize(svg: str, renderers: Sequence[tuple[str, Renderer]] | None = None) -> bytes:
    """Return the picture as a PNG, `SCALE` times its size.

    Raises CostError with the output of each program that failed.
    """
    root = ElementTree.fromstring(svg)  # noqa: S314 - drawn by us
    width, height = (round(float(root.attrib[name]) * SCALE) for name in ("width", "height"))
    problems = []
    for path, renderer in find_renderers() if renderers is None else renderers:
        with tempfile.TemporaryDirectory(prefix="iris-model-", ignore_cleanup_errors=True) as directory:
            job = Job(Path(directory, "picture.svg"), Path(directory, "picture.png"), width, height)
            job.svg.write_text(svg, encoding="utf-8")
            problem = _run([path, *renderer.arguments(job)]) or _find_problem(job)
            if not problem:
                return job.png.read_bytes()
            problems.append(f"  - {path}: {problem}")
    if not problems:
        raise CostError("no program that converts SVG to PNG was found on this machine", remedy=_REMEDY)
    raise CostError("no program could convert the picture to PNG:\n" + "\n".join(problems), remedy=_REMEDY)


def _run(command: list[str]) -> str:
    """Run a program. Return its error, or ""."""
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=SECONDS_PER_PROGRAM, check=False
        )
    except subprocess.TimeoutExpired:
        return f"not ready after {SECONDS_PER_PROGRAM} s"
    except OSError as error:
        return f"cannot be started ({error.strerror})"
    if done.returncode:
        said = (done.stderr or done.stdout).decode(errors="replace").strip().splitlines()
        return f"exit status {done.returncode}" + (f": {said[-1]}" if said else "")
    return ""


def _find_problem(job: Job) -> str:
    """Return what is wrong with the output file, or ""."""
    try:
        head = job.png.read_bytes()[:24]
    except OSError:
        return "succeeded, but wrote nothing"
    if len(head) < 24 or not head.startswith(_PNG_SIGNATURE):
        return "wrote a file that is not a PNG"
    size = struct.unpack(">II", head[16:24])
    if size != (job.width, job.height):
        return f"drew {size[0]} x {size[1]} pixels instead of {job.width} x {job.height}"
    return ""
