"""The score: how probable it is that two findings are one bug, and why.

A logistic model with a dozen signals whose signs are fixed beforehand: what speaks for
one bug can never lower the probability. Its parameters are frozen in `model`; nothing
else that is stored plays a part, so the order of arrival cannot change a decision.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from fairlead.clearinghouse.duplicates.bars import bars_of
from fairlead.clearinghouse.duplicates.features import Features
from fairlead.clearinghouse.duplicates.model import BIAS, WEIGHTS
from fairlead.clearinghouse.duplicates.reasons import line_of
from fairlead.clearinghouse.duplicates.signals import signals_of


class Reason(NamedTuple):
    """One thing that speaks for or against one bug."""

    weight: float
    """In log-odds; positive for, negative against."""
    code: str
    """Stable, for programs: the name of the signal."""
    text: str
    """For people, one line."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The outcome of comparing two findings."""

    probability: float
    """That both have one root cause and one fix, from 0 to 1."""
    reasons: tuple[Reason, ...]
    """The weightiest first."""
    bars: tuple[str, ...] = ()
    """Why the pair may not be merged without a person, whatever the probability."""


_TOLD = 0.05
"""A reason of less weight, in log-odds, is not worth a line."""


def compare(a: Features, b: Features) -> Comparison:
    """Compare two findings; symmetric, and a function of these two alone."""
    signals = signals_of(a, b)
    weighed = {code: WEIGHTS[code] * signals[code] for code in WEIGHTS}
    log_odds = BIAS + math.fsum(weighed.values())
    told = [
        Reason(weight, code, line_of(code, a, b))
        for code, weight in weighed.items()
        if abs(weight) >= _TOLD
    ]
    told.sort(key=lambda reason: (-abs(reason.weight), reason.code))
    return Comparison(_logistic(log_odds), tuple(told), bars_of(a, b, signals))


def _logistic(log_odds: float) -> float:
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    return math.exp(log_odds) / (1 + math.exp(log_odds))
