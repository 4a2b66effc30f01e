"""Documents as feeds have them, small and made up."""

from __future__ import annotations

import json

AT = "2026-07-01T10:00:00Z"


def osv(number, *, name="example", modified=AT, **more):
    return {
        "id": f"PYSEC-2026-{number}",
        "modified": modified,
        "summary": f"Number {number} overflows a buffer",
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": name},
                "ranges": [
                    {
                        "type": "ECOSYSTEM",
                        "events": [{"introduced": "1.0"}, {"fixed": f"2.{number}"}],
                    }
                ],
            }
        ],
        **more,
    }


def cve(number, *, state="PUBLISHED", score=9.8, versions=None, **affected):
    name = f"CVE-2026-{number:04}"
    org = "00000000-0000-4000-9000-000000000000"
    metadata = {
        "cveId": name,
        "assignerOrgId": org,
        "state": state,
        "dateUpdated": AT,
    }
    provider = {"orgId": org, "shortName": "example"}
    if state == "REJECTED":
        cna = {
            "providerMetadata": provider,
            "rejectedReasons": [{"lang": "en", "value": "Not a vulnerability"}],
        }
    else:
        versions = versions or [
            {
                "version": "1.0",
                "status": "affected",
                "lessThan": "2.0",
                "versionType": "semver",
            }
        ]
        cna = {
            "providerMetadata": provider,
            "descriptions": [{"lang": "en", "value": f"Number {number} is bad"}],
            "affected": [
                {
                    "vendor": "Example",
                    "product": "Server",
                    "versions": versions,
                    **affected,
                }
            ],
            "references": [{"url": "https://example.com/1"}],
            "metrics": [
                {
                    "cvssV3_1": {
                        "version": "3.1",
                        "baseScore": score,
                        "baseSeverity": "CRITICAL",
                        "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
                    }
                }
            ],
        }
    return {
        "dataType": "CVE_RECORD",
        "dataVersion": "5.1",
        "cveMetadata": metadata,
        "containers": {"cna": cna},
    }


def kev(*numbers):
    return {
        "catalogVersion": "2026.08.01",
        "vulnerabilities": [
            {
                "cveID": f"CVE-2026-{number:04}",
                "vendorProject": "Example",
                "product": "Server",
                "vulnerabilityName": "Example Server Overflow",
                "dateAdded": "2026-07-02",
                "shortDescription": "It overflows.",
                "requiredAction": "Apply the fix.",
                "dueDate": "2026-07-23",
                "knownRansomwareCampaignUse": "Known",
            }
            for number in numbers
        ],
    }


def csaf(name, helper=None):
    product = {
        "name": "PLC <4.2",
        "product_id": "P1",
        "product_identification_helper": helper or {"purl": "pkg:generic/plc"},
    }
    branch = {"category": "product_version_range", "name": "<4.2", "product": product}
    for category, above in (("product_name", "PLC"), ("vendor", "Example")):
        branch = {"category": category, "name": above, "branches": [branch]}
    return {
        "document": {
            "category": "csaf_base",
            "csaf_version": "2.0",
            "title": "PLC",
            "publisher": {
                "category": "vendor",
                "name": "Example",
                "namespace": "https://example.com",
            },
            "tracking": {
                "id": name,
                "current_release_date": AT,
                "initial_release_date": AT,
                "status": "final",
                "version": "1",
                "revision_history": [{"date": AT, "number": "1", "summary": "x"}],
            },
        },
        "product_tree": {"branches": [branch]},
        "vulnerabilities": [
            {"cve": "CVE-2026-0001", "product_status": {"known_affected": ["P1"]}}
        ],
    }


def epss(*rows, day="2026-07-03"):
    head = f"#model_version:v2026.03.14,score_date:{day}T00:00:00+0000\ncve,epss,percentile\n"
    return head + "".join(f"{cve},{one},{two}\n" for cve, one, two in rows)


def write(path, *documents):
    path.write_text("".join(json.dumps(d) + "\n" for d in documents))
    return path
