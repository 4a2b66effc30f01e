"""Versions and ranges of them (VERS, https://github.com/package-url/vers-spec).

`univers` does the work; what the test suite of VERS finds wrong with version 32 is mended
here, and nowhere else:

1. Reading a canonical specifier: white space, empty constraints, constraints out of
   order and broken percent-encoding are refused; a version is decoded once.
2. NuGet's labels are compared, and written, in small letters.

Nothing here crashes on nonsense. Where two versions cannot be compared, that is said:
`compare` and `contains` answer nothing then, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cmp_to_key, lru_cache
from itertools import pairwise
from typing import Any
from urllib.parse import quote, unquote

from univers.version_range import RANGE_CLASS_BY_SCHEMES, VersionRange

from fairlead.errors import Invalid, Violation

MAX = 512
"""Characters of a version that are looked at; longer ones cannot be compared."""

_ALIASES = {
    "gentoo": "ebuild",
    "semver": "npm",
    "rubygems": "gem",
    "debian": "deb",
    "alpine": "apk",
    "crates.io": "cargo",
    "go": "golang",
    "packagist": "composer",
}
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONSTRAINT = re.compile(r"(>=|<=|!=|<|>|=)?([^<>=!|*\s]+)")
_SCHEME = re.compile(r"vers:([a-z0-9.+-]+)/(.+)", re.DOTALL)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_PLAIN = ":+~-._^,@"
"""Characters of a version that are not encoded, besides letters and digits."""
_STEPS = re.compile(r"\d+|[A-Za-z]+")

SCHEMES = frozenset(RANGE_CLASS_BY_SCHEMES) | frozenset(_ALIASES)
"""Schemes that are known here."""
REGISTERED = frozenset(
    [
        "alpm",
        "apk",
        "cargo",
        "composer",
        "conan",
        "cpan",
        "cran",
        "deb",
        "ebuild",
        "gem",
        "gentoo",
        "generic",
        "github",
        "golang",
        "hex",
        "intdot",
        "lexicographic",
        "maven",
        "mattermost",
        "mozilla",
        "nginx",
        "npm",
        "nuget",
        "openssl",
        "pypi",
        "rpm",
        "datetime",
        "semver",
        "all",
        "none",
    ]
)
"""Schemes that the VERS specification registers."""


@dataclass(frozen=True, slots=True)
class Constraint:
    """One step of a range: a comparator and a version."""

    comparator: str
    version: str


@dataclass(frozen=True, slots=True)
class Range:
    """A range of versions of one scheme."""

    scheme: str
    constraints: tuple[Constraint, ...]
    """In order; `*` alone stands for every version."""

    def contains(self, version: str) -> bool | None:
        """Tell whether *version* is in the range; nothing if it cannot be compared."""
        if [c.comparator for c in self.constraints] == ["*"]:
            return True
        try:
            return _within(self, version)
        except _NotComparableError:
            return None

    def overlaps(self, other: Range) -> bool | None:
        """Tell whether some version is in both; nothing if that cannot be said."""
        if self.scheme != other.scheme:
            return None
        if "*" in {c.comparator for r in (self, other) for c in r.constraints}:
            return True
        ends = [c.version for r in (self, other) for c in r.constraints]
        try:
            return any(_both(self, other, end) for end in ends) or _between(self, other)
        except _NotComparableError:
            return None


class _NotComparableError(Exception):
    """Two versions cannot be compared."""


def read(written: str, *, strict: bool = False) -> Range:
    """Return the range in a specifier: `vers:npm/>=1.0.0|<2.0.0`.

    With *strict* it must be canonical: in order, nothing twice, nothing encoded that
    need not be. Otherwise its constraints are put in order, where they can be compared.

    Raises:
        Invalid: it is none, or not canonical.

    """
    found = _SCHEME.fullmatch(written)
    if found is None:
        raise _invalid(f"{_shown(written)} is no version range; write vers:npm/<2.0.0")
    scheme, constraints = found.groups()
    if constraints == "*":
        return Range(scheme, (Constraint("*", ""),))
    if scheme == "all":
        raise _invalid("vers:all stands for all versions, which is written *")
    if not strict:
        return _sorted(Range(scheme, _constraints(constraints)))
    for part in constraints.split("|"):
        bare = part.lstrip("<>=!")
        if quote(unquote(bare), safe=_PLAIN) != bare:
            raise _invalid(f"{_shown(bare)} is not encoded as it should be")
        if scheme == "datetime" and not _INSTANT.fullmatch(unquote(bare)):
            raise _invalid(f"{_shown(bare)} is no instant; write 2024-01-01T00:00:00Z")
    result = Range(scheme, _constraints(constraints))
    _check_order(result)
    return result


def _before(scheme: str) -> Callable[[Constraint, Constraint], int]:
    """Return what compares two constraints of *scheme* by their versions."""

    def order(left: Constraint, right: Constraint) -> int:
        return compare(scheme, left.version, right.version) or 0

    return order


def _sorted(found: Range) -> Range:
    """Return *found* with its constraints in order, if they can be compared."""
    if any(_parsed(found.scheme, c.version) is None for c in found.constraints):
        return found
    ordered = sorted(found.constraints, key=cmp_to_key(_before(found.scheme)))
    return Range(found.scheme, tuple(ordered))


def constraints_of(written: str) -> tuple[Constraint, ...]:
    """Return the constraints in *written*, with no scheme before them.

    Raises:
        Invalid: there are none.

    """
    return _constraints(written)


def _constraints(written: str) -> tuple[Constraint, ...]:
    if _PERCENT.search(written):
        raise _invalid("a percent sign is followed by two hexadecimal digits")
    found = []
    for part in written.split("|"):
        constraint = _CONSTRAINT.fullmatch(part)
        if constraint is None:
            raise _invalid(f"{_shown(part)} is no constraint; write >=1.0.0")
        comparator, version = constraint.groups()
        found.append(Constraint(comparator or "=", unquote(version)))
    return tuple(found)


def _check_order(found: Range) -> None:
    versions = [c.version for c in found.constraints]
    for before, after in pairwise(versions):
        order = compare(found.scheme, before, after)
        if order is not None and order >= 0:
            raise _invalid(
                f"{_shown(after)} comes before {_shown(before)}, or is the same"
            )


def compare(scheme: str, left: str, right: str) -> int | None:
    """Return -1, 0 or 1 as *left* comes before, is, or comes after *right*.

    Nothing where the two cannot be compared in that scheme.
    """
    if left == right:
        return 0
    a, b = _parsed(scheme, left), _parsed(scheme, right)
    if a is None or b is None:
        return None
    try:
        return -1 if a < b else int(b < a)
    except Exception:  # noqa: BLE001 - a library's fault is no reason to stop
        return None


def equal(scheme: str, left: str, right: str) -> bool | None:
    """Tell whether two versions are the same; nothing if they cannot be compared."""
    order = compare(scheme, left, right)
    return None if order is None else order == 0


def in_order(scheme: str, versions: Sequence[str]) -> list[str] | None:
    """Return *versions* sorted and written as their scheme does."""
    parsed = [_parsed(scheme, version) for version in versions]
    if any(version is None for version in parsed):
        return None
    try:
        return [str(version.string) for version in sorted(parsed)]
    except Exception:  # noqa: BLE001 - a library's fault is no reason to stop
        return None


def canonical(written: str) -> str:
    """Return a specifier in its canonical form.

    Raises:
        Invalid: it is none.

    """
    try:
        return str(VersionRange.from_string(written))  # type: ignore[no-untyped-call]
    except Exception as error:
        raise _invalid(
            str(error) or f"{_shown(written)} is no version range"
        ) from error


def from_native(scheme: str, native: str) -> str:
    """Return a range as package managers write it, as a specifier.

    Raises:
        Invalid: it is none of that scheme, or the scheme is unknown.

    """
    kind = RANGE_CLASS_BY_SCHEMES.get(_ALIASES.get(scheme, scheme))
    if kind is None:
        raise _invalid(f"ranges of {_shown(scheme)} are not known")
    try:
        return str(kind.from_native(native))  # type: ignore[no-untyped-call]
    except Exception as error:
        raise _invalid(f"{_shown(native)} is no range of {scheme}: {error}") from error


@lru_cache(maxsize=65536)
def _parsed(scheme: str, version: str) -> Any:  # noqa: ANN401 - of a library without types
    kind = RANGE_CLASS_BY_SCHEMES.get(_ALIASES.get(scheme, scheme))
    if kind is None or kind.version_class is None or not 0 < len(version) <= MAX:
        return None
    try:
        return kind.version_class(_small(version) if scheme == "nuget" else version)
    except Exception:  # noqa: BLE001 - a library's fault is no reason to stop
        return None


def _small(version: str) -> str:
    """Return a version of NuGet with its labels in small letters."""
    label, plus, build = version.partition("+")
    return label.lower() + plus + build


def natural_order(left: str, right: str) -> int:
    """Compare two versions of no known scheme: numbers as numbers, the rest as text.

    A guess, for ranges without a scheme; where it matters, say that it is one.
    """
    a, b = (
        [
            (1, int(s), "") if s.isdigit() else (0, 0, s.lower())
            for s in _STEPS.findall(v)
        ]
        for v in (left, right)
    )
    return (a > b) - (a < b)


def _order(scheme: str, left: str, right: str) -> int:
    if not scheme:
        return natural_order(left, right)
    order = compare(scheme, left, right)
    if order is None:
        raise _NotComparableError
    return order


def _within(found: Range, version: str) -> bool:
    """Walk the constraints as VERS says: `!=` and `=` first, then pairs of bounds."""
    bounds = []
    for constraint in found.constraints:
        order = _order(found.scheme, version, constraint.version)
        if order == 0:
            return constraint.comparator in {"=", ">=", "<="}
        if constraint.comparator not in {"=", "!="}:
            bounds.append((constraint.comparator[0], order))
    inside = False
    for place, (side, order) in enumerate(bounds):
        follows = place and bounds[place - 1][0] == ">"
        if side == "<" and not follows and order < 0:
            # Unbounded below, up to here.
            return True
        if side == ">" and order > 0:
            last = place + 1 == len(bounds)
            inside = last or (bounds[place + 1][0] == "<" and bounds[place + 1][1] < 0)
            if inside:
                return True
    return inside


def _both(left: Range, right: Range, version: str) -> bool:
    return _within(left, version) and _within(right, version)


def _between(left: Range, right: Range) -> bool:
    """Tell whether the ranges share what lies strictly between two neighbouring ends."""
    spans = [(_spans(r)) for r in (left, right)]
    return any(_meet(left.scheme, a, b) for a in spans[0] for b in spans[1])


Span = tuple[str | None, str | None]


def _spans(found: Range) -> list[Span]:
    """Return the open intervals of a range; an end that is nothing has no bound."""
    spans: list[Span] = []
    low: str | None = None
    open_ = False
    for constraint in found.constraints:
        if constraint.comparator == "*":
            return [(None, None)]
        side = constraint.comparator[0]
        if side == ">":
            low, open_ = constraint.version, True
        elif side == "<":
            spans.append((low if open_ else None, constraint.version))
            low, open_ = None, False
    if open_:
        spans.append((low, None))
    return spans


def _meet(scheme: str, a: Span, b: Span) -> bool:
    lows = [low for low in (a[0], b[0]) if low is not None]
    highs = [high for high in (a[1], b[1]) if high is not None]
    return all(_order(scheme, low, high) < 0 for low in lows for high in highs)


def _shown(text: str) -> str:
    return ascii(text[:64])


def _invalid(said: str) -> Invalid:
    return Invalid(said, [Violation("invalid_version_range", "vers", said)])
