"""Ranges of versions and commits: whether two of them can have something in common.

Every ecosystem orders versions in its own way, and commits have no order without their
repository. So two ranges are said to be apart only where that holds in every ecosystem:
where the numbers of the one all lie below the numbers of the other. In doubt they overlap,
and a person sees why.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from fairlead.errors import Invalid, Violation

LENGTH = 200
"""Characters that a range may have."""
INTERVALS = 16
DIGITS = 18
"""Digits of one number in a version: what fits in 63 bits."""
PARTS = 8
"""Numbers in one version."""

_VERSION = re.compile(r"(?:(\d+)[:!])?v?(\d+(?:\.\d+)*)(.*)", re.ASCII | re.DOTALL)
_COMPARATOR = re.compile(r"(>=|<=|==|>|<|=)?\s*([^\s<>=,|]+)")
_COMMIT = re.compile(r"[0-9a-f]{7,64}")
Key = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bound:
    """One end of an interval."""

    written: str
    key: Key | None
    """Its epoch and numbers; nothing where it has no numbers to compare by."""
    exact: bool
    """Whether the numbers say all: no letters follow them."""
    closed: bool
    """Whether the version itself belongs to the interval."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From one version to another; an end that is nothing is open."""

    low: Bound | None = None
    high: Bound | None = None

    def apart(self, other: Interval) -> bool:
        """Tell whether no version can be in both."""
        if self.one and other.one:
            return _other_version(self.one, other.one)
        return _below(self.high, other.low) or _below(other.high, self.low)

    @property
    def one(self) -> Bound | None:
        """The version, where the interval is exactly one."""
        same = self.low and self.high and self.low.written == self.high.written
        return self.low if same else None


@dataclass(frozen=True, slots=True)
class Range:
    """Some intervals of versions; none of them means every version."""

    intervals: tuple[Interval, ...] = ()

    def overlaps(self, other: Range) -> bool:
        """Tell whether some version may be in both."""
        if not self.intervals or not other.intervals:
            return True
        return any(not a.apart(b) for a in self.intervals for b in other.intervals)


@dataclass(frozen=True, slots=True)
class Commits:
    """One commit, or those that lead from one to another; neither means all."""

    after: str = ""
    """The commit before the first, itself not among them."""
    until: str = ""

    def overlaps(self, other: Commits) -> bool:
        """Tell whether some commit may be in both.

        Without the repository only this is sure: two single commits differ, and a range
        that begins where another one ends has nothing in common with it.
        """
        if not self.until or not other.until:
            return True
        if not self.after and not other.after:
            return _same_commit(self.until, other.until)
        follows = (self.after and _same_commit(self.after, other.until)) or (
            other.after and _same_commit(other.after, self.until)
        )
        return not follows


def read_versions(written: str, field: str = "versions") -> Range:
    """Read `1.2`, `>=1.0,<2.0`, `<1.5 || >=2,<2.3` or `vers:pypi/>=1.0|<2.0`.

    Raises:
        Invalid: it cannot be read, a number is too large, or nothing can be in it.

    """
    text = written.strip()
    if text in {"", "*"}:
        return Range()
    if len(text) > LENGTH:
        raise _invalid(field, f"has more than {LENGTH} characters")
    if text.startswith("vers:"):
        parts = _of_vers(text.partition("/")[2], field)
    else:
        parts = [part.split(",") for part in text.split("||")]
    if len(parts) > INTERVALS:
        raise _invalid(field, f"has more than {INTERVALS} intervals")
    return Range(tuple(_interval(part, field) for part in parts))


def read_commits(written: str, field: str = "commits") -> Commits:
    """Read one commit, or `A..B`: what leads from A, itself not counted, to B.

    Raises:
        Invalid: it is neither, or nothing can be in it.

    """
    text = written.strip().lower()
    if not text:
        return Commits()
    after, dots, until = text.partition("..")
    if not dots:
        after, until = "", text
    elif not after or not until:
        raise _invalid(field, "write both ends: A..B")
    for commit in filter(None, (after, until)):
        if not _COMMIT.fullmatch(commit):
            raise _invalid(field, f"{commit[:80]!r} is no commit: 7 to 64 hex digits")
    if after and _same_commit(after, until):
        raise Invalid(
            f"{field}: nothing lies between a commit and itself",
            [Violation("empty_range", field, "name two commits that differ")],
        )
    return Commits(after, until)


def _of_vers(text: str, field: str) -> list[list[str]]:
    """Group the constraints of a `vers` range, which come in order, into intervals."""
    parts: list[list[str]] = []
    for constraint in filter(None, text.split("|")):
        if constraint.startswith("!="):
            continue  # leaving one out cannot make two ranges be apart for sure
        upper = constraint.startswith("<")
        opened = bool(parts) and len(parts[-1]) == 1 and parts[-1][0].startswith(">")
        if upper and opened:
            parts[-1].append(constraint)
        else:
            parts.append([constraint])
    if not parts:
        raise _invalid(field, "names no version")
    return parts


def _interval(parts: list[str], field: str) -> Interval:
    low: Bound | None = None
    high: Bound | None = None
    for part in parts:
        found = _COMPARATOR.fullmatch(part.strip())
        if found is None:
            raise _invalid(field, f"{part.strip()[:80]!r} is no version or comparison")
        sign, version = found[1] or "=", found[2]
        bound = _bound(version, field, closed="=" in sign)
        if sign in {"=", "=="}:
            if len(parts) > 1:
                raise _invalid(field, "an exact version stands alone")
            return Interval(bound, bound)
        if sign.startswith(">"):
            if low is not None:
                raise _invalid(field, "has two lower ends")
            low = bound
        else:
            if high is not None:
                raise _invalid(field, "has two upper ends")
            high = bound
    _refuse_empty(low, high, field)
    return Interval(low, high)


def _bound(version: str, field: str, *, closed: bool) -> Bound:
    if not version.isascii() or not version.isprintable():
        raise _invalid(field, f"{version[:40]!a} has characters of no version")
    found = _VERSION.fullmatch(version)
    if found is None:
        return Bound(version, None, exact=True, closed=closed)
    epoch, numbers, rest = found.groups()
    parts = numbers.split(".")
    if len(parts) > PARTS or any(len(n) > DIGITS for n in (*parts, epoch or "")):
        raise Invalid(
            f"{field}: a number of {version[:40]!r} is too large",
            [
                Violation(
                    "range_overflow",
                    field,
                    f"at most {PARTS} numbers of at most {DIGITS} digits",
                )
            ],
        )
    key = [int(n) for n in parts]
    while key and key[-1] == 0:
        key.pop()
    return Bound(version, (int(epoch or 0), *key), exact=not rest, closed=closed)


def _refuse_empty(low: Bound | None, high: Bound | None, field: str) -> None:
    if low is None or high is None or low.key is None or high.key is None:
        return
    turned = low.key > high.key
    point = low.key == high.key and low.exact and high.exact
    if turned or (point and not (low.closed and high.closed)):
        raise Invalid(
            f"{field}: no version is from {low.written} to {high.written}",
            [Violation("empty_range", field, "its lower end lies above its upper end")],
        )


def _below(high: Bound | None, low: Bound | None) -> bool:
    """Tell whether all up to *high* lies below all from *low* on."""
    if high is None or low is None or high.key is None or low.key is None:
        return False
    if high.key == low.key and high.exact and low.exact:
        return not (high.closed and low.closed)
    return high.key < low.key


def _other_version(a: Bound, b: Bound) -> bool:
    if a.key is not None and b.key is not None:
        if a.key != b.key:
            return True
        if a.exact and b.exact:
            return False
    return a.written.casefold().lstrip("v") != b.written.casefold().lstrip("v")


def _same_commit(a: str, b: str) -> bool:
    """Tell whether one is the other, or an abbreviation of it."""
    return a.startswith(b) or b.startswith(a)


def _invalid(field: str, reason: str) -> Invalid:
    return Invalid(f"{field}: {reason}", [Violation("invalid_range", field, reason)])
