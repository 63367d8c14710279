"""The SVG elements of the pictures, independent of their content.

They use only features that every SVG renderer supports: no script, no foreign object, colors in plain rules. In a
browser the picture has the page's colors, light or dark. `DARK` contains these rules, and `for_print` removes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape, quoteattr

# Okabe and Ito, "Color Universal Design" (2008), without the yellow: color-blind people can distinguish these. The
# second color of each pair is for a dark page.
COLORS = (
    ("#0072b2", "#58a6e8"),
    ("#d55e00", "#f08a4b"),
    ("#009e73", "#3cc79b"),
    ("#b5579a", "#dd8fc4"),
    ("#7a5c00", "#d0ac3f"),
    ("#4d4d4d", "#b4bac2"),
    ("#8b3fc0", "#c28bf0"),
    ("#a33b00", "#e0754a"),
    ("#c2185b", "#f06a9b"),
)
_FONT = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', 'DejaVu Sans', Arial, 'Liberation Sans', 'Noto Sans', sans-serif"
_LIGHT = f"""
text {{ font-family: {_FONT}; font-size: 13px; fill: #1f2328 }} .paper {{ fill: #ffffff }} .halo {{ stroke: #ffffff }}
.quiet {{ fill: #59636e }} .small {{ font-size: 12px }}
.title {{ font-size: 20px; font-weight: 600 }} .strong {{ font-weight: 600 }}
.grid {{ stroke: #e2e6ea }} .axis {{ stroke: #8c959f }} .now {{ stroke: #59636e; stroke-dasharray: 3 4 }}
""".strip()
_DARK = """
text { fill: #e6edf3 } .paper { fill: #0d1117 } .halo { stroke: #0d1117 }
.quiet { fill: #9aa4af } .grid { stroke: #262c34 } .axis { stroke: #6e7681 } .now { stroke: #9aa4af }
""".strip()
DARK = "\n".join(
    [
        "@media (prefers-color-scheme: dark) {",
        _DARK,
        *(f".line{i} {{ stroke: {dark} }} .dot{i} {{ fill: {dark} }}" for i, (_, dark) in enumerate(COLORS)),
        "}",
    ]
)
_STYLE = "\n".join(
    [_LIGHT, *(f".line{i} {{ stroke: {light} }} .dot{i} {{ fill: {light} }}" for i, (light, _) in enumerate(COLORS))]
)


def document(width: int, height: int, label: str, parts: Iterable[str]) -> str:
    """Return a whole picture with its own background. `label` is for screen readers."""
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
            f'role="img" aria-label={quoteattr(label)}>',
            f"<style>\n{_STYLE}\n{DARK}\n</style>",
            f'<rect class="paper" width="{width}" height="{height}"/>',
            *parts,
            "</svg>\n",
        ]
    )


def for_print(svg: str) -> str:
    """Return the picture for a white background, for a PNG, which cannot follow the page's colors."""
    return svg.replace(DARK, "")


def text(x: float, y: float, words: str, kind: str = "", anchor: str = "start", turn: int = 0) -> str:
    """Return one line of text. `kind`: style classes; `turn`: a rotation in degrees."""
    style = f' class="{kind}"' if kind else ""
    place = "" if anchor == "start" else f' text-anchor="{anchor}"'
    turned = f' transform="rotate({turn} {x:.1f} {y:.1f})"' if turn else ""
    return f'<text{style} x="{x:.1f}" y="{y:.1f}"{place}{turned}>{escape(words)}</text>'


def line(x1: float, y1: float, x2: float, y2: float, kind: str, dash: str = "", width: float = 1) -> str:
    """Return a straight line."""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke-width="{width}"{dashes}/>'
    )


def path(points: Sequence[tuple[float, float]], kind: str, dash: str = "", width: float = 2) -> str:
    """Return a line through points."""
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    places = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    return f'<polyline class="{kind}" fill="none" stroke-width="{width}" stroke-linejoin="round"{dashes} points="{places}"/>'


def dot(x: float, y: float, kind: str, meaning: str) -> str:
    """Return a dot with a border. `meaning` is its tooltip."""
    return (
        f'<circle class="{kind} halo" cx="{x:.1f}" cy="{y:.1f}" r="5.5" stroke-width="1.5">'
        f"<title>{escape(meaning)}</title></circle>"
    )


def clip(name: str, left: float, top: float, right: float, bottom: float) -> str:
    """Return a clipping rectangle."""
    return (
        f'<clipPath id="{name}"><rect x="{left}" y="{top}" width="{right - left}" height="{bottom - top}"/></clipPath>'
    )
