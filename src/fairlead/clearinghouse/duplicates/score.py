"""The score: how probable it is that two findings are one bug, and why.

A logistic model with a dozen signals whose signs are fixed beforehand: what speaks for
one bug can never lower the probability. Its parameters are frozen in `model`; nothing
else that is stored plays a part, so the order of arrival cannot change a decision.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
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


@dataclass(frozen=True)
class Comparison:
    """The outcome of comparing two findings.

    Most candidates turn out to be something else, so words are found only for those
    that somebody asks about.
    """

    probability: float
    """That both have one root cause and one fix, from 0 to 1."""
    _a: Features = field(repr=False, compare=False)
    _b: Features = field(repr=False, compare=False)
    _signals: dict[str, float] = field(repr=False, compare=False)

    @property
    def signals(self) -> Mapping[str, float]:
        """What was compared, each from 0 to 1."""
        return self._signals

    @cached_property
    def reasons(self) -> tuple[Reason, ...]:
        """What speaks for and against, the weightiest first."""
        told = [
            Reason(weight, code, line_of(code, self._a, self._b))
            for code, weight in _weighed(self._signals).items()
            if abs(weight) >= _TOLD
        ]
        return tuple(sorted(told, key=lambda r: (-abs(r.weight), r.code)))

    @cached_property
    def bars(self) -> tuple[str, ...]:
        """Why a person must agree to a merge, whatever the probability."""
        return bars_of(self._a, self._b, self._signals)


_TOLD = 0.05
"""A reason of less weight, in log-odds, is not worth a line."""


def compare(a: Features, b: Features) -> Comparison:
    """Compare two findings; symmetric, and a function of these two alone."""
    signals = signals_of(a, b)
    log_odds = BIAS + math.fsum(_weighed(signals).values())
    return Comparison(_logistic(log_odds), a, b, signals)


def _weighed(signals: dict[str, float]) -> dict[str, float]:
    return {code: weight * signals[code] for code, weight in WEIGHTS.items()}


def _logistic(log_odds: float) -> float:
    if log_odds >= 0:
        return 1 / (1 + math.exp(-log_odds))
    return math.exp(log_odds) / (1 + math.exp(log_odds))
