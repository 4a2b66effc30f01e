"""The order of versions, by the rules of each kind of package; it never crashes.

One function over `univers`, which knows the rules; what it cannot read, or reads with an
error of its own, is said to be impossible to compare, with what stood there.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from univers import versions as rules

MAX_VERSION = 128
"""Characters of a version; longer ones are not compared."""


class Incomparable(Exception):  # noqa: N818 - it is an answer, not a fault
    """Two versions cannot be compared; the message says which and why."""


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

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Loose) and self.key == other.key

    def __lt__(self, other: _Loose) -> bool:
        return self.key < other.key

    def __hash__(self) -> int:
        return hash(str(self.key))


RULES: dict[str, Any] = {
    "alpm": rules.ArchLinuxVersion,
    "apk": rules.AlpineLinuxVersion,
    "cargo": rules.SemverVersion,
    "composer": rules.ComposerVersion,
    "conan": rules.ConanVersion,
    "deb": rules.DebianVersion,
    "gem": rules.RubygemsVersion,
    "golang": rules.GolangVersion,
    "hex": rules.SemverVersion,
    "maven": rules.MavenVersion,
    "npm": rules.SemverVersion,
    "nuget": rules.NugetVersion,
    "pub": rules.SemverVersion,
    "pypi": rules.PypiVersion,
    "python": rules.PypiVersion,
    "rpm": rules.RpmVersion,
    "semver": rules.SemverVersion,
    "swift": rules.SemverVersion,
}
"""Kinds of packages, and the rules for their versions; others are ordered loosely."""


def compare(scheme: str, left: str, right: str) -> int:
    """Return less than 0, 0 or more: *left* is before, the same as or after *right*.

    Raises:
        Incomparable: one of them cannot be read by the rules of *scheme*.

    """
    if left == right:
        return 0
    try:
        first, second = _read(scheme, left), _read(scheme, right)
    except Incomparable:
        # Both may be plain numbers that the rules are too strict for.
        first, second = _read("", left), _read("", right)
    try:
        return 0 if first == second else -1 if first < second else 1
    except Exception as error:  # rules that fit both, and yet not each other
        raise _incomparable(scheme, f"{left[:60]!r} with {right[:60]!r}") from error


def readable(scheme: str, version: str) -> bool:
    """Tell whether *version* can be compared at all."""
    try:
        _read(scheme, version)
    except Incomparable:
        try:
            _read("", version)
        except Incomparable:
            return False
    return True


@lru_cache(maxsize=65536)
def _read(scheme: str, version: str) -> Any:  # noqa: ANN401 - of the library's own kinds
    if not version or len(version) > MAX_VERSION or not version.isprintable():
        raise _incomparable(scheme, repr(version[:60]))
    kind = RULES.get(scheme, _Loose)
    try:
        return kind(version.removeprefix("v") if scheme == "golang" else version)
    except Exception as error:  # whatever the library makes of nonsense
        raise _incomparable(scheme, repr(version[:60])) from error


def _incomparable(scheme: str, what: str) -> Incomparable:
    kind = f"as {scheme} versions" if scheme in RULES else "as versions"
    return Incomparable(f"could not compare {what} {kind}")
