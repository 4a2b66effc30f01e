"""The reliability diagram as SVG: what was said, and how often it was so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

SIZE, EDGE = 360, 48


def diagram(bins: Sequence[Mapping[str, float]], title: str) -> str:
    """Return the diagram; the area of a point is the number of its pairs."""
    most = max(b["pairs"] for b in bins)
    points = "\n".join(
        f'<circle cx="{_x(b["said"]):.1f}" cy="{_y(b["was"]):.1f}"'
        f' r="{3 + 9 * (b["pairs"] / most) ** 0.5:.1f}"><title>said {b["said"]:.2f},'
        f" was {b['was']:.2f}, {b['pairs']:.0f} pairs</title></circle>"
        for b in bins
    )
    marks = "\n".join(
        f'<text x="{_x(n / 5):.0f}" y="{_y(0) + 18:.0f}" text-anchor="middle">'
        f'{n / 5:.1f}</text><text x="{_x(0) - 8:.0f}" y="{_y(n / 5) + 4:.0f}"'
        f' text-anchor="end">{n / 5:.1f}</text>'
        for n in range(6)
    )
    whole = SIZE + 2 * EDGE
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {whole} {whole}"
 role="img">
<title>{title}</title>
<style>text {{ font: 13px sans-serif; fill: #1b1b1b }}
line {{ stroke: #71767a }} circle {{ fill: #005ea2; fill-opacity: .75 }}</style>
<rect width="100%" height="100%" fill="#fff"/>
<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(0)}"/>
<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(0)}" y2="{_y(1)}"/>
<line x1="{_x(0)}" y1="{_y(0)}" x2="{_x(1)}" y2="{_y(1)}" stroke-dasharray="4 4"/>
{marks}
{points}
<text x="{_x(0.5)}" y="{_y(0) + 38}" text-anchor="middle">probability said</text>
<text x="{EDGE - 34}" y="{_y(0.5)}" text-anchor="middle"
 transform="rotate(-90 {EDGE - 34} {_y(0.5)})">share that are one bug</text>
</svg>
"""


def _x(value: float) -> float:
    return EDGE + value * SIZE


def _y(value: float) -> float:
    return EDGE + (1 - value) * SIZE
