"""Calibration of a threshold on anchors: models of which it is known from elsewhere.

An anchor is a real model with an ability on this suite and a judgement, made without the
suite (incidents, expert red teams), whether it can do what the threshold stands for. The
threshold is where a logistic curve through the judgements crosses one half; how wrong
that is, is measured by leaving each anchor out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fairlead.bench.estimate.intervals import Floats, Interval, wilson
from fairlead.errors import Invalid

LEAST = 4
"""Anchors that a calibration needs, two of each kind among them."""
_WIDTH = 1.5
"""Prior standard deviation of the threshold around the middle of all anchors, in units
of their spread."""
_SLOPES = np.array([0.75, 1.5, 3.0, 6.0])
"""How sharply judgements change with ability, by logit; averaged over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Where the threshold lies."""

    threshold: float
    interval: Interval
    """With equal tails, 90 %."""
    error: float
    """Share of anchors that are misread when left out."""
    error_interval: Interval
    shift: float
    """How far, at most, leaving one anchor out moves the threshold, in logits."""


def calibrate(ability: Floats, can: Floats) -> Calibration:
    """Return the threshold; *can* is 1 for anchors that can do it and 0 for others.

    Raises:
        Invalid: there are too few anchors, or all are of one kind.

    """
    if not enough(can):
        raise Invalid(
            f"a threshold needs {LEAST} anchors, two that can and two that cannot"
        )
    threshold, interval = _fit(ability, can)
    wrong, shift = 0, 0.0
    for out in range(len(ability)):
        rest = np.arange(len(ability)) != out
        moved, _ = _fit(ability[rest], can[rest])
        wrong += int((ability[out] > moved) != bool(can[out]))
        shift = max(shift, abs(moved - threshold))
    return Calibration(
        threshold=threshold,
        interval=interval,
        error=wrong / len(ability),
        error_interval=wilson(wrong, len(ability)),
        shift=shift,
    )


def enough(can: Floats) -> bool:
    """Tell whether a threshold can be calibrated on these anchors."""
    return len(can) >= LEAST and 2 <= can.sum() <= len(can) - 2  # noqa: PLR2004


def _fit(ability: Floats, can: Floats) -> tuple[float, Interval]:
    middle = ability.mean()
    reach = max(1.0, float(np.ptp(ability)))
    grid = np.linspace(ability.min() - reach, ability.max() + reach, 801)
    gap = ability[None, None, :] - grid[None, :, None]
    sign = np.where(can > 0, 1.0, -1.0)
    fit = -np.logaddexp(0, -sign * _SLOPES[:, None, None] * gap).sum(axis=2)
    fit -= 0.5 * np.square((grid - middle) / (_WIDTH * reach))[None]
    mass = np.exp(fit - fit.max()).sum(axis=0)
    heaped = np.cumsum(mass / mass.sum())
    low, point, high = np.interp([0.05, 0.5, 0.95], heaped, grid)
    return float(point), Interval(float(low), float(high))
