"""Drawings of a few plain shapes, each with a role; a page or a paper gives it its look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import floor, log10


class Role(StrEnum):
    """What a shape stands for."""

    AXIS = "axis"
    GRID = "grid"
    INTERVAL = "interval"
    WIDER = "wider"
    POINT = "point"
    ALL = "all"
    """The whole suite, beside its families."""
    THRESHOLD = "threshold"
    BEYOND = "beyond"
    """Above the threshold."""
    CURVE = "curve"
    SOLVED = "solved"
    FAILED = "failed"
    REFUSED = "refused"
    INVALID = "invalid"
    CHEATED = "cheated"
    TEXT = "text"
    QUIET = "quiet"
    STRONG = "strong"
    MARK = "mark"
    """Text that belongs to the threshold."""


@dataclass(frozen=True, slots=True)
class Line:
    """From one point to another, or through several."""

    points: tuple[tuple[float, float], ...]
    role: Role


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float
    role: Role
    round: float = 0.0


@dataclass(frozen=True, slots=True)
class Dot:
    """A filled circle."""

    x: float
    y: float
    radius: float
    role: Role


@dataclass(frozen=True, slots=True)
class Label:
    """A line of text; *anchor* is `start`, `middle` or `end`."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    role: Role = Role.TEXT


Item = Line | Box | Dot | Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Items on a plane, in pixels."""

    width: float
    height: float
    said: str
    """The same in words, for those who do not see it."""
    items: tuple[Item, ...]


Draw = Callable[[float], Drawing]
"""Draws at a given width; letters keep their size on a telephone."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Values placed along a line."""

    low: float
    high: float
    begins: float
    ends: float

    def place(self, value: float) -> float:
        """Return where *value* lies, within the axis."""
        share = (value - self.low) / (self.high - self.low)
        return self.begins + min(1.0, max(0.0, share)) * (self.ends - self.begins)


def ticks(low: float, high: float, most: int) -> Sequence[float]:
    """Return round values from *low* to *high*, at most about *most*."""
    raw = (high - low) / max(1, most)
    size = 10.0 ** floor(log10(raw))
    step = next(size * k for k in (1, 2, 5, 10) if size * k >= raw)
    first = -floor(-low / step)
    count = floor((high - first * step) / step + 1e-9)
    return [round((first + n) * step, 9) + 0.0 for n in range(count + 1)]


def wide(text: str) -> float:
    """Return about how wide a label is."""
    return 6.9 * len(text)
