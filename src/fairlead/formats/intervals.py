"""Ranges of versions as neutral advisories have them: from here up to there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fairlead.errors import Invalid
from fairlead.formats import version_ranges

_SPACES = re.compile(r"\s*([<>]=?|=)\s*")


@dataclass(frozen=True, slots=True)
class Interval:
    """From *introduced*, up to but not including *fixed* or up to *last*."""

    introduced: str = "0"
    fixed: str | None = None
    last: str | None = None


def from_events(events: Iterable[dict[str, str]]) -> Iterator[Interval]:
    """Yield the intervals of OSV's `events`, in the order they stand."""
    start: str | None = None
    for event in events:
        if "introduced" in event:
            if start is not None:
                yield Interval(start)
            start = event["introduced"]
        elif "fixed" in event:
            yield Interval(start or "0", fixed=event["fixed"])
            start = None
        elif "last_affected" in event:
            yield Interval(start or "0", last=event["last_affected"])
            start = None
    if start is not None:
        yield Interval(start)


@dataclass(frozen=True, slots=True)
class Understood:
    """What a range says."""

    intervals: tuple[Interval, ...]
    versions: tuple[str, ...]
    lost: tuple[str, ...]
    """Constraints that intervals cannot say."""


def from_words(written: str) -> Understood | None:
    """Return what a version says that is written as a range: `>= 1.15.0, < 1.15.3`.

    Nothing where it looks like one version.
    """
    if not written.strip().startswith(("<", ">")):
        return None
    return from_range(written.replace(",", "|"))


def from_range(written: str) -> Understood | None:  # noqa: C901 - one a comparator
    """Return what a VERS specifier, or one without scheme, says; nothing if it is none."""
    text = written.strip()
    if text.startswith("vers:"):
        text = text.partition("/")[2]
    if text == "*":
        return Understood((Interval(),), (), ())
    try:
        constraints = version_ranges.constraints_of(_SPACES.sub(r"\1", text))
    except Invalid:
        return None
    intervals: list[Interval] = []
    single: list[str] = []
    lost: list[str] = []
    start: str | None = None
    for constraint in constraints:
        comparator, version = constraint.comparator, constraint.version
        if comparator in {">=", ">"}:
            if comparator == ">":
                lost.append(f">{version} is written as from {version} on")
            start = version
        elif comparator == "<":
            intervals.append(Interval(start or "0", fixed=version))
            start = None
        elif comparator == "<=":
            intervals.append(Interval(start or "0", last=version))
            start = None
        elif comparator == "=":
            single.append(version)
        else:
            lost.append(f"{comparator}{version}")
    if start is not None:
        intervals.append(Interval(start))
    return Understood(tuple(intervals), tuple(single), tuple(lost))
