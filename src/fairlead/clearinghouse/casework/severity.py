"""Severity as CVSS has it: 4.0 before 3.1, each scored as its specification says."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from cvss import CVSS3, CVSS4, CVSSError

from fairlead.errors import Invalid, Violation

VECTORS = 4
"""How many ratings a case has, at most."""
CRITICAL = 9.0
"""Base score from which a severity is critical (CVSS 3.1, 5; CVSS 4.0, 6)."""


class Severity(NamedTuple):
    """One rating."""

    vector: str
    version: str
    score: float
    level: str
    """None, low, medium, high or critical."""

    @property
    def critical(self) -> bool:
        """Tell whether it is critical."""
        return self.score >= CRITICAL


@lru_cache(maxsize=1024)
def rate(vector: str) -> Severity:
    """Return what *vector* says, written in the canonical order of its metrics.

    Raises:
        Invalid: it is no vector of CVSS 3.1 or 4.0.

    """
    try:
        if vector.startswith("CVSS:4.0/"):
            four = CVSS4(vector)
            return Severity(
                four.clean_vector(),
                "4.0",
                float(four.base_score),
                four.severity.lower(),
            )
        if vector.startswith("CVSS:3.1/"):
            three = CVSS3(vector)
            score, level = three.scores()[0], three.severities()[0]
            return Severity(three.clean_vector(), "3.1", float(score), level.lower())
    except CVSSError as error:
        raise _no_vector(vector, str(error)) from error
    raise _no_vector(vector, "begins with CVSS:4.0/ or CVSS:3.1/")


def rate_all(vectors: Sequence[str]) -> tuple[Severity, ...]:
    """Return the ratings, the newest version of CVSS first; each version once.

    Raises:
        Invalid: one is no vector, or two are of one version.

    """
    if len(vectors) > VECTORS:
        raise _no_vector("", f"at most {VECTORS} vectors")
    rated = sorted((rate(v) for v in vectors), key=lambda s: s.version, reverse=True)
    versions = [one.version for one in rated]
    if len(set(versions)) != len(versions):
        raise _no_vector("", "one vector for each version of CVSS")
    return tuple(rated)


def _no_vector(vector: str, why: str) -> Invalid:
    return Invalid(
        f"{vector[:80]!r} is no CVSS vector: {why}" if vector else why,
        [Violation("invalid_vector", "vectors", why)],
    )
