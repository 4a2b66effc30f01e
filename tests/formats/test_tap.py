"""TAP Intake API reports: each rule, both ways, to the byte."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.base.ids import Receipt
from fairlead.clearinghouse.intake import finding_of
from fairlead.errors import Invalid, Malformed, TooLarge
from fairlead.formats import tap, tap_attachments

GOOD = {"purl": "pkg:pypi/example@1.0"}
FILE = {"filename": "a.txt", "content_type": "text/plain", "data": "x"}


def encoded(**fields):
    return json.dumps({**GOOD, **fields}, ensure_ascii=False).encode()


def accepted(**fields):
    return tap.decode(encoded(**fields))


def violations(**fields):
    with pytest.raises(Invalid) as refused:
        tap.decode(encoded(**fields))
    return {(v.code, v.field) for v in refused.value.violations}


def attached(**fields):
    return {"attachments": [{**FILE, **fields}]}


def nested(levels):
    value = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


# --- Every code: the report that has it, and a near one that does not ------------------------


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            {"purl": None},
            {("missing_field", "ecosystem"), ("missing_field", "software")},
        ),
        ({"purl": None, "software": "x"}, {("missing_field", "ecosystem")}),
        ({"software": "x" * 257}, {("field_too_large", "software")}),
        ({"software": "é" * 129}, {("field_too_large", "software")}),
        (
            {"ecosystem": "PyPI" + "x" * 125},
            {("field_too_large", "ecosystem"), ("unknown_ecosystem", "ecosystem")},
        ),
        ({"code_path": "x" * 1025}, {("field_too_large", "code_path")}),
        ({"discovery_method": "x" * 33}, {("field_too_large", "discovery_method")}),
        ({"discovery_tooling": "x" * 129}, {("field_too_large", "discovery_tooling")}),
        ({"versions": ["1"] * 65}, {("too_many_items", "versions")}),
        ({"versions": ["1"] * 64}, {("too_many_items", "versions")}),
        ({"software": ""}, {("degenerate_value", "software")}),
        (
            {"purl": "pkg:pypi/example@" + "1" * 65},
            {("field_too_large", "purl")},
        ),
        ({"versions": ["1" * 65]}, {("field_too_large", "versions[0]")}),
        ({"references": ["https://a.b"] * 17}, {("too_many_items", "references")}),
        (
            {"upstream_ids": ["CVE-2026-1234"] * 17},
            {("too_many_items", "upstream_ids")},
        ),
        ({"software": "a\nb"}, {("control_characters", "software")}),
        ({"versions": ["1\t2"]}, {("control_characters", "versions[0]")}),
        ({"software": "   "}, {("degenerate_value", "software")}),
        ({"versions": [""]}, {("degenerate_value", "versions[0]")}),
        ({"ecosystem": "Nowhere"}, {("unknown_ecosystem", "ecosystem")}),
        ({"purl": "example"}, {("invalid_purl", "purl")}),
        ({"purl": "pkg:nothing/example"}, {("invalid_purl", "purl")}),
        ({"ecosystem": "npm"}, {("purl_ecosystem_mismatch", "purl")}),
        ({"references": ["ftp://a.b"]}, {("invalid_reference", "references[0]")}),
        ({"references": ["https://"]}, {("invalid_reference", "references[0]")}),
        ({"fixed_commit": "abc12"}, {("invalid_commit", "fixed_commit")}),
        ({"introduced_commit": "g" * 8}, {("invalid_commit", "introduced_commit")}),
        ({"upstream_ids": ["CVE-26-1"]}, {("invalid_upstream_id", "upstream_ids[0]")}),
        (
            {"affected_symbol": {"line": -1}},
            {("invalid_symbol_line", "affected_symbol.line")},
        ),
        (
            {"affected_symbol": {"file": "x" * 513, "function": "y" * 257}},
            {
                ("field_too_large", "affected_symbol.file"),
                ("field_too_large", "affected_symbol.function"),
            },
        ),
        ({"email": "a@b.c", "notify": "daily"}, {("invalid_notify", "notify")}),
        ({"notify": "all"}, {("missing_field", "email")}),
        ({"email": "nobody"}, {("invalid_email", "email")}),
        ({"package_repo_url": "git@a:b"}, {("invalid_repo_url", "package_repo_url")}),
        (
            attached(content_type="text/plain; charset=utf-8"),
            {("invalid_content_type", "attachments[0].content_type")},
        ),
        (attached(data=""), {("missing_field", "attachments[0].data")}),
        (attached(filename=""), {("missing_field", "attachments[0].filename")}),
        (attached(filename="../x"), {("invalid_filename", "attachments[0].filename")}),
        (attached(filename=".."), {("invalid_filename", "attachments[0].filename")}),
        (
            attached(filename="a\u202eb"),
            {("invalid_filename", "attachments[0].filename")},
        ),
        (
            attached(filename="x" * 256),
            {("field_too_large", "attachments[0].filename")},
        ),
        (
            attached(description="a\u200bb"),
            {("control_characters", "attachments[0].description")},
        ),
        (attached(type="virus"), {("invalid_attachment_type", "attachments[0].type")}),
        (
            attached(content_type="application/zip", data="not base64!"),
            {("invalid_base64", "attachments[0].data")},
        ),
        (
            attached(content_type="application/zip", data="\n"),
            {("invalid_base64", "attachments[0].data")},
        ),
        (
            {"attachments": [{**FILE, "filename": f"{i}.txt"} for i in range(17)]},
            {("too_many_items", "attachments")},
        ),
        ({"exploit": "x"}, {("missing_field", "exploit_content_type")}),
        ({"raw_content_type": "text/plain"}, {("missing_field", "raw")}),
        ({"enrichment": {"a": "\u0007"}}, {("control_characters", "enrichment")}),
        ({"enrichment": {"a": "x" * 65536}}, {("field_too_large", "enrichment")}),
        ({"enrichment": nested(9)}, {("structure_too_deep", "enrichment")}),
    ],
)
def test_a_rule_that_is_broken_is_named_with_its_field(fields, expected):
    assert violations(**fields) == expected


@pytest.mark.parametrize(
    "fields",
    [
        {"purl": None, "ecosystem": "PyPI", "software": "x" * 256},
        {"purl": None, "ecosystem": "Debian:12", "software": "openssl"},
        {"ecosystem": "PyPI"},
        {"ecosystem": "Linux"},
        {"software": "é" * 128},
        {"code_path": "x" * 1024},
        {"purl": "pkg:pypi/example", "versions": ["1" * 64] * 64},
        {"versions": ["1.0"] + ["1" * 64] * 63},
        {"references": ["https://a.b/" + "x" * 500] * 16},
        {"upstream_ids": ["CVE-2026-12345", "GHSA-aaaa-bbbb-cccc", "PYSEC-2021-137"]},
        {"fixed_commit": "abcdef0", "introduced_commit": "a" * 64},
        {"affected_symbol": {"file": "x" * 512, "function": "y" * 256, "line": 0}},
        {"email": "a@b.example", "notify": "all"},
        {"notify": "off"},
        {"package_repo_url": "https://a.example/b"},
        attached(content_type="TEXT/Markdown"),
        attached(filename="x" * 255),
        attached(data="any\ncontrol \u0007 characters"),
        attached(
            content_type="application/zip", data=base64.encodebytes(b"z" * 99).decode()
        ),
        {"attachments": [{**FILE, "filename": f"{i}.txt"} for i in range(16)]},
        {"enrichment": {"a": "x" * 65000}},
        {"enrichment": nested(8)},
        {"exploit": "x", "exploit_content_type": "text/plain"},
    ],
)
def test_what_keeps_to_the_rules_is_accepted(fields):
    assert accepted(**fields)


def test_every_violation_is_named_not_only_the_first():
    assert len(violations(software="a\nb", references=["x"], fixed_commit="?")) == 3


@pytest.mark.parametrize("other", ["POC.TXT", "poc.txt", "ｐｏｃ", "poc"])
def test_attachments_that_download_under_one_name_are_refused(other):
    files = [{**FILE, "filename": "poc"}, {**FILE, "filename": other}]
    with pytest.raises(Invalid) as refused:
        accepted(attachments=files)
    (violation,) = refused.value.violations
    assert violation.code == "invalid_filename"
    assert violation.also_field == "attachments[0].filename"


def test_a_name_that_a_deprecated_payload_takes_is_refused():
    with pytest.raises(Invalid) as refused:
        accepted(
            exploit="x",
            exploit_content_type="text/plain",
            **attached(filename="exploit.txt"),
        )
    assert refused.value.violations[0].also_field == "exploit"


def test_payloads_may_have_a_mebibyte_and_not_a_byte_more():
    assert accepted(**attached(data="x" * 1024 * 1024))
    assert violations(**attached(data="x" * (1024 * 1024 + 1))) == {
        ("field_too_large", "attachments[0].data")
    }


def test_a_report_may_have_three_mebibytes_and_not_a_byte_more():
    report = encoded()
    padded = report + b" " * (3 * 1024 * 1024 - len(report))
    assert tap.decode(padded)
    with pytest.raises(TooLarge):
        tap.decode(padded + b" ")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"[]", "object"),
        (b'{"purl":"pkg:pypi/a","colour":"red"}', "unknown field colour"),
        (b'{"affected_symbol":{"column":1}}', "unknown field affected_symbol.column"),
        (b'{"attachments":[{"size":1}]}', r"unknown field attachments\[0\]\.size"),
        (b'{"purl":1}', "purl: Expected"),
        (b'{"versions":"1.0"}', "versions: Expected"),
    ],
)
def test_what_is_no_report_is_malformed_and_says_where(document, said):
    with pytest.raises(Malformed, match=said):
        tap.decode(document)


def test_deprecated_payloads_are_accepted_with_a_warning():
    report = accepted(raw="x", raw_content_type="text/plain")
    (warning,) = tap.warnings_of(report)
    assert (warning.code, warning.field) == ("deprecated_field", "raw")
    assert finding_of(Receipt("SUB-x"), report).text == "x"


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(
    st.dictionaries(
        st.sampled_from(tap.TapReport.__struct_fields__) | st.text(max_size=4),
        json_like,
    )
)
def test_whatever_is_sent_is_taken_or_refused_and_what_is_taken_is_a_finding(report):
    try:
        taken = tap.decode(json.dumps(report).encode())
    except Invalid as error:
        assert str(error)
    else:
        assert finding_of(Receipt("SUB-x"), taken)


@given(st.data())
def test_a_report_with_one_field_replaced_is_taken_or_refused(data):
    report = {
        **GOOD,
        "affected_symbol": {"file": "a.c", "line": 3},
        "attachments": [dict(FILE)],
        "enrichment": {"cwe": "CWE-79"},
    }
    where = data.draw(
        st.sampled_from(
            [
                report,
                report["affected_symbol"],
                report["attachments"][0],
                report["enrichment"],
            ]
        )
    )
    where[data.draw(st.sampled_from(sorted(where)))] = data.draw(json_like)
    try:
        finding_of(Receipt("SUB-x"), tap.decode(json.dumps(report).encode()))
    except Invalid as error:
        assert str(error)


# --- What a sentence of the specification says, and no other test shows -----------------------


def test_a_purl_is_kept_in_canonical_form_and_adds_its_version():
    report = accepted(purl="pkg:PyPI/Ex_ample@1.0%2Bb", versions=["0.9"])
    finding = finding_of(Receipt("SUB-x"), report)
    assert finding.purl == "pkg:pypi/ex-ample@1.0%2Bb"
    assert finding.versions == ("0.9", "1.0+b")
    again = finding_of(Receipt("SUB-x"), accepted(versions=["1.0", "0.9"]))
    assert again.versions == ("1.0", "0.9")


def test_deprecated_payloads_are_filed_after_the_attachments_and_count_as_such():
    both = {
        "exploit": "e",
        "exploit_content_type": "text/plain",
        "raw": "r",
        "raw_content_type": "text/plain",
    }
    finding = finding_of(Receipt("SUB-x"), accepted(**both, **attached()))
    assert [(a.filename, a.kind.value) for a in finding.attachments] == [
        ("a.txt", "other"),
        ("exploit", "exploit-proof-of-concept"),
        ("raw", "other"),
    ]
    files = [{**FILE, "filename": f"{i}.txt"} for i in range(15)]
    assert violations(**both, attachments=files) == {("too_many_items", "attachments")}


@pytest.mark.parametrize("kind", list(tap_attachments.EXTENSIONS))
def test_each_content_type_has_its_extension(kind):
    extension = tap_attachments.EXTENSIONS[kind]
    data = "x" if kind in tap_attachments.TEXT else "eA=="
    (bare,) = accepted(
        **attached(content_type=kind, data=data, filename="a")
    ).attachments
    assert tap_attachments.download_name(bare) == f"a{extension}"
    named = f"a{extension.upper()}"
    (full,) = accepted(
        **attached(content_type=kind.upper(), data=data, filename=named)
    ).attachments
    assert tap_attachments.download_name(full) == named


def test_of_an_assessment_only_the_bounds_are_checked():
    odd = {"cvss_vector": 3, "cwe": "no", "epss": "much", "unknown": [{"a": None}]}
    assert accepted(enrichment=odd).enrichment == odd


@pytest.mark.parametrize(
    ("fields", "also"),
    [
        ({"ecosystem": "npm"}, "ecosystem"),
        ({"purl": None, "software": "x"}, "purl"),
        ({"notify": "all"}, "notify"),
        ({"exploit": "x"}, "exploit"),
    ],
)
def test_a_violation_of_two_fields_names_both(fields, also):
    with pytest.raises(Invalid) as refused:
        tap.decode(encoded(**fields))
    assert {v.also_field for v in refused.value.violations} == {also}


@pytest.mark.parametrize(
    "ecosystem", ["Linux", "OSS-Fuzz", "Android", "GitHub Actions", "Hardware"]
)
def test_an_ecosystem_without_a_purl_type_goes_with_any_purl(ecosystem):
    assert accepted(ecosystem=ecosystem)


@pytest.mark.parametrize("prefix", ["OSV", "GO", "RUSTSEC", "PYSEC"])
def test_identifiers_of_every_kind_are_taken(prefix):
    assert accepted(upstream_ids=[f"{prefix}-2026-1"])
    assert violations(upstream_ids=[f"X{prefix}-1"]) == {
        ("invalid_upstream_id", "upstream_ids[0]")
    }


@pytest.mark.parametrize("notify", ["off", "final", "milestones", "all"])
def test_notices_of_every_kind_are_taken_with_an_address(notify):
    assert accepted(email="a@b.example", notify=notify).notify == notify


@pytest.mark.parametrize("kind", sorted(tap_attachments.KINDS))
def test_attachments_of_every_kind_are_taken(kind):
    assert accepted(**attached(type=kind)).attachments[0].type == kind
    assert accepted(**attached()).attachments[0].type == "other"


def test_a_line_break_in_base64_is_skipped_and_counts():
    wrapped = {"content_type": "application/zip", "data": "UE\nsD\r\nBA=="}
    assert accepted(**attached(**wrapped))
    most = tap_attachments.DATA
    full = "QUJD" * (most // 4)
    assert accepted(**attached(content_type="application/zip", data=full))
    assert violations(**attached(content_type="application/zip", data=full + "\n")) == {
        ("field_too_large", "attachments[0].data")
    }
