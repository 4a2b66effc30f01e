"""Records of the catalogue: what was published about a vulnerability, in one shape."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from fairlead.formats.packages import ecosystem_key, purl_key

MAX_NAME = 200
"""Characters of an identifier."""


class Source(StrEnum):
    """The format a record came in."""

    CVE = "cve"
    OSV = "osv"
    CSAF = "csaf"
    KEV = "kev"


class Status(StrEnum):
    """What is said of a version."""

    AFFECTED = "affected"
    UNAFFECTED = "unaffected"
    UNKNOWN = "unknown"


class Band(StrEnum):
    """CVSS' qualitative ratings (CVSS 3.1 §5, 4.0 §6); *unscored* where there is none."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NONE = "none"
    UNSCORED = "unscored"


class Span(Struct, frozen=True, gc=False, omit_defaults=True, array_like=True):
    """Versions from one to another, and what is said of them."""

    first: str = ""
    """The first version; empty for the very beginning."""
    below: str = ""
    """Ends before this version."""
    through: str = ""
    """Ends with this version; where neither is given, it does not end."""
    status: Status = Status.AFFECTED


class Affected(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """A package or product that a record is about, and which versions of it."""

    ecosystem: str = ""
    """As OSV writes it, its release after a colon: `Debian:12`."""
    name: str = ""
    """The package's name in its ecosystem."""
    purl: str = ""
    vendor: str = ""
    product: str = ""
    cpes: tuple[str, ...] = ()
    scheme: str = ""
    """How its versions are ordered: a package URL type, `semver`, or nothing known."""
    versions: tuple[str, ...] = ()
    """Affected versions, one by one."""
    spans: tuple[Span, ...] = ()
    default: Status = Status.UNKNOWN
    """What is said of every version that nothing else is said of."""
    commits: bool = False
    """Ranges of commits are given, which no version can be compared with."""
    module: str = ""
    """The part of it that is affected, where only that is."""


class Severity(Struct, frozen=True, gc=False, omit_defaults=True):
    """A CVSS vector, and who gave it."""

    vector: str
    score: float | None = None
    by: str = ""


class Ssvc(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """Decision points that somebody set for a vulnerability (SSVC 2)."""

    by: str
    at: datetime
    exploitation: str = ""
    automatable: str = ""
    technical_impact: str = ""


class Exploited(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """An entry of CISA's catalogue of known exploited vulnerabilities."""

    added: str
    due: str = ""
    action: str = ""
    ransomware: str = ""
    notes: str = ""


class Brief(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What a record is about, and how bad that is; the rest of it is not read."""

    source: Source
    id: str
    aliases: tuple[str, ...] = ()
    severities: tuple[Severity, ...] = ()
    exploited: Exploited | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Return its identifier and aliases, in capitals."""
        return tuple(dict.fromkeys(n.upper() for n in (self.id, *self.aliases)))

    @property
    def cves(self) -> tuple[str, ...]:
        """Return the CVEs it is about."""
        if not self.aliases and self.source in _OF_ONE:
            return (self.id.upper(),)
        return tuple([name for name in self.names if name.startswith("CVE-")])

    @property
    def score(self) -> float | None:
        """Return the highest CVSS score that somebody gave it."""
        scores = [s.score for s in self.severities if s.score is not None]
        return max(scores, default=None)


class CatalogueRecord(Brief, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """What somebody published about a vulnerability, or several."""

    title: str
    details: str = ""
    affected: tuple[Affected, ...] = ()
    weaknesses: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    ssvc: tuple[Ssvc, ...] = ()
    publisher: str = ""
    published: datetime | None = None
    modified: datetime | None = None
    withdrawn: datetime | None = None

    @property
    def band(self) -> Band:
        """Return the rating of its score."""
        return band_of(self.score)

    @property
    def ecosystems(self) -> tuple[str, ...]:
        """Return the ecosystems of its packages, without their releases."""
        found = {a.ecosystem.partition(":")[0]: None for a in self.affected}
        return tuple(dict.fromkeys(_plain(name)[:80] for name in found if name))

    def affected_keys(self) -> Iterator[tuple[str, int]]:
        """Return what each thing it affects can be found by, and its place."""
        for place, affected in enumerate(self.affected):
            for key in keys_of(affected):
                yield key, place


_OF_ONE = frozenset({Source.CVE, Source.KEV})
"""Sources whose records are each about the CVE that they are called by."""
_BANDS = ((9.0, Band.CRITICAL), (7.0, Band.HIGH), (4.0, Band.MEDIUM), (0.1, Band.LOW))


def band_of(score: float | None) -> Band:
    """Return the rating of a CVSS score."""
    if score is None:
        return Band.UNSCORED
    return next((band for least, band in _BANDS if score >= least), Band.NONE)


# --- What something affected is found by --------------------------------------------


def cpe_key(vendor: str, product: str) -> str:
    """Return what a product is found by, by the names of its CPE."""
    return f"cpe:{vendor.lower()}:{product.lower()}"


def name_key(product: str) -> str:
    """Return what a product is found by where only its name is known."""
    return f"name:{product.lower().strip()}"


def keys_of(affected: Affected) -> tuple[str, ...]:
    """Return everything that *affected* can be found by."""
    found: dict[str, None] = {}
    if key := ecosystem_key(affected.ecosystem, affected.name):
        found[key] = None
    elif affected.purl:
        found[purl_key(affected.purl)] = None
    for cpe in affected.cpes:
        vendor, product = cpe_names(cpe)
        if product and product != "*":
            found[cpe_key(vendor, product)] = None
    product, vendor = affected.product.strip().lower(), affected.vendor.strip().lower()
    if product and product not in _NO_NAMES:
        found[name_key(product)] = None
        if vendor and vendor not in _NO_NAMES:
            found[cpe_key(vendor.replace(" ", "_"), product.replace(" ", "_"))] = None
    return tuple([_plain(key)[:MAX_KEY] for key in found])


def _plain(name: str) -> str:
    """Return a name without what a database has no place for."""
    return name.replace("\0", "") if "\0" in name else name


MAX_KEY = 300
"""Characters of a key; longer names are cut, and compared in full afterwards."""

_NO_NAMES = frozenset({"n/a", "unknown", "unspecified", "-", "*"})


def cpe_names(cpe: str) -> tuple[str, str]:
    """Return vendor and product of a CPE 2.3 string or a CPE 2.2 URI (NISTIR 7695)."""
    text = cpe.replace("\\:", "\x00")
    if text.startswith("cpe:2.3:"):
        parts = text.split(":")
        places = (3, 4)
    elif text.startswith("cpe:/"):
        parts = text.split(":")
        places = (2, 3)
    else:
        return "", ""
    if len(parts) <= places[1]:
        return "", ""
    vendor, product = (parts[p].replace("\x00", ":").replace("\\", "") for p in places)
    return vendor, product


def affected_by(affected: Affected) -> list[str]:
    """Say for people which versions are affected, one line a range."""
    lines = []
    for span in affected.spans:
        mark = "" if span.status is Status.AFFECTED else f" ({span.status.value})"
        lines.append(shown(span) + mark)
    if affected.versions and not lines:
        some = ", ".join(affected.versions[:8])
        more = len(affected.versions) - 8
        lines.append(some + (f" and {more} more" if more > 0 else ""))
    if not lines and affected.commits:
        lines.append("commits only")
    if not lines:
        said = {Status.AFFECTED: "every version", Status.UNAFFECTED: "not affected"}
        lines.append(said.get(affected.default, "versions are not said"))
    return lines


def shown(span: Span) -> str:
    """Say what a span holds."""
    if span.first and span.first == span.through:
        return span.first
    start = f"from {span.first} " if span.first else ""
    if span.below:
        return f"{start}before {span.below}"
    if span.through:
        return f"{start}up to {span.through}"
    return f"{start}on" if start else "any version"
