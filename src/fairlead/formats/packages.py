"""By what a package is found, whoever wrote its name: the one place that says so.

A key is a package URL without version, qualifiers and subpath, its name spelled as its
registry compares names: `pkg:pypi/zope-event` for `Zope.Event` in `PyPI` as well as for
`pkg:pypi/zope_event@5.0`. Sources: purl-spec, types; OSV schema, “Defined ecosystems”.
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote


class Family(NamedTuple):
    """How an ecosystem of OSV is written as a package URL."""

    type: str
    namespace: str = ""


FAMILIES: dict[str, Family] = {
    "AlmaLinux": Family("rpm", "almalinux"),
    "Alpaquita": Family("apk", "alpaquita"),
    "Alpine": Family("apk", "alpine"),
    "Bioconductor": Family("bioconductor"),
    "Bitnami": Family("bitnami"),
    "CRAN": Family("cran"),
    "Chainguard": Family("apk", "chainguard"),
    "ConanCenter": Family("conan"),
    "Debian": Family("deb", "debian"),
    "GitHub Actions": Family("githubactions"),
    "Go": Family("golang"),
    "Hackage": Family("hackage"),
    "Hex": Family("hex"),
    "Julia": Family("julia"),
    "Mageia": Family("rpm", "mageia"),
    "Maven": Family("maven"),
    "MinimOS": Family("apk", "minimos"),
    "NuGet": Family("nuget"),
    "OSS-Fuzz": Family("generic"),
    "Packagist": Family("composer"),
    "Photon OS": Family("rpm", "photon"),
    "Pub": Family("pub"),
    "PyPI": Family("pypi"),
    "Red Hat": Family("rpm", "redhat"),
    "Rocky Linux": Family("rpm", "rocky-linux"),
    "RubyGems": Family("gem"),
    "SUSE": Family("rpm", "suse"),
    "SwiftURL": Family("swift"),
    "Ubuntu": Family("deb", "ubuntu"),
    "Wolfi": Family("apk", "wolfi"),
    "crates.io": Family("cargo"),
    "npm": Family("npm"),
    "openEuler": Family("rpm", "openeuler"),
    "openSUSE": Family("rpm", "opensuse"),
}
"""Package URL types and namespaces of OSV's ecosystems."""

_NO_REGISTRY = frozenset({"generic", "githubactions"})
ECOSYSTEMS: dict[str, str] = {
    family.type: name
    for name, family in FAMILIES.items()
    if not family.namespace and family.type not in _NO_REGISTRY
}
"""Package URL types of one registry each, and the ecosystem that it is."""

_TYPES = {name.lower(): family.type for name, family in FAMILIES.items()}
_LOWER = frozenset(
    {
        "apk",
        "bitbucket",
        "bitnami",
        "composer",
        "deb",
        "github",
        "githubactions",
        "golang",
        "hex",
        "npm",
        "nuget",
        "pub",
        "pypi",
        "swift",
    }
)
"""Types whose names are compared without regard to case."""
_PYPI = re.compile(r"[-_.]+")


class Parts(NamedTuple):
    """A package URL's type, namespace and name, as they are written."""

    type: str
    namespace: str
    name: str


def family_of(ecosystem: str) -> Family | None:
    """Return the family of *ecosystem*, a release after a colon aside: `Debian:12`."""
    return FAMILIES.get(ecosystem.partition(":")[0])


def type_of(ecosystem: str) -> str:
    """Return the package URL type of *ecosystem*, however its letters are written.

    What is no ecosystem of OSV stands for itself, in small letters.
    """
    small = ecosystem.strip().lower()
    return _TYPES.get(small.partition(":")[0], small)


def spelled(type_: str, name: str) -> str:
    """Return *name*, which may begin with a namespace, as its registry compares it."""
    if type_ == "pypi":
        return _PYPI.sub("-", name).lower()
    return name.lower() if type_ in _LOWER else name


def package_key(type_: str, namespace: str, name: str) -> str:
    """Return by what a package is found, of the parts of its package URL."""
    whole = f"{namespace}/{name}" if namespace else name
    return f"pkg:{type_}/{spelled(type_, whole)}"


def ecosystem_key(ecosystem: str, name: str) -> str:
    """Return by what a package of an ecosystem is found; empty if that is not known."""
    family = family_of(ecosystem)
    if family is None or not name:
        return ""
    path = name.replace(":", "/") if family.type == "maven" else name
    return package_key(family.type, family.namespace, path)


def purl_key(written: str) -> str:
    """Return by what the package of a package URL is found, readable or not."""
    return package_key(*parts(written))


def parts(written: str) -> Parts:
    """Split a package URL without judging it: feeds write many that break their rules.

    What has neither name nor type has empty ones. For exact reading see `formats.purl`.
    """
    rest = written.strip().removeprefix("pkg:").lstrip("/")
    rest = rest.partition("#")[0].partition("?")[0]
    type_, _, path = rest.partition("/")
    namespace, _, name = path.strip("/").rpartition("/")
    # A scope that should have been encoded begins with an @: `@babel/core`.
    head, at, _ = name.rpartition("@")
    name = head if at and head else name
    if "%" in path:
        namespace, name = unquote(namespace), unquote(name)
    return Parts(type_.lower(), namespace, name)
