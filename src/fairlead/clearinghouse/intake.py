"""From a report as sent to a finding as compared."""

from __future__ import annotations

from packageurl import PackageURL

from fairlead.base.ids import Receipt
from fairlead.clearinghouse.findings import Attachment, AttachmentKind, Finding
from fairlead.formats import provenance
from fairlead.formats.tap import TapAttachment, TapReport

_TEXT = frozenset({"text/plain", "text/markdown", "application/json"})


def finding_of(receipt: Receipt, report: TapReport) -> Finding:
    """Return what *report* says; an `enrichment` of unexpected shape is passed over."""
    symbol = report.affected_symbol
    return Finding(
        receipt=receipt,
        purl=_canonical(report.purl),
        ecosystem=report.ecosystem,
        software=report.software,
        versions=_versions(report),
        code_path=report.code_path,
        file=symbol.file if symbol else None,
        function=symbol.function if symbol else None,
        line=symbol.line if symbol else None,
        references=report.references,
        upstream_ids=report.upstream_ids,
        introduced_commit=report.introduced_commit,
        fixed_commit=report.fixed_commit,
        repository=report.package_repo_url,
        cwe=_assessed(report, "cwe"),
        severity=_assessed(report, "severity"),
        cvss_vector=_assessed(report, "cvss_vector"),
        discovery_method=report.discovery_method,
        discovery_tooling=report.discovery_tooling,
        attachments=tuple(
            _attachment(a) for a in (*report.attachments, *report.folded)
        ),
        provenance=provenance.read(report.enrichment),
    )


def _canonical(purl: str | None) -> str | None:
    """Return a package URL in canonical form (TAP Intake API, `purl`)."""
    try:
        return PackageURL.from_string(purl).to_string() if purl else None
    except ValueError:
        return purl


def _versions(report: TapReport) -> tuple[str, ...]:
    """Return the versions, that of the purl among them (TAP Intake API, `versions`)."""
    try:
        own = PackageURL.from_string(report.purl).version if report.purl else None
    except ValueError:
        own = None
    if own is None or own in report.versions:
        return report.versions
    return (*report.versions, own)


def _assessed(report: TapReport, name: str) -> str | None:
    value = (report.enrichment or {}).get(name)
    return value if isinstance(value, str) else None


def _attachment(sent: TapAttachment) -> Attachment:
    readable = sent.content_type.lower() in _TEXT
    return Attachment(
        filename=sent.filename,
        kind=AttachmentKind(sent.type),
        text=sent.data if readable else None,
    )


def title_of(finding: Finding) -> str:
    """Return what a case opened for *finding* is called until somebody names it.

    It is made of where the fault lies, never of prose, which may be hostile or vague.
    """
    package = _package(finding)
    file = finding.file.rsplit("/", 1)[-1] if finding.file else None
    place = " in ".join(part for part in (finding.function, file) if part)
    return ": ".join(part for part in (package, place or finding.cwe) if part)


def _package(finding: Finding) -> str:
    if finding.purl:
        try:
            return PackageURL.from_string(finding.purl).name
        except ValueError:
            return finding.purl
    return finding.software or "unknown software"
