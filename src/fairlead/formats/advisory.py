"""The content of an advisory, whatever the format: write it once, publish it in many."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from fairlead.base.markings import Label
from fairlead.errors import Violation
from fairlead.formats import purl


class RemedyCategory(StrEnum):
    """What a remediation is (CSAF 2.0, 3.2.3.12.1)."""

    VENDOR_FIX = "vendor_fix"
    WORKAROUND = "workaround"
    MITIGATION = "mitigation"
    FIX_PLANNED = "fix_planned"
    """CSAF 2.1; in CSAF 2.0 it is `none_available`."""
    NO_FIX_PLANNED = "no_fix_planned"
    NONE_AVAILABLE = "none_available"


class ReferenceCategory(StrEnum):
    """What a reference leads to, in the words of OSV's `references[].type`."""

    ADVISORY = "ADVISORY"
    ARTICLE = "ARTICLE"
    FIX = "FIX"
    REPORT = "REPORT"
    WEB = "WEB"


class Weakness(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A weakness of the Common Weakness Enumeration: `CWE-787`, `Out-of-bounds Write`."""

    id: str
    name: str


class Affected(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One product, and which of its versions are affected.

    A range is half open: from *introduced* up to but not including *fixed*, or up to
    and including *last_affected*. `introduced` of `0` means from the beginning.
    """

    vendor: str
    product: str
    purl: str | None = None
    """Package URL without version."""
    ecosystem: str | None = None
    """In OSV's words: `PyPI`, `npm`, `Go`, …"""
    introduced: str = "0"
    fixed: str | None = None
    last_affected: str | None = None
    versions: tuple[str, ...] = ()
    """Single versions that are affected."""

    @property
    def has_range(self) -> bool:
        """Tell whether it says a range, and not single versions only."""
        bounded = self.fixed or self.last_affected or self.introduced != "0"
        return bool(bounded) or not self.versions


class Remediation(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do about it."""

    category: RemedyCategory
    details: str
    url: str | None = None


class Reference(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where more is written."""

    url: str
    summary: str
    category: ReferenceCategory = ReferenceCategory.WEB


class Credit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who found it, word for word as they want to be named."""

    name: str


class Publisher(Struct, frozen=True, kw_only=True):
    """Who publishes (CSAF 2.0, 3.2.1.8)."""

    name: str
    namespace: str
    category: str
    contact: str | None = None


class Revision(Struct, frozen=True, kw_only=True):
    """One version of the advisory."""

    number: int
    at: datetime
    summary: str


class Advisory(Struct, frozen=True, kw_only=True):
    """What is published about one case."""

    id: str
    title: str
    summary: str
    description: str
    published: datetime
    revised: datetime
    revisions: tuple[Revision, ...]
    marking: Label
    publisher: Publisher
    affected: tuple[Affected, ...]
    aliases: tuple[str, ...] = ()
    """Identifiers by others: `CVE-…`, `GHSA-…`."""
    cwe: Weakness | None = None
    severities: tuple[str, ...] = ()
    """CVSS vectors of version 3 or 4."""
    remediations: tuple[Remediation, ...] = ()
    references: tuple[Reference, ...] = ()
    credits: tuple[Credit, ...] = ()
    withdrawn: datetime | None = None
    """When it was withdrawn; it says nothing about products then."""
    withdrawal: str = ""
    """Why, in words."""
    canonical: str | None = None
    """Address of the CSAF feeds, without a slash at its end."""


def lacks(advisory: Advisory) -> Iterator[Violation]:
    """Say what every format needs and *advisory* has not."""
    for name in ("title", "summary", "description"):
        if not getattr(advisory, name).strip():
            yield _lack(name, "write it")
    if advisory.withdrawn is not None and not advisory.withdrawal.strip():
        yield _lack("withdrawal", "say why it is withdrawn")
    if not advisory.affected:
        yield _lack("affected", "name at least one product")
    for i, affected in enumerate(advisory.affected):
        yield from _product_lacks(f"affected[{i}]", affected)
    for i, reference in enumerate(advisory.references):
        if not reference.url.startswith(("https://", "http://")):
            yield Violation(
                "invalid_reference", f"references[{i}].url", "begin it with https://"
            )


def _product_lacks(where: str, affected: Affected) -> Iterator[Violation]:
    for name in ("vendor", "product", "introduced"):
        if not getattr(affected, name).strip():
            yield _lack(f"{where}.{name}", "write it; introduced may be 0")
    wrong = purl.fault(affected.purl) if affected.purl is not None else ""
    if wrong:
        said = f"{wrong}; write it as pkg:pypi/name"
        yield Violation("invalid_purl", f"{where}.purl", said)
    if affected.fixed is not None and affected.last_affected is not None:
        yield Violation(
            "contradiction",
            f"{where}.fixed",
            "say where it is fixed or which version is the last affected, not both",
            f"{where}.last_affected",
        )


def _lack(field: str, remedy: str) -> Violation:
    return Violation("missing_field", field, remedy)
