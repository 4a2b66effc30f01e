"""The form for an advisory: prefilled from the findings, read into a draft."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import asdict, replace
from packageurl import PackageURL

from fairlead.clearinghouse.coordinating import CaseView
from fairlead.clearinghouse.findings import Finding
from fairlead.clearinghouse.publishing import Draft
from fairlead.formats.advisory import (
    Advisory,
    Affected,
    Credit,
    Reference,
    Remediation,
    RemedyCategory,
    Weakness,
)
from fairlead.web.pages.show import plain


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
    """Return the form with what the findings of a case say.

    What strangers wrote may hide or reorder what is shown; a coordinator sees it here
    and decides what of it is published.
    """
    findings = [f.finding for f in view.filed if f.finding is not None]
    purl = next((p for p in map(_package, findings) if p), None)
    name = purl.name if purl else next((f.software for f in findings if f.software), "")
    said = DraftForm(
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
    return DraftForm(**{name: plain(value) for name, value in asdict(said).items()})


def written_before(content: Advisory) -> DraftForm:
    """Return the form with what an advisory says; of what stands in a list, the first."""
    first = content.affected[0]
    return DraftForm(
        title=content.title,
        summary=content.summary,
        description=content.description,
        vendor=first.vendor,
        product=first.product,
        purl=first.purl or "",
        introduced=first.introduced,
        fixed=first.fixed or "",
        cve=next((name for name in content.aliases if name.startswith("CVE-")), ""),
        cwe_id=content.cwe.id if content.cwe else "",
        cwe_name=content.cwe.name if content.cwe else "",
        cvss=next(iter(content.severities), ""),
        remedy=next((r.details for r in content.remediations), ""),
        reference=next((r.url for r in content.references), ""),
        credit=next((c.name for c in content.credits), ""),
    )


def revised_draft(form: DraftForm, before: Advisory) -> Draft:
    """Return what the form says, with what of *before* it has no place for."""
    said, was = draft_of(form), written_before(before)
    (first,) = said.affected
    old = before.affected[0]
    bounded = first.fixed is not None
    first = replace(
        first,
        ecosystem=old.ecosystem,
        versions=old.versions,
        last_affected=None if bounded else old.last_affected,
    )
    remediations = [
        replace(old, details=new.details)
        for new, old in zip(said.remediations, before.remediations, strict=False)
    ]
    same = form.reference.strip() == was.reference
    return replace(
        said,
        affected=(first, *before.affected[1:]),
        aliases=(*said.aliases, *(n for n in before.aliases if n != was.cve)),
        severities=(*said.severities, *before.severities[1:]),
        remediations=(
            *(remediations or said.remediations),
            *before.remediations[1:],
        ),
        references=(
            *(before.references[:1] if same else said.references),
            *before.references[1:],
        ),
        credits=(*said.credits, *before.credits[1:]),
    )


def beyond_the_form(content: Advisory) -> list[str]:
    """Say what of an advisory the form has no place for, and so leaves as it is."""
    first = content.affected[0]
    cves = [name for name in content.aliases if name.startswith("CVE-")]
    found = {
        "further products": len(content.affected) - 1,
        "single versions of the first product": len(first.versions),
        "the last affected version": int(first.last_affected is not None),
        "further names": len(content.aliases) - len(cves[:1]),
        "further CVSS vectors": len(content.severities) - 1,
        "further remedies": len(content.remediations) - 1,
        "further references": len(content.references) - 1,
        "further credits": len(content.credits) - 1,
    }
    return [name for name, count in found.items() if count > 0]


def draft_of(form: DraftForm) -> Draft:
    """Return what the form says; whether it is enough is for the formats to judge."""
    given = {name: getattr(form, name).strip() for name in DraftForm.__struct_fields__}
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
