"""Ranges of versions (VERS, https://github.com/package-url/vers-spec).

`version_order` compares; `univers` reads what package managers write. What the test suite
of VERS finds wrong with reading a canonical specifier is mended here: white space, empty
constraints, constraints out of order and broken percent-encoding are refused; a version is
decoded once.

Nothing here crashes on nonsense. Where versions cannot be compared, that is said:
`contains` and `overlaps` answer nothing then, never a guess.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cmp_to_key
from itertools import pairwise
from urllib.parse import quote, unquote

from univers.conan.errors import ConanException
from univers.nuget import InvalidNuGetVersion
from univers.version_range import (
    RANGE_CLASS_BY_SCHEMES,
    InvalidVersionRange,
    VersionRange,
)

from fairlead.errors import Invalid, Violation
from fairlead.formats.version_order import (
    ALIASES,
    Incomparable,
    compare,
    natural_order,
)

_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_CONSTRAINT = re.compile(r"(>=|<=|!=|<|>|=)?([^<>=!|*\s]+)")
_SCHEME = re.compile(r"vers:([a-z0-9.+-]+)/(.+)", re.DOTALL)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)")
_PLAIN = ":+~-._^,@"
"""Characters of a version that are not encoded, besides letters and digits."""
_FAULTS = (
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    NotImplementedError,
    ConanException,
    InvalidNuGetVersion,
    InvalidVersionRange,
)
"""What univers raises at ranges that are none, found by giving it much nonsense."""

SCHEMES = frozenset(RANGE_CLASS_BY_SCHEMES) | frozenset(ALIASES)
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
        except Incomparable:
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
        except Incomparable:
            return None


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
        return compare(scheme, left.version, right.version)

    return order


def _sorted(found: Range) -> Range:
    """Return *found* with its constraints in order, if they can be compared."""
    try:
        ordered = sorted(found.constraints, key=cmp_to_key(_before(found.scheme)))
    except Incomparable:
        return found
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
        try:
            order = compare(found.scheme, before, after)
        except Incomparable:
            continue
        if order >= 0:
            raise _invalid(
                f"{_shown(after)} comes before {_shown(before)}, or is the same"
            )


def canonical(written: str) -> str:
    """Return a specifier in its canonical form.

    Raises:
        Invalid: it is none.

    """
    try:
        return str(VersionRange.from_string(written))  # type: ignore[no-untyped-call]
    except _FAULTS as error:
        raise _invalid(
            str(error) or f"{_shown(written)} is no version range"
        ) from error


def from_native(scheme: str, native: str) -> str:
    """Return a range as package managers write it, as a specifier.

    Raises:
        Invalid: it is none of that scheme, or the scheme is unknown.

    """
    kind = RANGE_CLASS_BY_SCHEMES.get(ALIASES.get(scheme, scheme))
    if kind is None:
        raise _invalid(f"ranges of {_shown(scheme)} are not known")
    try:
        return str(kind.from_native(native))  # type: ignore[no-untyped-call]
    except _FAULTS as error:
        raise _invalid(f"{_shown(native)} is no range of {scheme}: {error}") from error


def _order(scheme: str, left: str, right: str) -> int:
    if not scheme:
        return natural_order(left, right)
    return compare(scheme, left, right)


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
