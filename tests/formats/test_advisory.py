"""Advisories: one content, documents that other people's checkers accept."""

import json
import subprocess
import sys
import tarfile
from datetime import UTC, datetime
from itertools import chain

import jsonschema_rs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.base.markings import Label
from fairlead.errors import Invalid
from fairlead.formats import csaf, cve, openvex, osv, reading
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
    def lost(texts):
        return {text.split(":")[0] for text in texts}

    assert lost(csaf.not_carried(ADVISORY)) == {"severities", "references[0].category"}
    later = csaf.not_carried(ADVISORY, csaf.Version.V2_1)
    assert lost(later) == {"references[0].category"}
    assert {"remediations", "affected[0].vendor"} <= lost(osv.not_carried(ADVISORY))
    assert {"summary", "aliases", "marking"} <= lost(cve.not_carried(ADVISORY))
    assert {"severities", "credits"} <= lost(openvex.not_carried(ADVISORY))
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


ASSIGNER = cve.Assigner(org_id="b7d1c5a0-1111-4222-8333-444455556666")


def spans(advisory):
    """Return what is affected, whatever the entries it is spread over."""
    return {
        (a.product, a.introduced, a.fixed, a.last_affected)
        for a in advisory.affected
        if a.has_range
    }, {(a.product, version) for a in advisory.affected for version in a.versions}


def read(document):
    (found,) = reading.read(document, ADVISORY.publisher)
    return found.advisory


@settings(max_examples=60)
@given(advisories, st.sampled_from(csaf.Version))
def test_what_csaf_carries_comes_back(advisory, version):
    back = read(csaf.csaf_document(advisory, version))
    for name in ("id", "title", "summary", "description", "published", "revisions"):
        assert getattr(back, name) == getattr(advisory, name)
    for name in ("publisher", "aliases", "cwe", "credits", "remediations", "marking"):
        assert getattr(back, name) == getattr(advisory, name)
    assert spans(back) == spans(advisory)
    assert {a.vendor for a in back.affected} == {a.vendor for a in advisory.affected}
    assert {a.purl for a in back.affected} == {a.purl for a in advisory.affected}
    lost = " ".join(csaf.not_carried(advisory, version))
    assert back.severities == tuple(v for v in advisory.severities if v not in lost)
    assert [r.url for r in back.references] == [r.url for r in advisory.references]


@settings(max_examples=60)
@given(advisories)
def test_what_osv_carries_comes_back(advisory):
    back = read(osv.osv_document(advisory))
    for name in ("id", "summary", "published", "revised", "aliases", "severities"):
        assert getattr(back, name) == getattr(advisory, name)
    assert back.description == advisory.description
    assert back.credits == advisory.credits
    assert back.cwe == advisory.cwe
    kinds = [(r.url, r.category) for r in advisory.references]
    assert [(r.url, r.category) for r in back.references] == kinds
    packages = [a for a in advisory.affected if a.purl and "generic" not in a.purl]
    assert len({a.purl for a in back.affected}) == len({a.purl for a in packages})
    expected = [(a.introduced, a.fixed, a.versions) for a in packages]
    assert [(a.introduced, a.fixed, a.versions) for a in back.affected] == expected


@settings(max_examples=60)
@given(advisories.filter(lambda advisory: advisory.aliases))
def test_what_a_cve_record_carries_comes_back(advisory):
    back = read(cve.cve_record(advisory, ASSIGNER))
    assert back.id == cve.cve_of(advisory)
    assert (back.title, back.description) == (advisory.title, advisory.description)
    assert (back.severities, back.cwe) == (advisory.severities, advisory.cwe)
    assert spans(back) == spans(advisory)
    assert set(back.credits) == set(advisory.credits)
    assert [r.url for r in back.references] == [r.url for r in advisory.references]


def vex(*statements, **more):
    return json.dumps(
        {
            "@context": "https://openvex.dev/ns/v0.2.0",
            "@id": "https://example.org/vex/1",
            "author": "Wolfi J Inkinson",
            "timestamp": "2023-01-08T18:02:03.647787998-06:00",
            "version": 1,
            "statements": [
                {
                    "vulnerability": {"name": name},
                    "products": [{"@id": product} for product in products],
                    "status": status,
                    **rest,
                }
                for name, status, products, rest in statements
            ],
            **more,
        }
    ).encode()


def test_openvex_of_others_is_read_and_what_has_no_place_is_listed():
    """One advisory a vulnerability; nothing is guessed of versions that are not said."""
    document = vex(
        ("CVE-2023-1", "affected", ["pkg:apk/wolfi/git@2.39.0-r1"], {}),
        ("CVE-2023-2", "affected", ["pkg:npm/a", "urn:b"], {"action_statement": "Do."}),
        ("CVE-2023-2", "fixed", ["pkg:npm/a@2.0.0", "pkg:npm/c@1"], {}),
        ("CVE-2023-2", "under_investigation", ["pkg:npm/d@1"], {}),
        (
            "CVE-2023-3",
            "not_affected",
            ["pkg:npm/e@1"],
            {"justification": "component_not_present"},
        ),
    )
    one, two = reading.read(document, ADVISORY.publisher)
    assert one.advisory.aliases == ("CVE-2023-1",)
    (git,) = one.advisory.affected
    assert (git.purl, git.versions, git.has_range) == (
        "pkg:apk/wolfi/git",
        ("2.39.0-r1",),
        False,
    )
    assert any("not_affected: pkg:npm/e@1" in line for line in one.lost)
    (a,) = two.advisory.affected
    assert (a.purl, a.introduced, a.fixed) == ("pkg:npm/a", "0", "2.0.0")
    assert [r.details for r in two.advisory.remediations] == ["Do."]
    lost = "; ".join(two.lost)
    for said in ("urn:b has no package URL", "fixed: pkg:npm/c@1", "pkg:npm/d@1"):
        assert said in lost
    osv.osv_document(two.advisory)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (vex(("CVE-1", "affected", ["urn:b"], {})), "no product"),
        (vex(("CVE-1", "not_affected", ["pkg:npm/a"], {})), "no product"),
        (vex(("CVE-1", "perhaps", ["pkg:npm/a"], {})), "one of affected"),
        (vex(("", "affected", ["pkg:npm/a"], {})), "must be there"),
        (vex(**{"@context": "https://openvex.dev/ns/v0.0.1"}), "0.2.0"),
        (vex(timestamp="yesterday"), "no product"),
        (vex(("CVE-1", "affected", ["pkg:npm/a"], {}), timestamp="now"), "instant"),
        (vex(version="one"), "no OpenVEX"),
        (b'{"@context": "https://openvex.dev/ns/v0.2.0"}', "no OpenVEX"),
    ],
)
def test_openvex_that_cannot_be_understood_is_refused_with_the_reason(document, said):
    with pytest.raises(Invalid, match=said):
        reading.read(document, ADVISORY.publisher)


@settings(max_examples=60)
@given(advisories)
def test_what_openvex_carries_comes_back(advisory):
    """Which packages and single versions are affected; ranges are told in words only."""
    content = openvex.openvex_document(advisory, "https://example.org/1")
    back = read(content)
    assert back.published == advisory.published
    packages = {a.purl for a in advisory.affected if a.purl}
    assert packages <= {a.purl for a in back.affected}
    single = {(a.purl, v) for a in advisory.affected if a.purl for v in a.versions}
    assert single <= {(a.purl, v) for a in back.affected for v in a.versions}


def test_openvex_says_what_is_affected_and_what_is_fixed():
    document = json.loads(openvex.openvex_document(ADVISORY, "https://test.example/x"))
    affected, fixed = document["statements"]
    assert affected["status"] == "affected"
    assert affected["products"] == [{"@id": "pkg:pypi/example"}]
    assert affected["action_statement"] == "Update to 2.0."
    assert "vers:pypi/<2.0" in affected["status_notes"]
    assert fixed["products"] == [{"@id": "pkg:pypi/example@2.0"}]
    assert fixed["vulnerability"]["name"] == "CVE-2026-12345"


WITHDRAWN = changed(
    withdrawn=NOW,
    withdrawal="It was no bug.",
    revisions=(*ADVISORY.revisions, Revision(number=2, at=NOW, summary="Withdrawn.")),
)


def test_a_withdrawal_is_told_in_every_format_that_can():
    old = json.loads(csaf.csaf_document(WITHDRAWN))
    assert "product_tree" not in old
    assert old["document"]["notes"][1]["title"] == "Reasoning for Withdrawal"
    new = json.loads(csaf.csaf_document(WITHDRAWN, csaf.Version.V2_1))
    assert new["document"]["category"] == "csaf_withdrawn"
    assert read(csaf.csaf_document(WITHDRAWN)).withdrawal == "It was no bug."
    assert (
        json.loads(osv.osv_document(WITHDRAWN))["withdrawn"] == "2026-08-18T14:03:21Z"
    )
    record = json.loads(cve.cve_record(WITHDRAWN, ASSIGNER))
    assert record["cveMetadata"]["state"] == "REJECTED"
    with pytest.raises(Invalid) as refused:
        openvex.openvex_document(WITHDRAWN, "https://test.example/x")
    assert "withdrawn" in {v.field for v in refused.value.violations}


def test_a_cve_record_is_refused_with_every_reason():
    with pytest.raises(Invalid) as refused:
        cve.cve_record(changed(aliases=(), references=(), title=""), ASSIGNER)
    fields = {v.field for v in refused.value.violations}
    assert fields == {"aliases", "references", "title"}


@pytest.mark.conformance
def test_records_of_others_are_converted_or_refused_with_reasons(data_folder):
    """Of real CSAF documents, nothing is lost in silence and nothing crashes."""
    told = 0
    with tarfile.open(data_folder / "feeds/cisa-csaf.tar.xz") as archive:
        members = [m for m in archive if m.name.endswith(".json")][::40]
        for member in members:
            document = archive.extractfile(member).read()
            try:
                found = reading.read(document, ADVISORY.publisher)
            except Invalid as error:
                assert error.violations or "neither" in str(error)
                continue
            for one in found:
                try:
                    osv.osv_document(one.advisory)
                except Invalid as error:
                    assert error.violations
                told += len(one.lost)
    assert told
