"""Which package a finding is about, however it is called.

A package has as many names as there are places to name it: `pkg:pypi/django`,
`pkg:github/django/django`, software "Django" in "PyPI", the address of a repository. An
*identity* is one of them with its place (`pypi/django`), a *name* is its last part
without case, separators and customary affixes (`django`).
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache

from fairlead.clearinghouse.findings import Finding
from fairlead.formats.packages import parts, spelled, type_of

_TEXT_OF_REGISTRIES = """
bower cargo cocoapods composer cpan cran gem golang hackage hex luarocks maven npm
nuget opam pub pypi swift
"""
_REGISTRIES = frozenset(_TEXT_OF_REGISTRIES.split())
"""Types with a namespace of their own: equal names in two of them are two packages."""

_HOSTS = frozenset({"bitbucket", "codeberg", "github", "gitlab"})
_AFFIXES = ("python", "lib", "node", "rust", "go", "ruby", "perl", "php")
_ENDINGS = frozenset({"cpp", "dev", "js", "project", "py", "rb", "rs", "source", "src"})
_NAME_CAP = 200
_SEPARATORS = re.compile(r"[^a-z0-9+]+")
_REPOSITORY = re.compile(
    r"(github|gitlab|bitbucket|codeberg)\.(?:com|org)[/:]([\w.~-]{1,80})/([\w.-]{1,80})"
)


class Relation(IntEnum):
    """How the packages of two findings relate."""

    OTHER = 0
    """Both are known, and differ."""
    UNKNOWN = 1
    """One of them is not known."""
    KIN = 2
    """Alike: a fork, a binding, an abbreviation, an equal name in another registry."""
    SAME = 3


def identities_of(finding: Finding) -> tuple[str, ...]:
    """Return every identity that *finding* gives, as `place/namespace/name`, sorted.

    Case is ignored, as are version, qualifiers and subpath. A purl that cannot be read
    is passed over: intake has warned of it.
    """
    found = set(_of_purl(finding.purl or ""))
    if finding.software:
        place = type_of((finding.ecosystem or "")[:_NAME_CAP]).replace("/", " ")
        software = finding.software.strip().lower()[:_NAME_CAP]
        if place == "maven":
            software = software.replace(":", "/")
        if place in _REGISTRIES:
            found.add(f"{place}/{spelled(place, software)}")
        else:
            found.add(f"generic/{software}")
    repository = _REPOSITORY.search((finding.repository or "")[:500].lower())
    if repository:
        host, owner, name = repository.groups()
        found.add(f"{host}/{owner}/{name.removesuffix('.git')}")
    return tuple(sorted(identity for identity in found if names_of(identity)))


def ecosystem_of(identities: tuple[str, ...]) -> str | None:
    """Return the registry or host of a package, of those that are known here."""
    places = [identity.partition("/")[0] for identity in identities]
    known = [p for p in places if p in _REGISTRIES] + [p for p in places if p in _HOSTS]
    return known[0] if known else None


def _of_purl(written: str) -> set[str]:
    if not written.strip().startswith("pkg:"):
        return set()
    place, namespace, name = (p.lower()[:_NAME_CAP] for p in parts(written[:2_000]))
    if not place or not name:
        return set()
    if place == "golang":
        repository = _REPOSITORY.search(f"{namespace}/{name}")
        if repository:
            return {"/".join(repository.groups()), f"golang/{namespace}/{name}"}
    if place in _REGISTRIES or place in _HOSTS:
        name = spelled(place, name)
        return {f"{place}/{namespace}/{name}" if namespace else f"{place}/{name}"}
    # A distribution or a build repackages; what it names is the upstream package.
    return {f"generic/{name}"}


@lru_cache(maxsize=8192)
def names_of(identity: str) -> tuple[str, ...]:
    """Return the comparable names of *identity*, the plainest last.

    `python-pillow` is `pythonpillow` and `pillow`; `lcms2` is `lcms2` and `lcms`;
    `little-cms` is `littlecms` and, abbreviated, `lcms`.
    """
    last = identity.rsplit("/", 1)[-1]
    words = [word for word in _SEPARATORS.split(last) if word]
    if not words:
        return ()
    names = ["".join(words)]
    if len(words) > 1 and words[-1] in _ENDINGS:
        names.append("".join(words[:-1]))
    elif len(words) > 1 and words[0] in _AFFIXES:
        names.append("".join(words[1:]))
    elif len(words) > 1:
        names.append("".join(word[0] for word in words[:-1]) + words[-1])
    plain = names[0].removeprefix("lib").rstrip("0123456789")
    if len(plain) > 2 and plain != names[0]:  # noqa: PLR2004
        names.append(plain)
    return tuple(dict.fromkeys(names))


def package_names(identities: tuple[str, ...]) -> frozenset[str]:
    """Return all comparable names of a finding's package."""
    return frozenset(name for identity in identities for name in names_of(identity))


def relation(a: tuple[str, ...], b: tuple[str, ...]) -> Relation:
    """Say how the packages with the identities *a* and *b* relate. Symmetric."""
    if not a or not b:
        return Relation.UNKNOWN
    return max(_relation(one, other) for one in a for other in b)


def _relation(a: str, b: str) -> Relation:
    if a == b:
        return Relation.SAME
    shared = set(names_of(a)) & set(names_of(b))
    if not shared:
        return Relation.KIN if _contained(a, b) else Relation.OTHER
    (place_a, *space_a, _last_a), (place_b, *space_b, _last_b) = (
        a.split("/"),
        b.split("/"),
    )
    if place_a in _REGISTRIES and place_b in _REGISTRIES:
        # Two registries, or two namespaces of one: an equal name is a coincidence
        # as often as a port.
        return Relation.KIN
    if place_a == place_b and place_a in _HOSTS and space_a != space_b:
        return Relation.KIN
    direct = names_of(a)[0] == names_of(b)[0]
    return Relation.SAME if direct or len(min(shared, key=len)) > 3 else Relation.KIN  # noqa: PLR2004


def _contained(a: str, b: str) -> bool:
    short, long = sorted((names_of(a)[-1], names_of(b)[-1]), key=len)
    return len(short) > 4 and short in long  # noqa: PLR2004
