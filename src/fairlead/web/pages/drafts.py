"""The form for an advisory: prefilled from the findings, read into a draft."""

from __future__ import annotations

from msgspec import Struct
from packageurl import PackageURL

from fairlead.clearinghouse.coordinating import CaseView
from fairlead.clearinghouse.findings import Finding
from fairlead.clearinghouse.publishing import Draft
from fairlead.formats.advisory import (
    Affected,
    Credit,
    Reference,
    Remediation,
    RemedyCategory,
    Weakness,
)


class DraftForm(Struct, frozen=True, kw_only=True):
    """What the form sends; what is left empty is left out."""

    title: str = ""
    summary: str = ""
    description: str = ""
    vendor: str = ""
    product: str = ""
    purl: str = ""
    introduced: str = "0"
    fixed: str = ""
    cve: str = ""
    cwe_id: str = ""
    cwe_name: str = ""
    cvss: str = ""
    remedy: str = ""
    reference: str = ""
    credit: str = ""


def prefilled(view: CaseView) -> DraftForm:
    """Return the form with what the findings of a case say."""
    findings = [f.finding for f in view.filed if f.finding is not None]
    purl = next((p for p in map(_package, findings) if p), None)
    name = purl.name if purl else next((f.software for f in findings if f.software), "")
    return DraftForm(
        title=view.case.title or "",
        vendor=(purl.namespace or name or "") if purl else name or "",
        product=name or "",
        purl=purl.to_string() if purl else "",
        cve=next((i for f in findings for i in f.upstream_ids if i[:4] == "CVE-"), ""),
        cwe_id=next((f.cwe.split()[0] for f in findings if f.cwe), ""),
        cvss=next((f.cvss_vector for f in findings if f.cvss_vector), ""),
        credit=next((c for f in findings for c in _finders(f)), ""),
        reference=next((r for f in findings for r in f.references), ""),
    )


def draft_of(form: DraftForm) -> Draft:
    """Return what the form says; whether it is enough is for the formats to judge."""
    given = {name: getattr(form, name).strip() for name in form.__struct_fields__}
    return Draft(
        title=given["title"],
        summary=given["summary"],
        description=given["description"],
        affected=(
            Affected(
                vendor=given["vendor"],
                product=given["product"],
                purl=given["purl"] or None,
                introduced=given["introduced"],
                fixed=given["fixed"] or None,
            ),
        ),
        aliases=(given["cve"],) if given["cve"] else (),
        cwe=_weakness(given["cwe_id"], given["cwe_name"]),
        severities=(given["cvss"],) if given["cvss"] else (),
        remediations=_remediations(given["remedy"]),
        references=_references(given["reference"]),
        credits=(Credit(name=given["credit"]),) if given["credit"] else (),
    )


FIELDS = {
    "affected[0].vendor": "vendor",
    "affected[0].product": "product",
    "affected[0].purl": "purl",
    "affected[0].introduced": "introduced",
    "affected[0].fixed": "fixed",
    "cwe.id": "cwe_id",
    "cwe.name": "cwe_name",
    "severities[0]": "cvss",
    "references[0].url": "reference",
}
"""Fields of a draft, and where on the form they are."""


def _finders(finding: Finding) -> tuple[str, ...]:
    """Return whom a report credits, word for word."""
    return finding.provenance.finders if finding.provenance else ()


def _package(finding: Finding) -> PackageURL | None:
    try:
        purl = PackageURL.from_string(finding.purl or "")
    except ValueError:
        return None
    return purl._replace(version=None, qualifiers={}, subpath=None)


def _weakness(name: str, words: str) -> Weakness | None:
    return Weakness(id=name, name=words) if name and words else None


def _remediations(details: str) -> tuple[Remediation, ...]:
    if not details:
        return ()
    return (Remediation(category=RemedyCategory.VENDOR_FIX, details=details),)


def _references(url: str) -> tuple[Reference, ...]:
    return (Reference(url=url, summary="More about it"),) if url else ()
