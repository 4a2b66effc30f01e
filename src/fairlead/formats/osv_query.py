"""Queries to an OSV database: by package and version (https://google.github.io/osv.dev)."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from fairlead.errors import Invalid, Violation
from fairlead.formats import purl
from fairlead.formats.intervals import from_events
from fairlead.formats.osv import package_key
from fairlead.formats.packages import ECOSYSTEMS, type_of
from fairlead.formats.version_order import Incomparable, compare

Json = dict[str, Any]


class Named(Struct, frozen=True):
    """A package as a query names it."""

    name: str = ""
    ecosystem: str = ""
    purl: str = ""


class Query(Struct, frozen=True):
    """What a client asks."""

    package: Named | None = None
    version: str = ""
    commit: str = ""
    page_token: str = ""


class Package(Struct, frozen=True, kw_only=True):
    """The package that is asked about, and its version if there is one."""

    ecosystem: str
    name: str
    version: str = ""

    @property
    def key(self) -> str:
        """Return by what it is found."""
        return package_key(self.ecosystem, self.name)


def package_of(query: Query) -> Package | None:
    """Return the package that *query* is about; nothing if it is about a commit.

    Raises:
        Invalid: it names no package, or one twice.

    """
    named = query.package
    if named is None:
        if query.commit:
            return None
        raise _invalid("package", "name a package: name and ecosystem, or a purl")
    if not named.purl:
        if not named.name or not named.ecosystem:
            raise _invalid("package", "give both name and ecosystem, or a purl")
        return Package(
            ecosystem=named.ecosystem, name=named.name, version=query.version
        )
    if named.name or named.ecosystem:
        raise _invalid("package.purl", "give a purl or name and ecosystem, not both")
    found = purl.read(named.purl)
    if found.version and query.version:
        raise _invalid("version", "the purl has a version already")
    between = ":" if found.type == "maven" else "/"
    return Package(
        ecosystem=ECOSYSTEMS.get(found.type, found.type),
        name=between.join(filter(None, [found.namespace, found.name])),
        version=found.version or query.version,
    )


def affects(record: str, asked: Package) -> bool:
    """Tell whether an OSV record affects what is asked about.

    Where versions cannot be compared it is taken to: who asks must look at it.
    """
    decoded: Json = msgspec.json.decode(record)
    for affected in decoded.get("affected", ()):
        package = affected.get("package", {})
        same = package.get("ecosystem") == asked.ecosystem
        if not same or package_key(asked.ecosystem, package["name"]) != asked.key:
            continue
        if not asked.version or _covers(affected, asked):
            return True
    return False


def _covers(affected: Json, asked: Package) -> bool:
    if asked.version in affected.get("versions", ()):
        return True
    scheme = type_of(asked.ecosystem)
    for found in affected.get("ranges", ()):
        if found.get("type") == "GIT":
            continue
        for interval in from_events(found.get("events", ())):
            ends = [
                (interval.introduced, 0),
                (interval.fixed, -1),
                (interval.last, 0),
            ]
            if _between(scheme, asked.version, ends) is not False:
                return True
    return False


def _between(
    scheme: str, version: str, ends: list[tuple[str | None, int]]
) -> bool | None:
    """Tell whether *version* is in an interval; nothing if that cannot be said."""
    (start, _), (fixed, _), (last, _) = ends
    answers = []
    if start not in {None, "0"}:
        answers.append(_order(scheme, version, start, {0, 1}))
    if fixed is not None:
        answers.append(_order(scheme, version, fixed, {-1}))
    if last is not None:
        answers.append(_order(scheme, version, last, {-1, 0}))
    if False in answers:
        return False
    return None if None in answers else True


def _order(scheme: str, version: str, end: str | None, wanted: set[int]) -> bool | None:
    try:
        return compare(scheme, version, end or "") in wanted
    except Incomparable:
        return None


def _invalid(field: str, said: str) -> Invalid:
    return Invalid(f"{field}: {said}", [Violation("invalid_query", field, said)])
