"""The picture of the flow is up to date, and its text fits into its boxes."""

from __future__ import annotations

import re
import runpy
from itertools import combinations
from xml.etree import ElementTree

from tests.architecture.packages import PACKAGES
from tests.support.book import REPOSITORY

SCRIPT = runpy.run_path(str(REPOSITORY / "scripts/draw_flow.py"))
# Wider than the characters of most fonts at these sizes, on average.
NAME_WIDTH, LINE_WIDTH = 8.0, 6.6
PADDING = 12


def test_it_is_up_to_date_and_xml() -> None:
    written = (REPOSITORY / SCRIPT["PICTURE"]).read_text(encoding="utf-8")
    assert written == SCRIPT["draw"](), "run python scripts/draw_flow.py"
    ElementTree.fromstring(written)


def test_texts_fit_into_their_boxes_and_boxes_into_the_picture() -> None:
    for box in SCRIPT["BOXES"]:
        name, *lines = box.lines
        widest = max(len(name) * NAME_WIDTH, *(len(line) * LINE_WIDTH for line in lines))
        assert widest <= box.width - PADDING, box
        assert box.x + box.width < SCRIPT["WIDTH"] and box.y + box.height < SCRIPT["HEIGHT"], box


def test_no_two_boxes_overlap() -> None:
    for one, other in combinations(SCRIPT["BOXES"], 2):
        apart = (
            one.x + one.width < other.x
            or other.x + other.width < one.x
            or one.y + one.height < other.y
            or other.y + other.height < one.y
        )
        assert apart, (one, other)


def test_every_package_of_the_flow_is_in_the_picture() -> None:
    named = {word for box in SCRIPT["BOXES"] for word in re.findall(r"\w+", box.lines[0])}
    # Packages that are not part of the flow: foundations, cost, command line, and the engines around `scoring`.
    others = {"contract", "oci", "errors", "installed", "cost", "cli", "integrations"}
    assert set(PACKAGES) - named <= others
