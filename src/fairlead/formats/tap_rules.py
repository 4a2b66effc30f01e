"""The rules of the TAP Intake API for a report, one after the other, all of them.

Limits are in bytes of UTF-8. Source: see `fairlead.formats.tap`; sections are named.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import msgspec
from packageurl import PackageURL

from fairlead.errors import Violation
from fairlead.formats import tap_attachments
from fairlead.formats.ecosystems import PURL_TYPES, known_ecosystem, purl_types_of
from fairlead.formats.tap_attachments import Sent
from fairlead.formats.tap_report import TapReport

STRINGS = {
    "purl": 512,
    "software": 256,
    "ecosystem": 128,
    "code_path": 1024,
    "package_repo_url": 512,
    "discovery_method": 32,
    "discovery_tooling": 128,
    "email": 256,
}
"""Limits of single strings (Core; Provenance and contact)."""

LISTS = {"versions": (64, 64), "references": (16, 512), "upstream_ids": (16, 128)}
"""Limits of lists: how many entries, and of each (Core; Identity)."""

SYMBOL = {"file": 512, "function": 256}
ENRICHMENT_BYTES = 64 * 1024
ENRICHMENT_DEPTH = 8

_COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")
_UPSTREAM = re.compile(
    r"CVE-[0-9]{4}-[0-9]{4,}|GHSA(-[0-9a-zA-Z]{4}){3}|(OSV|GO|RUSTSEC|PYSEC)-[0-9A-Za-z-]+"
)
_EMAIL = re.compile(r"[^@\s<>,;\"]+@[^@\s<>,;\"]+\.[^@\s<>,;\".]+")
_NOTIFY = frozenset({"off", "final", "milestones", "all"})


def violations_of(report: TapReport, sent: Sent) -> Iterator[Violation]:
    """Say everything that is wrong with *report*, whose files *sent* has as they came."""
    yield from _strings(report)
    yield from _lists(report)
    yield from _software(report)
    yield from _symbol(report)
    yield from _identity(report)
    yield from _contact(report)
    yield from tap_attachments.violations_of(report, sent)
    yield from _enrichment(report)


def text_faults(field: str, value: str, limit: int) -> Iterator[Violation]:
    """Say what is wrong with a string of at most *limit* bytes, without control codes."""
    size = len(value.encode("utf-8", "surrogatepass"))
    if size > limit:
        yield Violation("field_too_large", field, f"{size} bytes; at most {limit}")
    if any(unicodedata.category(c) == "Cc" for c in value):
        yield Violation(
            "control_characters", field, "must not hold control characters or newlines"
        )


def _strings(report: TapReport) -> Iterator[Violation]:
    for field, limit in STRINGS.items():
        value: str | None = getattr(report, field)
        if value is not None:
            yield from text_faults(field, value, limit)
            if not value.strip() and (value or field == "software"):
                yield Violation("degenerate_value", field, "is empty or only space")


def _lists(report: TapReport) -> Iterator[Violation]:
    for field, (count, limit) in LISTS.items():
        values: tuple[str, ...] = getattr(report, field)
        if len(values) > count:
            yield Violation(
                "too_many_items", field, f"{len(values)} entries; at most {count}"
            )
            continue
        for place, value in enumerate(values):
            yield from text_faults(f"{field}[{place}]", value, limit)
            if not value.strip():
                yield Violation("degenerate_value", f"{field}[{place}]", "is empty")


def _software(report: TapReport) -> Iterator[Violation]:
    """Say what is wrong with purl, ecosystem and software (Core)."""
    if not report.purl:
        for field in ("ecosystem", "software"):
            if not getattr(report, field):
                yield Violation(
                    "missing_field", field, f"give {field}, or a purl instead", "purl"
                )
    if report.ecosystem and not known_ecosystem(report.ecosystem):
        yield Violation(
            "unknown_ecosystem", "ecosystem", "must be an ecosystem that OSV defines"
        )
    if not report.purl:
        return
    try:
        purl = PackageURL.from_string(report.purl)
    except ValueError as error:
        yield Violation("invalid_purl", "purl", str(error)[:200])
        return
    if purl.type not in PURL_TYPES:
        yield Violation("invalid_purl", "purl", f"{purl.type} is no specified type")
        return
    yield from _purl_version(report, purl.version)
    types = purl_types_of(report.ecosystem) if report.ecosystem else frozenset()
    if types and purl.type not in types:
        yield Violation(
            "purl_ecosystem_mismatch",
            "purl",
            f"is of type {purl.type}, which is not {report.ecosystem}",
            "ecosystem",
        )


def _purl_version(report: TapReport, version: str | None) -> Iterator[Violation]:
    """Say whether the version in the purl fits with the others (Core, `versions`)."""
    count, size = LISTS["versions"]
    if not version:
        return
    if len(version.encode()) > size:
        yield Violation("field_too_large", "purl", f"its version exceeds {size} bytes")
    if len(report.versions) == count and version not in report.versions:
        said = f"{count + 1} entries with that of the purl; at most {count}"
        yield Violation("too_many_items", "versions", said, "purl")


def _symbol(report: TapReport) -> Iterator[Violation]:
    symbol = report.affected_symbol
    if symbol is None:
        return
    for field, limit in SYMBOL.items():
        value: str | None = getattr(symbol, field)
        if value is not None:
            yield from text_faults(f"affected_symbol.{field}", value, limit)
    if symbol.line is not None and symbol.line < 0:
        yield Violation(
            "invalid_symbol_line", "affected_symbol.line", "must be 0 or more"
        )


def _identity(report: TapReport) -> Iterator[Violation]:
    for place, address in enumerate(report.references):
        if not _is_http(address):
            yield Violation(
                "invalid_reference",
                f"references[{place}]",
                "must be an absolute http or https URL",
            )
    for place, name in enumerate(report.upstream_ids):
        if not _UPSTREAM.fullmatch(name):
            yield Violation(
                "invalid_upstream_id",
                f"upstream_ids[{place}]",
                "must be CVE-YYYY-NNNN, GHSA-xxxx-xxxx-xxxx or PREFIX-token of OSV, GO,"
                " RUSTSEC or PYSEC",
            )
    for field in ("introduced_commit", "fixed_commit"):
        commit: str | None = getattr(report, field)
        if commit is not None and not _COMMIT.fullmatch(commit):
            yield Violation("invalid_commit", field, "must be 7 to 64 hex characters")
    if report.package_repo_url is not None and not _is_http(report.package_repo_url):
        yield Violation(
            "invalid_repo_url", "package_repo_url", "must be an http or https URL"
        )


def _contact(report: TapReport) -> Iterator[Violation]:
    if report.email is not None and not _EMAIL.fullmatch(report.email):
        yield Violation("invalid_email", "email", "must be one plain address")
    if report.notify is None:
        return
    if report.notify not in _NOTIFY:
        yield Violation(
            "invalid_notify", "notify", "must be off, final, milestones or all"
        )
    elif report.notify != "off" and not report.email:
        yield Violation(
            "missing_field", "email", "give it, or set notify to off", "notify"
        )


def _enrichment(report: TapReport) -> Iterator[Violation]:
    """Say what is wrong with the assessment: its bounds only (`enrichment`)."""
    if report.enrichment is None:
        return
    if len(msgspec.json.encode(report.enrichment)) > ENRICHMENT_BYTES:
        yield Violation("field_too_large", "enrichment", "has more than 64 KiB")
    if _depth(report.enrichment) > ENRICHMENT_DEPTH:
        yield Violation("structure_too_deep", "enrichment", "nests more than 8 levels")
    if any(
        unicodedata.category(c) == "Cc" for s in _texts(report.enrichment) for c in s
    ):
        yield Violation(
            "control_characters", "enrichment", "must not hold control characters"
        )


def _depth(value: Any) -> int:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    return 0


def _texts(value: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from value
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _is_http(address: str) -> bool:
    try:
        parts = urlsplit(address)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False
