"""Targets: what is scanned, the place it has, and which targets have something in common.

A *place* is a path such as `pkg/pypi/django` or `repo/github.com/django/django`. What
contains it are its *containers*: the organisation of a repository, the vendor of a product,
and, where the catalogue of names says so, the repository that a package is built from. Two
targets overlap where one's place is the other's or one of its containers, and neither their
versions, their commits nor their parts set them apart.

Places are compared without regard to case, so that no spelling makes a second hole in the
same ground; names with letters that only look like others are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta, Struct
from packageurl import PackageURL

from fairlead.clearinghouse.claims.ranges import (
    Commits,
    Range,
    read_commits,
    read_versions,
)
from fairlead.errors import Invalid, Violation
from fairlead.formats.ecosystems import PURL_TYPES

LENGTH = 500
DEPTH = 6
"""How many names of one project are followed from one to the next."""

_HOSTS_OF_PURLS = {
    "github": "github.com",
    "gitlab": "gitlab.com",
    "bitbucket": "bitbucket.org",
}
_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NAME = re.compile(r"[\w.@+~:-]{1,200}", re.ASCII)
_PART = re.compile(r"[\w.@+~ -]{1,200}", re.ASCII)

Short = Annotated[str, Meta(max_length=LENGTH)]


class Target(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True
):
    """What is scanned, as it is named; exactly one of the first four is."""

    purl: Short = ""
    """A package URL; a version or subpath in it may stand there or below."""
    repository: Short = ""
    """Address of a repository, or of everything that its owner has there."""
    product: Short = ""
    """`vendor/product`, or `vendor` for all of them."""
    host: Short = ""
    """A host; `*.example.org` for it and all below it."""
    versions: Short = ""
    """Which versions, such as `>=4.0,<5`; empty for every one."""
    commits: Short = ""
    """Which commits, `A..B` or one; empty for every one."""
    part: Short = ""
    """A path within it; empty for all of it."""

    @property
    def name(self) -> str:
        """What it is called, without versions and parts."""
        return self.purl or self.repository or self.product or self.host

    @property
    def text(self) -> str:
        """The target in one line, for people."""
        rest = [self.versions, self.commits, self.part and f"in {self.part}"]
        return " ".join([self.name, *filter(None, rest)])


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """A target as it is compared."""

    place: str
    containers: tuple[str, ...] = ()
    """Places that contain it, the nearest first."""
    versions: Range = field(default_factory=Range)
    commits: Commits = field(default_factory=Commits)
    part: tuple[str, ...] = ()

    def overlaps(self, other: Ground) -> bool:
        """Tell whether some code may belong to both. Symmetric."""
        if self.place == other.place:
            return (
                self.versions.overlaps(other.versions)
                and self.commits.overlaps(other.commits)
                and one_in_other(self.part, other.part)
            )
        # A package says nothing of its path in a repository, nor a version of a commit;
        # so nothing sets what contains apart from what is contained.
        return other.place in self.containers or self.place in other.containers

    @property
    def breadth(self) -> int:
        """How much it takes of a member's budget."""
        kind, *path = self.place.split("/")
        whole = {"repo": 2, "product": 1}.get(kind, 0)
        return WIDE if path[-1] == "*" or len(path) == whole else 1


WIDE = 20
"""What a whole organisation, vendor or domain takes of a budget; a package takes one."""


def one_in_other(a: Sequence[str], b: Sequence[str]) -> bool:
    """Tell whether one path is the other, or lies within it."""
    shorter = min(len(a), len(b))
    return tuple(a[:shorter]) == tuple(b[:shorter])


@dataclass(frozen=True, slots=True)
class Named:
    """What the catalogue of names says of a place."""

    into: str
    """The other place."""
    same: bool
    """Whether it is the same project under another name; else it is built from it."""


Names = Callable[[Sequence[str]], Mapping[str, Named]]
"""Returns what is said of places, by place; of most nothing is."""


def no_names(_places: Sequence[str]) -> Mapping[str, Named]:
    """Know no further name of anything."""
    return {}


def read(target: Target, names: Names = no_names) -> Ground:
    """Return *target* as it is compared.

    Raises:
        Invalid: it names nothing, more than one thing, or the whole world.

    """
    ground = alone(target)
    if names is no_names:
        return ground
    place, containers = _lineage(ground.place, names)
    return replace(ground, place=place, containers=containers)


def place_of(target: Target) -> str:
    """Return the place of *target* by its own name alone."""
    return alone(target).place


@lru_cache(maxsize=65536)
def alone(target: Target) -> Ground:
    """Return *target* by its own name alone, whatever else it may be called.

    Raises:
        Invalid: it names nothing, more than one thing, or the whole world.

    """
    given = [f for f in ("purl", "repository", "product", "host") if getattr(target, f)]
    if len(given) != 1:
        raise Invalid(
            "a target is one of purl, repository, product and host",
            [Violation("invalid_target", "target", "name exactly one of the four")],
        )
    versions, part = target.versions, target.part
    match given[0]:
        case "purl":
            place, version, subpath = _package(target.purl)
            versions, part = versions or version, part or subpath
        case "repository":
            place = _repository(target.repository)
        case "product":
            place = _product(target.product)
        case _:
            place = _host(target.host)
    return Ground(
        place=place,
        containers=tuple(_above(place)),
        versions=read_versions(versions),
        commits=read_commits(target.commits),
        part=_path(part),
    )


def _lineage(place: str, names: Names) -> tuple[str, tuple[str, ...]]:
    """Return the place by its first name, and all that contains it."""
    own = place
    containers: dict[str, None] = {}
    ahead = [place]
    for _ in range(DEPTH):
        said = names(ahead)
        following: list[str] = []
        for one in ahead:
            found = said.get(one)
            if found is None:
                continue
            if found.same and one == own:
                own = found.into
            else:
                containers.setdefault(found.into)
            following.append(found.into)
        if not following:
            break
        ahead = following
    for one in (own, *list(containers)):
        for above in _above(one):
            containers.setdefault(above)
    containers.pop(own, None)
    return own, tuple(containers)


def _above(place: str) -> list[str]:
    """Return what contains *place* by its name alone, the nearest first."""
    kind, *path = place.split("/")
    match kind:
        case "repo":
            return [
                "/".join((kind, *path[:end])) for end in range(len(path) - 1, 1, -1)
            ]
        case "product":
            return ["/".join((kind, *path[:1]))] if len(path) > 1 else []
        case "host":
            inner = path[:-1] if path[-1] == "*" else path
            tops = [
                "/".join((kind, *inner[:end], "*")) for end in range(len(inner), 1, -1)
            ]
            return [top for top in tops if top != place]
    return []


def _package(written: str) -> tuple[str, str, str]:
    """Return place, versions and subpath of a package URL."""
    _plain(written, "purl")
    try:
        purl = PackageURL.from_string(written.strip())
    except ValueError as error:
        raise _invalid(
            "purl", f"{written[:80]!r} is no package URL: {error}"
        ) from error
    kind = purl.type.lower()
    if kind not in PURL_TYPES:
        raise _invalid("purl", f"the type {kind[:40]!r} is not one that purl describes")
    path = [p for p in (purl.namespace or "").lower().split("/") if p]
    name = purl.name.lower()
    if kind == "pypi":
        name = re.sub(r"[-_.]+", "-", name)
    for part in (*path, name):
        _plain(part, "purl")
        if not _NAME.fullmatch(part) or set(part) <= {"*", "."}:
            raise _whole_world("purl", f"{part[:40]!r} names no package")
    version, subpath = purl.version or "", purl.subpath or ""
    if kind in _HOSTS_OF_PURLS:
        if not path:
            raise _invalid("purl", "a repository needs its owner")
        place = "/".join(("repo", _HOSTS_OF_PURLS[kind], *path, name))
        return place, version, subpath
    if kind == "golang" and path and path[0] in _HOSTS_OF_PURLS.values():
        owner, *rest = [*path[1:], name]
        if rest:
            inner = "/".join([*rest[1:], subpath]).strip("/")
            return "/".join(("repo", path[0], owner, rest[0])), version, inner
    return "/".join(("pkg", kind, *path, name)), version, subpath


def _repository(written: str) -> str:
    _plain(written, "repository")
    text = re.sub(r"^git@([^:/]+):", r"https://\1/", written.strip())
    text = text.removeprefix("git+")
    parts = urlsplit(text if "://" in text else f"https://{text}")
    try:
        host = (parts.hostname or "").lower()
        port = parts.port
    except ValueError as error:
        raise _invalid("repository", f"{written[:80]!r} is no address") from error
    path = [p for p in parts.path.lower().removesuffix(".git").split("/") if p]
    _check_host(host, "repository")
    if not path:
        raise _whole_world("repository", f"{host} is everything that is kept there")
    for part in path:
        if not _NAME.fullmatch(part) or set(part) <= {"."}:
            raise _invalid("repository", f"{part[:40]!r} is no part of such an address")
    place = f"{host}:{port}" if port not in {None, 22, 80, 443} else host
    return "/".join(("repo", place, *path))


def _product(written: str) -> str:
    _plain(written, "product")
    path = [re.sub(r"\s+", " ", p.strip().lower()) for p in written.split("/")]
    if not 1 <= len(path) <= 2 or not all(path):  # noqa: PLR2004
        raise _invalid("product", "write vendor/product, or the vendor for all of it")
    for part in path:
        if set(part) <= {"*", ".", "?"}:
            raise _whole_world("product", f"{part[:40]!r} names no product")
    return "/".join(("product", *path))


def _host(written: str) -> str:
    _plain(written, "host")
    text = written.strip().lower().rstrip(".")
    wide = text.startswith("*.")
    name = text.removeprefix("*.")
    _check_host(name, "host")
    labels = name.split(".")
    if len(labels) < 2:  # noqa: PLR2004
        raise _whole_world("host", f"{text[:80]!r} is no host of one organisation")
    return "/".join(("host", *reversed(labels), *(["*"] if wide else [])))


def _check_host(name: str, field: str) -> None:
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.fullmatch(label) for label in labels):  # noqa: PLR2004
        raise _invalid(field, f"{name[:80]!r} is no host name")


def _path(written: str) -> tuple[str, ...]:
    parts = [p for p in written.strip().split("/") if p]
    for part in parts:
        _plain(part, "part")
        if not _PART.fullmatch(part) or set(part) <= {"."}:
            raise _invalid("part", f"{part[:40]!r} is no name of a file or folder")
    return tuple(parts)


def _plain(text: str, field: str) -> None:
    """Refuse letters that look like others, and what hides or reorders text."""
    if not text.isascii() or not text.isprintable():
        odd = next(c for c in text if not c.isascii() or not c.isprintable())
        raise Invalid(
            f"{field}: {odd!a} may look like another letter; write names in ASCII,"
            " hosts as xn--…",
            [Violation("confusable_name", field, "use ASCII letters only")],
        )


def _whole_world(field: str, said: str) -> Invalid:
    return Invalid(
        f"{field}: {said}; claim a package, a repository or what one organisation owns",
        [Violation("too_wide", field, "nobody can scan all of that")],
    )


def _invalid(field: str, reason: str) -> Invalid:
    return Invalid(f"{field}: {reason}", [Violation("invalid_target", field, reason)])
