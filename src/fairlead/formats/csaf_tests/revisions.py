"""Tests of versions and the revision history."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from fairlead.formats.csaf_tests.times import instant
from fairlead.formats.csaf_tests.view import Finding, Json, View, text

_INTEGER = re.compile(r"0|[1-9][0-9]*")
_SEMVER = re.compile(
    r"(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?"
)
_AT = "/document/tracking"

Order = tuple[object, ...]


def order(version: str) -> Order | None:
    """Return by what *version* is sorted; build metadata counts for nothing.

    Nothing where it is neither an integer nor a semantic version.
    """
    if _INTEGER.fullmatch(version):
        return (int(version), 0, 0, 1, ())
    found = _SEMVER.fullmatch(version)
    if found is None:
        return None
    major, minor, patch, before, _ = found.groups()
    steps = tuple(
        (0, int(step), "") if step.isdigit() else (1, 0, step)
        for step in (before or "").split(".")
        if step
    )
    return (int(major), int(minor), int(patch), 0 if before else 1, steps)


def _sorted(view: View) -> list[tuple[str, Json]]:
    """Return the revisions in the order of their dates; those of one date by number."""
    known = [
        (at, order(text(node, "number")) or (), pointer, node)
        for pointer, node in view.revisions
        if (at := instant(text(node, "date"))) is not None
    ]
    known.sort(key=lambda item: (item[0], item[1]))
    return [(pointer, node) for _, _, pointer, node in known]


def unsorted_history(view: View) -> Iterator[Finding]:
    """6.1.14: sorted by date, the numbers ascend."""
    numbers = [
        (pointer, number)
        for pointer, node in _sorted(view)
        if (number := order(text(node, "number"))) is not None
    ]
    for (_, before), (pointer, after) in pairwise(numbers):
        if after < before:
            yield Finding(
                f"{pointer}/number", "an earlier revision has a higher number"
            )


def _without(version: str, *, draft: bool) -> str:
    bare = version.partition("+")[0]
    return bare.partition("-")[0] if draft else bare


def not_latest(view: View) -> Iterator[Finding]:
    """6.1.16: the version of the document is that of the newest revision."""
    revisions = _sorted(view)
    if not revisions:
        return
    draft = text(view.tracking, "status") == "draft"
    newest = _without(text(revisions[-1][1], "number"), draft=draft)
    version = _without(text(view.tracking, "version"), draft=draft)
    if version != newest:
        yield Finding(
            f"{_AT}/version", f"is {version}, the newest revision is {newest}"
        )


def not_draft(view: View) -> Iterator[Finding]:
    """6.1.17: versions 0, 0.y.z and pre-releases are drafts."""
    version = text(view.tracking, "version")
    beta = (
        version == "0" or version.startswith("0.") or "-" in version.partition("+")[0]
    )
    if beta and text(view.tracking, "status") != "draft":
        yield Finding(f"{_AT}/status", f"version {version} is a draft")


def released_drafts(view: View) -> Iterator[Finding]:
    """6.1.18: what is out has no revision 0 or 0.y.z."""
    if not view.released:
        return
    for pointer, node in view.revisions:
        number = text(node, "number")
        if number == "0" or number.startswith("0."):
            yield Finding(f"{pointer}/number", f"{number} was never out")


def pre_releases(view: View) -> Iterator[Finding]:
    """6.1.19: the history has no pre-releases."""
    for pointer, node in view.revisions:
        if "-" in text(node, "number").partition("+")[0]:
            yield Finding(f"{pointer}/number", "is a pre-release")


def released_pre_release(view: View) -> Iterator[Finding]:
    """6.1.20: what is out has no version of a pre-release."""
    version = text(view.tracking, "version")
    if view.released and "-" in version.partition("+")[0]:
        yield Finding(f"{_AT}/version", f"{version} is a pre-release")


def missing_revision(view: View) -> Iterator[Finding]:
    """6.1.21: the history begins at 0 or 1 and skips no major version."""
    majors = [
        major
        for _, node in _sorted(view)
        if (major := _major(text(node, "number"))) is not None
    ]
    if not majors:
        return
    at = f"{_AT}/revision_history"
    if majors[0] > 1:
        yield Finding(at, f"begins with version {majors[0]}")
    numbers = sorted(set(majors))
    for before, after in pairwise(numbers):
        if after != before + 1:
            yield Finding(at, f"no version between {before} and {after}")


def _major(version: str) -> int | None:
    first = version.partition(".")[0]
    return int(first) if _INTEGER.fullmatch(first) else None


def repeated_revision(view: View) -> Iterator[Finding]:
    """6.1.22: every number stands in the history once."""
    seen: set[str] = set()
    for pointer, node in view.revisions:
        number = text(node, "number")
        if number in seen:
            yield Finding(f"{pointer}/number", f"{number} stands there before")
        seen.add(number)


def mixed_versions(view: View) -> Iterator[Finding]:
    """6.1.30: versions are all integers or all semantic versions."""
    places = [(f"{_AT}/version", text(view.tracking, "version"))]
    places += [(f"{p}/number", text(node, "number")) for p, node in view.revisions]
    kinds = {pointer: "." in version for pointer, version in places}
    if len(set(kinds.values())) > 1:
        first = kinds[places[0][0]]
        for pointer, kind in kinds.items():
            if kind != first:
                yield Finding(pointer, "is of another kind than the document's version")


def build_metadata(view: View) -> Iterator[Finding]:
    """6.2.4: numbers of revisions have no build metadata."""
    for pointer, node in view.revisions:
        if "+" in text(node, "number"):
            yield Finding(f"{pointer}/number", "leave the build metadata out")


def released_before_first(view: View) -> Iterator[Finding]:
    """6.2.5: the document was not released before its first revision."""
    yield from _older(view, "initial_release_date", oldest=True)


def released_before_last(view: View) -> Iterator[Finding]:
    """6.2.6: the document was not released last before its newest revision."""
    yield from _older(view, "current_release_date", oldest=False)


def _older(view: View, name: str, *, oldest: bool) -> Iterator[Finding]:
    at = instant(text(view.tracking, name))
    dates = [d for _, node in view.revisions if (d := instant(text(node, "date")))]
    if at is None or not dates:
        return
    limit = min(dates) if oldest else max(dates)
    if at < limit:
        which = "oldest" if oldest else "newest"
        yield Finding(f"{_AT}/{name}", f"is before the {which} revision")


def same_times(view: View) -> Iterator[Finding]:
    """6.2.21: no two revisions are of the same instant."""
    dates = [(pointer, instant(text(node, "date"))) for pointer, node in view.revisions]
    several = Counter(at for _, at in dates if at is not None)
    for pointer, at in dates:
        if at is not None and several[at] > 1:
            yield Finding(f"{pointer}/date", "another revision is of the same instant")
