"""Draw docs/flow.svg, the flow of `docs/architecture.md` as a picture: `python scripts/draw_flow.py` from the checkout's root.

In: the boxes and arrows below. Out: an SVG that follows the reader's page from light to dark. Text is text, to be read aloud and
searched.
"""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path

PICTURE = "docs/flow.svg"
WIDTH, HEIGHT = 1000, 880
LINE = 18

STYLE = """\
svg{font-family:system-ui,sans-serif;font-size:12px}
text{fill:#1c2330}.dim{fill:#5b6675}.head{font-weight:600;font-size:15px}.name{font-weight:600;font-size:13px}
.paper{fill:#fff}.file{fill:#eef3fb;stroke:#7d95bd}.room{fill:#f3eefb;stroke:#9a80c4}.pivot{fill:#fdf3df;stroke:#c49a3f}.out{fill:#e8f6ee;stroke:#5fa87c}
.arrow{stroke:#5b6675;fill:none;stroke-width:1.4}.tip{fill:#5b6675} @media
(prefers-color-scheme:dark){text{fill:#e5e9f0}.dim{fill:#a3adbb}.paper{fill:#12161d}.file{fill:#1d2735;stroke:#5d7297}
.room{fill:#261f35;stroke:#7c66a3}.pivot{fill:#33290f;stroke:#a3803a}.out{fill:#15291e;stroke:#4d8a66}.arrow{stroke:#a3adbb}.tip{fill:#a3adbb}}
"""


@dataclass(frozen=True)
class Box:
    """A rectangle: its left upper corner, its size, how it looks, and its lines; the first one is its name."""

    x: int
    y: int
    width: int
    height: int
    kind: str
    lines: tuple[str, ...]

    @property
    def left(self) -> tuple[int, int]:
        """Where an arrow arrives."""
        return self.x, self.y + self.height // 2

    @property
    def right(self) -> tuple[int, int]:
        """Where one begins."""
        return self.x + self.width, self.y + self.height // 2

    @property
    def top(self) -> tuple[int, int]:
        """Where one from above arrives."""
        return self.x + self.width // 2, self.y

    @property
    def bottom(self) -> tuple[int, int]:
        """Where one downwards begins."""
        return self.x + self.width // 2, self.y + self.height


TRAINED = Box(20, 60, 150, 74, "file", ("your training", "iris_trained_", "model.pkl"))
READERS = Box(200, 60, 160, 74, "room", ("readers", "open it, run no code", "of others: a Graph"))
COMPILER = Box(390, 60, 180, 74, "room", ("compiler", "writes bytes that equal", "the original, or refuses"))
COMPILED = Box(600, 60, 170, 74, "file", ("compiled model", "header and tensors:", "mapped, not parsed"))
SCORING = Box(820, 30, 160, 56, "out", ("scoring, table_io", "tables, Spark, Polars"))
EXPLANATION = Box(820, 108, 160, 56, "out", ("explanation", "what a column adds"))
YOURS = Box(20, 234, 150, 74, "file", ("your project", "app.py", "iris-model.toml"))
PACKAGE = Box(390, 234, 180, 74, "room", ("project", "packages what the", "function can reach"))
DIRECTORY = Box(600, 234, 170, 74, "pivot", ("function directory", "exactly the content", "of /var/task"))
SERVE = Box(820, 186, 160, 56, "out", ("local: serve", "sandboxes, HTTP API"))
DOCKER = Box(820, 260, 160, 56, "out", ("Docker", "your Dockerfile"))
BUILD = Box(820, 334, 160, 56, "out", ("image: build, push", "without Docker"))
DEPLOY = Box(820, 408, 160, 56, "out", ("aws: deploy, batch", "stack, canary, queue"))

CALLER = Box(20, 540, 130, 74, "file", ("caller", "curl, boto3,", "MLflow, Triton"))
FRONT = Box(180, 540, 150, 74, "out", ("front end", "API Gateway, or the", "local Lambda"))
LOOP = Box(360, 540, 120, 74, "room", ("runtime: loop", "polls the", "Runtime API"))
HANDLER = Box(510, 540, 120, 74, "file", ("your handler", "model.answer", "(event)"))
EVENTS = Box(680, 490, 150, 54, "room", ("events", "which front end?"))
PAYLOADS = Box(680, 564, 150, 54, "room", ("payloads", "which protocol?"))
ENGINE = Box(680, 638, 150, 54, "room", ("engine", "rows to predictions"))
ANSWER = Box(860, 564, 120, 54, "file", ("answer", "same protocol"))
BOOTSTRAP = Box(180, 660, 150, 74, "room", ("engine: bootstrap", "native: loop to", "answer in C"))
SENDERS = Box(20, 764, 150, 74, "out", ("senders of rows", "queue, stream, topic", "bucket, batch part"))
SOURCES = Box(510, 660, 120, 74, "room", ("event_sources", "[events]: rows", "of records"))
DESTINATION = Box(510, 774, 120, 54, "out", ("destination", "queue, bucket"))

BOXES = (TRAINED, READERS, COMPILER, COMPILED, YOURS, PACKAGE, DIRECTORY, SERVE, DOCKER, BUILD, DEPLOY)
BOXES += (SCORING, EXPLANATION, CALLER, FRONT, LOOP, HANDLER, EVENTS, PAYLOADS, ENGINE, ANSWER)
BOXES += (BOOTSTRAP, SENDERS, SOURCES, DESTINATION)

ARROWS = (
    (TRAINED.right, READERS.left),
    (READERS.right, COMPILER.left),
    (COMPILER.right, COMPILED.left),
    (COMPILED.right, SCORING.left),
    (COMPILED.right, EXPLANATION.left),
    (COMPILED.bottom, DIRECTORY.top),
    (YOURS.right, PACKAGE.left),
    (PACKAGE.right, DIRECTORY.left),
    *((DIRECTORY.right, box.left) for box in (SERVE, DOCKER, BUILD, DEPLOY)),
    (CALLER.right, FRONT.left),
    (FRONT.right, LOOP.left),
    (FRONT.bottom, BOOTSTRAP.top),
    (LOOP.right, HANDLER.left),
    (HANDLER.right, EVENTS.left),
    (HANDLER.bottom, SOURCES.top),
    (SOURCES.right, ENGINE.left),
    (SOURCES.bottom, DESTINATION.top),
    (EVENTS.bottom, PAYLOADS.top),
    (PAYLOADS.bottom, ENGINE.top),
    (ENGINE.right, (ANSWER.x + 40, ANSWER.bottom[1])),
)

# Ways around other boxes: the answer goes back the way that the request came; records come as events to the loop.
WAYS = (
    f"M{ANSWER.x + 90} {ANSWER.bottom[1]}V860H8V{CALLER.left[1]}H{CALLER.x - 2}",
    f"M{BOOTSTRAP.left[0]} {BOOTSTRAP.left[1]}H{CALLER.bottom[0]}V{CALLER.bottom[1] + 2}",
    f"M{SENDERS.right[0]} {SENDERS.right[1]}H{LOOP.bottom[0]}V{LOOP.bottom[1] + 2}",
)


def draw() -> str:
    """The picture."""
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="title">',
        '<title id="title">From a trained model to a function directory, and from a request to its answer</title>',
        f"<style>{STYLE}</style>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>',
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>',
        _text(20, 30, "Once: from the trained model to what runs", "head"),
        _text(20, 500, "For each request or event: inside a sandbox", "head"),
        *(_arrow(start, end) for start, end in ARROWS),
        *(f'<path class="arrow" marker-end="url(#tip)" d="{way}"/>' for way in WAYS),
        _text(640, 852, "back through runtime and front end to the caller", "dim"),
        *map(_box, BOXES),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _box(box: Box) -> str:
    first = box.y + (box.height - LINE * len(box.lines)) // 2 + 14
    lines = [
        _text(box.x + 12, first + LINE * index, line, "name" if index == 0 else "dim")
        for index, line in enumerate(box.lines)
    ]
    shape = f'<rect class="{box.kind}" x="{box.x}" y="{box.y}" width="{box.width}" height="{box.height}" rx="8"/>'
    return shape + "".join(lines)


def _text(x: int, y: int, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x}" y="{y}">{escape(text)}</text>'


def _arrow(start: tuple[int, int], end: tuple[int, int]) -> str:
    (x1, y1), (x2, y2) = start, end
    if x1 == x2 or y1 == y2:
        path = f"M{x1} {y1}L{x2} {y2}"
    elif y1 > y2 and x2 > x1 and (x2, y2) == (ANSWER.x + 40, ANSWER.bottom[1]):
        path = f"M{x1} {y1}H{x2}V{y2}"
    else:
        middle = (x1 + x2) // 2
        path = f"M{x1} {y1}H{middle}V{y2}H{x2}"
    return f'<path class="arrow" marker-end="url(#tip)" d="{path}"/>'


if __name__ == "__main__":
    target = Path(__file__).resolve().parent.parent / PICTURE
    target.write_text(draw(), encoding="utf-8")
    print(f"{PICTURE} is written")
