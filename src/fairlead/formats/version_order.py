"""The order of versions, by the rules of each kind of package: the one place that knows it.

`univers` does the work; what the test suite of VERS finds wrong with version 32 is mended
here and in `version_ranges`, and nowhere else. NuGet's labels are compared, and written,
in small letters. Nonsense never crashes: what cannot be read by the rules is said to be
impossible to compare, with what stood there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from univers.nuget import InvalidNuGetVersion
from univers.version_range import RANGE_CLASS_BY_SCHEMES

MAX_VERSION = 128
"""Characters of a version; longer ones are not compared."""

ALIASES = {
    "gentoo": "ebuild",
    "semver": "npm",
    "rubygems": "gem",
    "debian": "deb",
    "alpine": "apk",
    "crates.io": "cargo",
    "go": "golang",
    "packagist": "composer",
}
"""Other names of schemes that ranges are written with."""

_SAME_RULES = ALIASES | {"pub": "npm", "python": "pypi", "swift": "npm"}

RULED = frozenset(
    {
        "alpm",
        "apk",
        "cargo",
        "composer",
        "conan",
        "deb",
        "gem",
        "golang",
        "hex",
        "maven",
        "npm",
        "nuget",
        "pub",
        "pypi",
        "python",
        "rpm",
        "semver",
        "swift",
    }
)
"""Kinds of packages whose versions all follow one set of rules. Of the other schemes that
are known here many are used for versions of any form."""

_STEPS = re.compile(r"\d+|[A-Za-z]+")
_FAULTS = (ValueError, TypeError, InvalidNuGetVersion)
"""What univers raises at nonsense, found by giving it much: `InvalidVersion` is a
`ValueError`, `InvalidNuGetVersion` is not, and versions of one scheme of which one has
numbers where the other has letters raise a `TypeError`."""


class Incomparable(Exception):  # noqa: N818 - it is an answer, not a fault
    """Two versions cannot be compared; the message says which and why."""


def compare(scheme: str, left: str, right: str) -> int:
    """Return -1, 0 or 1 as *left* comes before, is, or comes after *right* in *scheme*.

    Raises:
        Incomparable: the scheme is unknown, or has no place for one of them.

    """
    if left == right:
        return 0
    return _compare(scheme, _read(scheme, left), _read(scheme, right))


def compare_leniently(scheme: str, left: str, right: str) -> int:
    """Compare two versions as `compare` does, or as plain numbers.

    For what others publish: of what kind versions are is often not said, and many are
    plain numbers that the rules are too strict for.

    Raises:
        Incomparable: they cannot be compared as numbers either.

    """
    if left == right:
        return 0
    if scheme in RULED:
        try:
            return compare(scheme, left, right)
        except Incomparable:
            pass
    return _compare(scheme, _read_loosely(scheme, left), _read_loosely(scheme, right))


def readable(scheme: str, version: str) -> bool:
    """Tell whether *version* can be compared at all, leniently."""
    if scheme in RULED:
        try:
            _read(scheme, version)
        except Incomparable:
            pass
        else:
            return True
    try:
        _read_loosely(scheme, version)
    except Incomparable:
        return False
    return True


def in_order(scheme: str, versions: Sequence[str]) -> list[str]:
    """Return *versions* sorted and written as their scheme does.

    Raises:
        Incomparable: some cannot be compared.

    """
    parsed = [_read(scheme, version) for version in versions]
    try:
        return [str(version.string) for version in sorted(parsed)]
    except _FAULTS as error:
        raise _incomparable(scheme, f"{len(versions)} versions") from error


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


class _Loose:
    """Numbers between separators, then what follows; where no rules are known.

    `1.10` is after `1.9`; a word after the numbers is a release before it (`1.0rc1` is
    before `1.0`), unless it says that it comes after (`1.0p1`, `1.0-r2`, `1.0sp1`).
    """

    _WHOLE = re.compile(r"[vV]?(\d+(?:[._]\d+)*)(?:[-+~._ ]?([A-Za-z]+)[-._ ]?(\d*))?")
    _AFTER = frozenset({"p", "r", "sp", "post", "patch", "update", "u", "hotfix"})

    def __init__(self, text: str) -> None:
        found = self._WHOLE.fullmatch(text.strip())
        if found is None or (found[2] or "").lower() == "x":
            # `1.x` stands for many versions.
            raise ValueError(text)
        numbers = [int(n) for n in re.split(r"[._]", found[1])]
        while len(numbers) > 1 and numbers[-1] == 0:
            numbers.pop()
        word = (found[2] or "").lower()
        place = 0 if not word else 1 if word in self._AFTER or len(word) == 1 else -1
        self.key = (numbers, place, word, int(found[3] or 0))

    def __lt__(self, other: _Loose) -> bool:
        return self.key < other.key


def _compare(scheme: str, left: Any, right: Any) -> int:  # noqa: ANN401 - of the library's own kinds
    try:
        return -1 if left < right else int(right < left)
    except _FAULTS as error:
        # The rules fit both, and yet not each other.
        both = f"{str(left)[:60]!r} with {str(right)[:60]!r}"
        raise _incomparable(scheme, both) from error


@lru_cache(maxsize=65536)
def _read(scheme: str, version: str) -> Any:  # noqa: ANN401 - of the library's own kinds
    kind = RANGE_CLASS_BY_SCHEMES.get(_SAME_RULES.get(scheme, scheme))
    if kind is None or kind.version_class is None or not _is_short(version):
        raise _incomparable(scheme, repr(version[:60]))
    try:
        return kind.version_class(_small(version) if scheme == "nuget" else version)
    except _FAULTS as error:
        raise _incomparable(scheme, repr(version[:60])) from error


@lru_cache(maxsize=65536)
def _read_loosely(scheme: str, version: str) -> _Loose:
    try:
        if _is_short(version):
            return _Loose(version)
    except ValueError:
        pass
    raise _incomparable(scheme, repr(version[:60]))


def _is_short(version: str) -> bool:
    return 0 < len(version) <= MAX_VERSION and version.isprintable()


def _small(version: str) -> str:
    """Return a version of NuGet with its labels in small letters."""
    label, plus, build = version.partition("+")
    return label.lower() + plus + build


def _incomparable(scheme: str, what: str) -> Incomparable:
    kind = f"as {scheme} versions" if scheme in RULED else "as versions"
    return Incomparable(f"could not compare {what} {kind}")
