"""What of the catalogue affects an inventory, each match with its reasons.

What cannot be decided is said to be unsure, never left out and never taken as certain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from packageurl import PackageURL

from fairlead.catalogue.judging import Certainty, Judgement, judge
from fairlead.catalogue.ports import Placed, Probability, Reading
from fairlead.catalogue.records import (
    Affected,
    Band,
    Brief,
    CatalogueRecord,
    Exploited,
    Source,
    band_of,
    cpe_key,
    cpe_names,
    name_key,
)
from fairlead.errors import TooLarge
from fairlead.formats.components import Component, Inventory
from fairlead.formats.packages import package_key
from fairlead.formats.version_order import RULED

_NO_PACKAGE = frozenset({"generic", "github", "bitbucket", "docker", "oci", "swid"})
"""Types of package URLs whose names are found by their product as well."""


class Named(Struct, frozen=True, gc=False):
    """A record that says so."""

    source: Source
    id: str
    certainty: Certainty
    reason: str


class Match(Struct, frozen=True, gc=False, kw_only=True):
    """A vulnerability that affects, or may affect, a component."""

    component: Component
    vulnerability: str
    """Its CVE, or else the identifier of the first record."""
    title: str
    certainty: Certainty
    records: tuple[Named, ...]
    """What each record says, those that contradict the others too."""
    fixed: tuple[str, ...] = ()
    score: float | None = None
    exploited: Exploited | None = None
    probability: Probability | None = None
    way: tuple[str, ...] = ()
    """How it is brought in, from what depends on it."""

    @property
    def band(self) -> Band:
        """Return the rating of its score."""
        return band_of(self.score)


class Matched(Struct, frozen=True, kw_only=True):
    """Everything that was found of an inventory."""

    format: str
    subject: str
    at: datetime
    components: int
    matches: tuple[Match, ...]
    compared: int
    """Pairs of a component and a record that were compared."""
    repeated: int = 0
    """Components that stand there again, and are told once."""
    nameless: tuple[str, ...] = ()
    """Components that nothing can be looked up of."""
    remarks: tuple[str, ...] = ()
    """What is wrong with the inventory."""


class _Sought(Struct, frozen=True, gc=False):
    """One component, by one of the keys it is looked for."""

    component: Component
    scheme: str
    version: str
    distro: str = ""
    only_name: bool = False
    by: str = ""


MOST = 2_000_000
"""Pairs of a component and something affected that are compared, at most."""


def match(
    reading: Reading, inventory: Inventory, at: datetime, *, most: int = MOST
) -> Matched:
    """Return what affects *inventory*, the most urgent first.

    Components that are the same but for what the document calls them are told once.

    Raises:
        TooLarge: more than *most* pairs would have to be compared.

    """
    sought: dict[str, list[_Sought]] = {}
    nameless: list[str] = []
    different = {_same(c): c for c in reversed(inventory.components)}
    for component in reversed(different.values()):
        keys = list(_keys(component))
        if not keys:
            nameless.append(component.name or component.ref)
        for key, wanted in keys:
            sought.setdefault(key, []).append(wanted)
    placed = reading.affecting(list(sought))
    pairs_ahead = sum(len(sought[p.key]) for p in placed)
    if pairs_ahead > most:
        raise TooLarge(
            f"{pairs_ahead} pairs of a component and a record would have to be compared;"
            f" at most {most} are: give the inventory in parts"
        )
    records = reading.records(list(dict.fromkeys(p.number for p in placed)))
    pairs = list(_judged(placed, records, sought))
    grouped = _grouped(pairs)
    names = {name for _, name in grouped if name.startswith("CVE-")}
    more = _More(reading, names)
    ways = inventory.ways()
    # Many vulnerabilities are of one component, which is brought in one way.
    brought = {ref: ways.to(ref) for ref in {one.ref for one, _ in grouped}}
    matches = [
        _match(component, name, found, more, brought[component.ref])
        for (component, name), found in grouped.items()
    ]
    return Matched(
        format=inventory.format,
        subject=inventory.subject,
        at=at,
        components=len(inventory.components),
        repeated=len(inventory.components) - len(different),
        matches=tuple(sorted(filter(None, matches), key=_urgency)),
        compared=len(pairs),
        nameless=tuple(nameless[:100]),
        remarks=inventory.remarks,
    )


def _same(component: Component) -> tuple[str, ...]:
    """Return by what a component is another."""
    one = component
    return one.name, one.version, one.purl, one.cpe, one.supplier


def count_by_package(reading: Reading, purls: Sequence[str]) -> dict[str, int]:
    """Count the records about each of *purls*; of those without any nothing is said."""
    keys: dict[str, str] = {}
    for written in purls:
        purl = _purl(written)
        if purl is not None:
            key = package_key(purl.type, purl.namespace or "", purl.name)
            keys.setdefault(key, written)
    found: dict[str, set[int]] = {}
    for placed in reading.affecting(list(keys)):
        found.setdefault(keys[placed.key], set()).add(placed.number)
    return {purl: len(numbers) for purl, numbers in found.items()}


# --- What a component is looked for by --------------------------------------------------


def _keys(component: Component) -> Iterator[tuple[str, _Sought]]:
    purl = _purl(component.purl)
    by_package = False
    if purl is not None:
        by_package = purl.type not in _NO_PACKAGE
        yield from _package_keys(component, purl)
    vendor, product = cpe_names(component.cpe)
    if product:
        version = component.version or _cpe_version(component.cpe)
        scheme = purl.type if purl else ""
        yield cpe_key(vendor, product), _Sought(component, scheme, version, by="CPE")
    elif not by_package and component.name:
        yield (
            name_key(component.name),
            _Sought(component, "", component.version, only_name=True, by="name"),
        )


def _package_keys(
    component: Component, purl: PackageURL
) -> Iterator[tuple[str, _Sought]]:
    qualifiers = _qualifiers(purl)
    version = component.version or purl.version or ""
    epoch = qualifiers.get("epoch", "")
    if epoch and ":" not in version and purl.type == "rpm":
        version = f"{epoch}:{version}"
    sought = _Sought(
        component, purl.type, version, distro=qualifiers.get("distro", ""), by="package"
    )
    namespace = purl.namespace or ""
    yield package_key(purl.type, namespace, purl.name), sought
    upstream = qualifiers.get("upstream", "")
    if upstream:
        # The source package of a binary one: `openssl@3.0.11-1`.
        name, _, its = upstream.partition("@")
        source = _Sought(
            component,
            purl.type,
            its or version,
            distro=sought.distro,
            by="source package",
        )
        if name != purl.name:
            yield package_key(purl.type, namespace, name), source


def _qualifiers(purl: PackageURL) -> dict[str, str]:
    found: Any = purl.qualifiers
    return dict(found) if isinstance(found, dict) else {}


def _purl(written: str) -> PackageURL | None:
    if not written:
        return None
    try:
        return PackageURL.from_string(written)
    except ValueError:
        return None


def _cpe_version(cpe: str) -> str:
    parts = cpe.replace("\\:", "\x00").split(":")
    place = 5 if cpe.startswith("cpe:2.3:") else 4
    version = parts[place] if len(parts) > place else ""
    return "" if version in {"*", "-"} else version.replace("\\", "")


# --- Judging -----------------------------------------------------------------------------


class _Pair(Struct, frozen=True, gc=False):
    component: Component
    record: CatalogueRecord
    judgement: Judgement


def _judged(
    placed: Iterable[Placed],
    records: Mapping[int, CatalogueRecord],
    sought: Mapping[str, list[_Sought]],
) -> Iterator[_Pair]:
    seen: set[tuple[int, int, int]] = set()
    for key, number, place in placed:
        record = records[number]
        if record.source is Source.KEV or record.withdrawn is not None:
            continue
        affected = record.affected[place]
        for wanted in sought[key]:
            one = (id(wanted.component), number, place)
            if one in seen:
                continue
            seen.add(one)
            judgement = _judge(affected, wanted)
            if judgement is not None:
                yield _Pair(wanted.component, record, judgement)


def _judge(affected: Affected, wanted: _Sought) -> Judgement | None:
    """Return what a record says of a component; nothing if it is about another."""
    if wanted.only_name and not _may_be_same_vendor(affected, wanted.component):
        return None
    release = affected.ecosystem.partition(":")[2]
    same_release = _same_release(release, wanted.distro) if release else True
    if same_release is False:
        return None
    scheme = wanted.scheme if wanted.scheme in RULED else affected.scheme
    found = judge(affected, wanted.version, scheme)
    if found.certainty is not Certainty.AFFECTED:
        return found
    doubts = []
    if wanted.only_name:
        named = f"{affected.vendor} {affected.product}".strip()
        doubts.append(
            f"only the name is the same as of {named}: no package URL or CPE is given"
        )
    if same_release is None:
        doubts.append(f"it is about {affected.ecosystem}; which release is not given")
    if affected.module and not wanted.only_name:
        return Judgement(
            found.certainty, f"{found.reason}, in {affected.module}", found.fixed
        )
    if not doubts:
        return found
    reason = "; ".join((*doubts, found.reason))
    return Judgement(Certainty.UNSURE, reason, found.fixed)


def _may_be_same_vendor(affected: Affected, component: Component) -> bool:
    if not component.supplier or not affected.vendor:
        return True
    ours, theirs = component.supplier.lower(), affected.vendor.lower()
    return ours in theirs or theirs in ours


def _same_release(release: str, distro: str) -> bool | None:
    """Tell whether two name one release of a distribution; nothing if one says none.

    `12` and `debian-12.4` do, `v3.18` and `alpine-3.18.2`, `22.04:LTS` and
    `ubuntu-22.04`.
    """
    wanted = release.removeprefix("v").partition(":")[0]
    given = distro.rpartition("-")[2]
    if not given or not given[0].isdigit() or not wanted[:1].isdigit():
        return None
    return given == wanted or given.startswith(wanted + ".")


# --- Together -----------------------------------------------------------------------------


_Group = dict[tuple[Component, str], list[_Pair]]


def _grouped(pairs: Iterable[_Pair]) -> _Group:
    """Put together what is about one vulnerability of one component."""
    found: _Group = {}
    for pair in pairs:
        for name in pair.record.cves or (pair.record.id,):
            found.setdefault((pair.component, name), []).append(pair)
    return found


class _More:
    """What the catalogue says of vulnerabilities besides whom they affect."""

    def __init__(self, reading: Reading, names: set[str]) -> None:
        self.probabilities = reading.probabilities(sorted(names))
        self.exploited: dict[str, Exploited] = {}
        self._own: dict[str, float] = {}
        self._any: dict[str, float] = {}
        for record in reading.briefs(sorted(names)):
            self._note(record)

    def _note(self, record: Brief) -> None:
        cves, score = record.cves, record.score
        # The scores of a record of several are of the worst of them.
        best = self._own if len(cves) == 1 else self._any
        for name in cves:
            if record.exploited is not None:
                self.exploited.setdefault(name, record.exploited)
            if score is not None:
                best[name] = max(score, best.get(name, 0))

    def score(self, name: str) -> float | None:
        return self._own.get(name, self._any.get(name))


_ORDER = {certainty: place for place, certainty in enumerate(Certainty)}


def _match(
    component: Component,
    name: str,
    pairs: list[_Pair],
    more: _More,
    way: tuple[str, ...],
) -> Match | None:
    pairs.sort(key=lambda p: _ORDER[p.judgement.certainty])
    certainty = pairs[0].judgement.certainty
    if certainty is Certainty.UNAFFECTED:
        return None
    if certainty is Certainty.UNSURE and any(
        p.judgement.certainty is Certainty.UNAFFECTED for p in pairs
    ):
        # One record can decide what another leaves open.
        return None
    named = {
        (p.record.source, p.record.id, p.judgement.reason): Named(
            p.record.source, p.record.id, p.judgement.certainty, p.judgement.reason
        )
        for p in pairs
    }
    score = more.score(name)
    fixed = dict.fromkeys(p.judgement.fixed for p in pairs if p.judgement.fixed)
    return Match(
        component=component,
        vulnerability=name,
        title=pairs[0].record.title,
        certainty=certainty,
        records=tuple(named.values()),
        fixed=tuple(fixed),
        score=score if score is not None else pairs[0].record.score,
        exploited=more.exploited.get(name),
        probability=more.probabilities.get(name),
        way=way,
    )


def _urgency(match: Match) -> tuple[object, ...]:
    return (
        match.certainty is not Certainty.AFFECTED,
        match.exploited is None,
        -(match.score or 0),
        -(match.probability.probability if match.probability else 0),
        match.component.name,
        match.vulnerability,
    )
