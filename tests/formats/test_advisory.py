"""Advisories: one content, documents that other people's checkers accept."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from itertools import chain

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.base.markings import Label
from fairlead.errors import Invalid
from fairlead.formats import csaf, osv
from fairlead.formats.advisory import (
    Advisory,
    Affected,
    Credit,
    Publisher,
    Reference,
    ReferenceCategory,
    Remediation,
    RemedyCategory,
    Revision,
    Weakness,
)

NOW = datetime(2026, 8, 18, 14, 3, 21, tzinfo=UTC)
ADVISORY = Advisory(
    id="FL-k7f3m9xqpa",
    title="Overflow in example",
    summary="It overflows.",
    description="A long name overflows a buffer.",
    published=NOW,
    revised=NOW,
    revisions=(Revision(number=1, at=NOW, summary="First version."),),
    marking=Label.CLEAR,
    publisher=Publisher(
        name="Test", namespace="https://test.example", category="coordinator"
    ),
    affected=(
        Affected(
            vendor="Example", product="example", purl="pkg:pypi/example", fixed="2.0"
        ),
    ),
    aliases=("CVE-2026-12345", "PYSEC-2026-1"),
    cwe=Weakness(id="CWE-787", name="Out-of-bounds Write"),
    severities=(
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
    ),
    remediations=(
        Remediation(category=RemedyCategory.VENDOR_FIX, details="Update to 2.0."),
    ),
    references=(
        Reference(
            url="https://example.org/x", summary="Fix", category=ReferenceCategory.FIX
        ),
    ),
    credits=(Credit(name="M. Okafor"),),
)


def changed(**fields):
    return msgspec.structs.replace(ADVISORY, **fields)


prose = st.text(
    st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), min_size=1
)
said = prose.filter(str.strip)
versions = st.from_regex(r"[1-9]\.[0-9]{1,2}", fullmatch=True)
affected = st.builds(
    Affected,
    vendor=said,
    product=said,
    purl=st.sampled_from([None, "pkg:pypi/a", "pkg:maven/g/a", "pkg:generic/a"]),
    introduced=st.sampled_from(["0", "0.5"]),
    fixed=st.none() | versions,
    versions=st.lists(versions, max_size=2, unique=True).map(tuple),
)
advisories = st.builds(
    changed,
    title=said,
    summary=said,
    description=said,
    affected=st.lists(affected, min_size=1, max_size=3).map(tuple),
    aliases=st.sampled_from(
        [(), ("CVE-2026-12345",), ("CVE-2026-1234", "CVE-2026-1235")]
    ),
    credits=st.lists(st.builds(Credit, name=said), max_size=2).map(tuple),
    severities=st.sampled_from([(), ADVISORY.severities]),
    cwe=st.sampled_from([None, ADVISORY.cwe]),
)


def csaf_verdict(tmp_path, documents):
    """Return what an independent checker of all mandatory tests says."""
    paths = []
    for number, document in enumerate(documents):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = folder / csaf.csaf_file_name(ADVISORY.id)
        path.write_bytes(document)
        paths.append(str(path))
    command = [sys.executable, "-m", "csaf", "validate", "--spec-version", "v20"]
    return subprocess.run(
        [*command, "--no-network", *paths],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )


def test_an_independent_checker_accepts_csaf(tmp_path):
    documents = [
        csaf.csaf_document(advisory)
        for advisory in (
            ADVISORY,
            changed(
                affected=(Affected(vendor="A", product="b"),), aliases=(), cwe=None
            ),
            changed(
                affected=(
                    Affected(vendor="A", product="b", introduced="1.0", fixed="1.2"),
                    Affected(vendor="A", product="c", versions=("1", "2")),
                    Affected(
                        vendor="B", product="b", last_affected="7", versions=("1",)
                    ),
                ),
                severities=(),
                remediations=(),
                references=(),
                credits=(),
            ),
        )
    ]
    verdict = csaf_verdict(tmp_path, documents)
    assert verdict.returncode == 0, verdict.stdout + verdict.stderr
    assert "FAIL" not in verdict.stdout


def test_csaf_says_what_the_advisory_says():
    document = json.loads(csaf.csaf_document(ADVISORY))
    (found,) = document["vulnerabilities"]
    assert document["document"]["tracking"]["id"] == ADVISORY.id
    assert found["cve"] == "CVE-2026-12345"
    assert found["scores"][0]["cvss_v3"]["baseScore"] == 9.8
    assert found["acknowledgments"] == [{"names": ["M. Okafor"]}]
    branch = document["product_tree"]["branches"][0]["branches"][0]["branches"]
    assert [b["name"] for b in branch] == ["vers:pypi/<2.0", "2.0"]


@settings(max_examples=60)
@given(advisories)
def test_every_advisory_makes_documents_or_names_what_is_wrong(advisory):
    document = json.loads(csaf.csaf_document(advisory))
    record = json.loads(osv.osv_document(advisory))
    tree = document["product_tree"]["branches"]
    named = [
        version["product"]["product_id"]
        for vendor in tree
        for product in vendor["branches"]
        for version in product["branches"]
    ]
    assert len(named) == len(set(named))
    status = document["vulnerabilities"][0]["product_status"]
    assert sorted(named) == sorted(chain.from_iterable(status.values()))
    assert record["summary"] == advisory.summary


@pytest.mark.conformance
@settings(max_examples=60)
@given(advisory=advisories)
def test_the_osv_schema_accepts_every_record(data_folder, advisory):
    schema = json.loads((data_folder / "suites/osv/schema.json").read_text())
    record = json.loads(osv.osv_document(advisory))
    assert not list(jsonschema_rs.validator_for(schema).iter_errors(record))


def test_what_a_format_cannot_carry_is_listed():
    assert [text.split(":")[0] for text in csaf.not_carried(ADVISORY)] == ["severities"]
    assert [text.split(":")[0] for text in osv.not_carried(ADVISORY)] == [
        "remediations"
    ]
    generic = changed(affected=(Affected(vendor="A", product="b"),))
    assert any("affected: A b" in text for text in osv.not_carried(generic))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"title": " "}, "title"),
        ({"affected": ()}, "affected"),
        ({"affected": (Affected(vendor="", product="x"),)}, "affected[0].vendor"),
        (
            {
                "affected": (
                    Affected(vendor="a", product="b", fixed="2", last_affected="1"),
                )
            },
            "affected[0].fixed",
        ),
        ({"severities": ("CVSS:3.1/AV:X",)}, "severities[0]"),
        ({"cwe": Weakness(id="787", name="x")}, "cwe.id"),
        (
            {"references": (Reference(url="javascript:x", summary="x"),)},
            "references[0].url",
        ),
        (
            {"affected": (Affected(vendor="a", product="b", purl="nonsense"),)},
            "affected[0].purl",
        ),
    ],
)
def test_what_is_lacking_or_wrong_is_named(fields, expected):
    with pytest.raises(Invalid) as refused:
        csaf.csaf_document(changed(**fields))
    assert expected in {v.field for v in refused.value.violations}


def test_the_file_name_follows_the_standard():
    assert csaf.csaf_file_name("Example Company - 2019-YH3234") == (
        "example_company_-_2019-yh3234.json"
    )
