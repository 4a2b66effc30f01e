"""A treemap: boxes as large as what they stand for, and as square as can be.

Source: Bruls, Huizing, van Wijk, Squarified Treemaps (2000).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the picture."""

    x: float
    y: float
    width: float
    height: float


def squarified(weights: Sequence[float], whole: Box) -> Sequence[Box]:
    """Return a box within *whole* for each of *weights*, the largest weight first.

    Raises:
        ValueError: a weight is not above zero, or they are not in order.

    """
    if any(weight <= 0 for weight in weights):
        message = "a weight must be above zero"
        raise ValueError(message)
    if any(a < b for a, b in pairwise(weights)):
        message = "the largest weight comes first"
        raise ValueError(message)
    scale = whole.width * whole.height / sum(weights) if weights else 0.0
    areas = [weight * scale for weight in weights]
    boxes: list[Box] = []
    left = whole
    while areas:
        row = _row(areas, min(left.width, left.height))
        laid, left = _laid(row, left, last=len(row) == len(areas))
        boxes += laid
        areas = areas[len(row) :]
    return boxes


def _row(areas: Sequence[float], side: float) -> Sequence[float]:
    """Return as many of *areas* as make a row whose boxes are as square as can be."""
    count = 1
    while count < len(areas):
        if _worst(areas[: count + 1], side) > _worst(areas[:count], side):
            break
        count += 1
    return areas[:count]


def _worst(row: Sequence[float], side: float) -> float:
    """Return how far the least square box of a row along *side* is from a square."""
    total = sum(row)
    square = side * side
    return max(square * max(row) / total**2, total**2 / (square * min(row)))


def _laid(row: Sequence[float], left: Box, *, last: bool) -> tuple[list[Box], Box]:
    """Return the boxes of *row* along the shorter side of *left*, and what is left."""
    upright = left.width >= left.height
    side = left.height if upright else left.width
    # The last row takes all that is left, so that no gap comes of rounding.
    rest = left.width if upright else left.height
    depth = rest if last else sum(row) / side
    boxes, along = [], 0.0
    for area in row:
        length = area / sum(row) * side
        if upright:
            boxes.append(Box(left.x, left.y + along, depth, length))
        else:
            boxes.append(Box(left.x + along, left.y, length, depth))
        along += length
    if upright:
        return boxes, Box(left.x + depth, left.y, left.width - depth, left.height)
    return boxes, Box(left.x, left.y + depth, left.width, left.height - depth)
