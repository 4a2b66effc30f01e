"""Whether one version is affected, by what one record says of one product."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from fairlead.catalogue.records import Affected, Span, Status, shown
from fairlead.formats.version_order import Incomparable, compare_leniently, readable


class Certainty(StrEnum):
    """How sure it is that a component is affected."""

    AFFECTED = "affected"
    UNSURE = "unsure"
    """It may be; the reasons say what is missing."""
    UNAFFECTED = "unaffected"


class Judgement(Struct, frozen=True, gc=False):
    """What a record says of a version, and why."""

    certainty: Certainty
    reason: str
    fixed: str = ""
    """The version in which it is said to be fixed."""


def judge(affected: Affected, version: str, scheme: str) -> Judgement:
    """Say whether *version* is affected, by the order of *scheme*.

    What cannot be compared makes it unsure, unless something else is sure.
    """
    if not version:
        return Judgement(Certainty.UNSURE, "no version is given")
    if version in affected.versions:
        return Judgement(
            Certainty.AFFECTED,
            f"{version} is listed as affected",
            next_fix(affected, version, scheme),
        )
    doubts: list[str] = []
    said: list[tuple[Span, Status]] = []
    for span in affected.spans:
        try:
            if _within(span, version, scheme):
                said.append((span, span.status))
        except Incomparable as error:
            doubts.append(str(error))
    if any(_same(scheme, version, listed, doubts) for listed in affected.versions):
        reason = f"{version} is the same as one listed as affected"
        fixed = next_fix(affected, version, scheme)
        return Judgement(Certainty.AFFECTED, reason, fixed)
    if said:
        return _by_span(said, version)
    return _by_default(affected, version, doubts)


def _by_span(said: list[tuple[Span, Status]], version: str) -> Judgement:
    """Answer by the spans that hold it: what is said of a single version goes before."""
    single = [s for s in said if s[0].first == s[0].through and s[0].first]
    span, status = (single or said)[0]
    for other, given in single or said:
        if given is Status.AFFECTED:
            span, status = other, given
    told = f"{version} is {shown(span)}"
    if status is Status.AFFECTED:
        return Judgement(Certainty.AFFECTED, told, span.below)
    if status is Status.UNAFFECTED:
        return Judgement(
            Certainty.UNAFFECTED, f"{told}, which is said to be unaffected"
        )
    return Judgement(Certainty.UNSURE, f"{told}, of which nothing is known yet")


def _by_default(affected: Affected, version: str, doubts: list[str]) -> Judgement:
    if doubts:
        return Judgement(Certainty.UNSURE, doubts[0])
    if affected.default is Status.AFFECTED:
        return Judgement(
            Certainty.AFFECTED, "every version that is not listed otherwise"
        )
    if affected.commits and not affected.spans and not affected.versions:
        return Judgement(
            Certainty.UNSURE, "only commits are given, no version can be compared"
        )
    if not affected.spans and not affected.versions:
        return Judgement(
            Certainty.UNSURE, "it does not say which versions are affected"
        )
    return Judgement(Certainty.UNAFFECTED, f"{version} is outside every affected range")


def _within(span: Span, version: str, scheme: str) -> bool:
    if span.first and compare_leniently(scheme, version, span.first) < 0:
        return False
    if span.below:
        return compare_leniently(scheme, version, span.below) < 0
    if span.through:
        return compare_leniently(scheme, version, span.through) <= 0
    return True


def _same(scheme: str, version: str, listed: str, doubts: list[str]) -> bool:
    """Tell whether two versions are one; `1.0` and `1.0.0` are.

    Words in place of a version (`before 2.0`) are a doubt, not a version.
    """
    try:
        return compare_leniently(scheme, version, listed) == 0
    except Incomparable as error:
        if not readable(scheme, listed) and readable(scheme, version):
            doubts.append(f"affected versions are told in words: {listed[:80]!r}")
        else:
            doubts.append(str(error))
        return False


def next_fix(affected: Affected, version: str, scheme: str) -> str:
    """Return the first version after *version* that is said to be fixed."""
    found = ""
    for span in affected.spans:
        if not span.below or span.status is not Status.AFFECTED:
            continue
        try:
            after = compare_leniently(scheme, version, span.below) < 0
            if after and (
                not found or compare_leniently(scheme, span.below, found) < 0
            ):
                found = span.below
        except Incomparable:
            continue
    return found
