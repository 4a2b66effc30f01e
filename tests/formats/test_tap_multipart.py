"""TAP reports as multipart/mixed: each rule, both ways."""

import base64
import json

import pytest

from fairlead.errors import BadEnvelope, Invalid, Malformed, TooLarge
from fairlead.formats import tap, tap_multipart

GOOD = {"purl": "pkg:pypi/example@1.0"}
MIB = 1024 * 1024


def part(name, content=b"x", disposition=None, **headers):
    given = {
        "Content-Disposition": disposition or f'attachment; name="{name}"',
        **{key.replace("_", "-"): value for key, value in headers.items()},
    }
    lines = [f"{k}: {v}\r\n" for k, v in given.items() if v is not None]
    return "".join(lines).encode() + b"\r\n" + content


def report(fields=GOOD, **headers):
    given = {"Content_Type": "application/json", **headers}
    return part("report", json.dumps(fields).encode(), **given)


def attachment(content=b"x", filename="a.txt", kind="text/plain", **headers):
    named = f'attachment; name=attachment; filename="{filename}"'
    return part("attachment", content, disposition=named, Content_Type=kind, **headers)


def body(*parts):
    return b"".join(b"--X\r\n" + p + b"\r\n" for p in parts) + b"--X--\r\n"


def decode(*parts):
    return tap.decode(tap_multipart.entity("X", body(*parts)))


def violations(*parts):
    with pytest.raises(Invalid) as refused:
        decode(*parts)
    return [(v.code, v.field) for v in refused.value.violations]


def refused(*parts):
    with pytest.raises(BadEnvelope) as error:
        decode(*parts)
    assert not error.value.violations
    return str(error.value)


def test_files_come_as_they_are_and_parts_in_any_order():
    zipped = bytes(range(256))
    read = decode(
        attachment(
            zipped,
            "poc.zip",
            "application/zip",
            Content_Description="the proof",
            Content_Akrites_Type="reproducer",
        ),
        report(),
        attachment("é".encode(), "é.md", "text/markdown; charset=UTF-8"),
    )
    first, second = read.attachments
    assert base64.b64decode(first.data) == zipped
    assert first.filename == "poc.zip"
    assert first.description == "the proof"
    assert first.type == "reproducer"
    assert (second.filename, second.data) == ("é.md", "é")
    assert (second.content_type, second.type) == ("text/markdown", "other")


def test_deprecated_parts_are_folded_with_a_warning():
    read = decode(
        report(), part("exploit", b"e", Content_Type="text/plain"), part("raw", b"")
    )
    assert [a.filename for a in read.folded] == ["exploit"]
    assert [w.field for w in tap.warnings_of(read)] == ["exploit"]


def test_empty_deprecated_parts_are_absent_with_their_type():
    read = decode(report(), part("raw", b"", Content_Type="nonsense"))
    assert not read.folded
    assert not tap.warnings_of(read)


@pytest.mark.parametrize(
    "disposition",
    [
        "form-data; name=report",
        "inline; name=report",
        "attachment",
        "attachment; name*=UTF-8''report",
        "attachment; name=report; name=report",
        "attachment; name=report; filename=a; filename=b",
        "attachment; name=report; filename*=UTF-8''a",
        "attachment; name=other",
    ],
)
def test_a_part_is_an_attachment_with_one_known_name(disposition):
    refused(part("", b"{}", disposition=disposition, Content_Type="application/json"))


def test_a_part_needs_a_content_disposition():
    refused(b"Content-Type: application/json\r\n\r\n{}")


def test_the_report_part_is_required_once_and_json():
    assert "lacking" in refused(attachment())
    assert "twice" in refused(report(), report())
    for name in ("exploit", "raw"):
        given = part(name, b"x", Content_Type="text/plain")
        assert "twice" in refused(report(), given, given)
    for kind in (None, "text/plain", "application/json; charset=latin-1"):
        refused(report(Content_Type=kind))
    assert decode(report(Content_Type="application/json; charset=utf-8"))


@pytest.mark.parametrize(
    "header",
    [
        "Content-Disposition",
        "Content-Type",
        "Content-Transfer-Encoding",
        "Content-Description",
        "Content-Akrites-Type",
        "Content-Length",
    ],
)
def test_no_content_header_stands_there_twice(header):
    value = {
        "Content-Disposition": 'attachment; name=attachment; filename="a.txt"',
        "Content-Type": "text/plain",
        "Content-Transfer-Encoding": "binary",
        "Content-Length": "1",
    }.get(header, "patch")
    given = f"{header}: {value}\r\n".encode()
    once = attachment().replace(given, b"")
    assert decode(report(), given + once)
    assert "twice" in refused(report(), given + given + once)


def test_other_content_headers_are_refused_and_other_headers_passed_over():
    refused(report(), attachment(Content_Language="en"))
    refused(report(), attachment(Content_MD5="x"))
    assert decode(report(), attachment(X_Mailer="x", MIME_Version="1.0"))


def test_only_attachments_have_a_description_and_a_type():
    refused(report(Content_Description="x"))
    refused(report(), part("raw", Content_Type="text/plain", Content_Akrites_Type="x"))


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable", "x", ""])
def test_content_is_sent_without_an_encoding(encoding):
    refused(report(), attachment(Content_Transfer_Encoding=encoding))


@pytest.mark.parametrize("encoding", ["binary", "8bit", "7BIT"])
def test_encodings_that_change_nothing_are_taken(encoding):
    assert decode(report(), attachment(Content_Transfer_Encoding=encoding))


def test_a_length_must_be_that_of_the_content():
    assert decode(report(), attachment(b"four", Content_Length="4"))
    refused(report(), attachment(b"four", Content_Length="3"))


@pytest.mark.parametrize("value", ["x", "", None, []])
@pytest.mark.parametrize("field", tap_multipart.PARTS_ONLY)
def test_files_do_not_stand_in_the_report_part(field, value):
    assert violations(report({**GOOD, field: value})) == [("field_not_allowed", field)]


def test_a_report_part_is_judged_as_a_json_report():
    assert violations(report({"purl": "x"})) == [("invalid_purl", "purl")]
    for content in (b"{", b"[]", b'{"x":1}', b"\xff", b'{"purl":"a","purl":"b"}'):
        with pytest.raises(Malformed):
            decode(part("report", content, Content_Type="application/json"))


def test_a_file_without_a_type_or_content_is_named():
    assert violations(
        report(), part("exploit"), part("raw"), attachment(kind=None), attachment(b"")
    ) == [
        ("missing_field", "exploit_content_type"),
        ("missing_field", "raw_content_type"),
        ("missing_field", "attachments[0].content_type"),
        ("missing_field", "attachments[1].data"),
        ("invalid_filename", "attachments[1].filename"),
    ]


@pytest.mark.parametrize(
    ("given", "code", "field", "header"),
    [
        (
            attachment(filename="../x"),
            "invalid_filename",
            "attachments[0].filename",
            "Content-Disposition's filename",
        ),
        (
            attachment(kind="text/plain; format=flowed"),
            "invalid_content_type",
            "attachments[0].content_type",
            "Content-Type",
        ),
        (
            attachment(kind="application/zip; charset=utf-8"),
            "invalid_content_type",
            "attachments[0].content_type",
            "Content-Type",
        ),
        (
            attachment(Content_Description="a\tb"),
            "control_characters",
            "attachments[0].description",
            "Content-Description",
        ),
        (
            attachment(Content_Akrites_Type="virus"),
            "invalid_attachment_type",
            "attachments[0].type",
            "Content-Akrites-Type",
        ),
        (
            attachment().replace(b"a.txt", b"a\xff.txt"),
            "invalid_utf8",
            "attachments[0].filename",
            "Content-Disposition's filename",
        ),
        (
            attachment(Content_Description="x").replace(b": x", b": \xff"),
            "invalid_utf8",
            "attachments[0].description",
            "Content-Description",
        ),
    ],
)
def test_a_fault_in_a_header_is_named_as_the_field_and_the_header(
    given, code, field, header
):
    with pytest.raises(Invalid) as error:
        decode(report(), given)
    (violation,) = error.value.violations
    assert (violation.code, violation.field) == (code, field)
    assert violation.reason.startswith(header)


def test_encoded_words_in_headers_are_not_decoded():
    word = "=?utf-8?b?eA==?="
    read = decode(report(), attachment(filename=word, Content_Description=word))
    assert read.attachments[0].filename == word
    assert read.attachments[0].description == word


def test_text_must_be_utf8_and_binary_need_not():
    assert violations(report(), attachment(b"\xff")) == [
        ("invalid_utf8", "attachments[0].data")
    ]
    assert violations(report(), part("raw", b"\xff", Content_Type="text/plain")) == [
        ("invalid_utf8", "raw")
    ]
    assert decode(report(), attachment(b"\xff", "a", "application/octet-stream"))


def test_a_file_may_have_a_mebibyte_of_binary_and_not_a_byte_more():
    kind = "application/octet-stream"
    assert decode(report(), attachment(b"\xff" * MIB, "a", kind))
    assert violations(report(), attachment(b"\xff" * (MIB + 1), "a", kind)) == [
        ("field_too_large", "attachments[0].data")
    ]
    assert violations(
        report(), part("raw", b"\xff" * (MIB + 1), Content_Type=kind)
    ) == [("field_too_large", "raw")]


def test_sixteen_files_are_taken_and_no_more():
    files = [attachment(filename=f"{i}.txt") for i in range(16)]
    assert len(decode(report(), *files).attachments) == 16
    one = part("raw", Content_Type="text/plain")
    for more in (attachment(filename="more"), one):
        assert violations(report(), *files, more) == [("too_many_items", "attachments")]


def test_a_body_may_have_three_mebibytes_and_not_a_byte_more():
    sent = body(report())
    padded = sent + b" " * (3 * MIB - len(sent))
    assert tap.decode(tap_multipart.entity("X", padded))
    with pytest.raises(TooLarge):
        tap.decode(tap_multipart.entity("X", padded + b" "))


def test_the_same_content_is_recognised_however_it_was_sent():
    zipped = bytes(range(99))
    kind = "application/zip"
    one = decode(report(), attachment(zipped, "a", kind), attachment())
    other = {
        "attachments": [
            {
                "content_type": "Application/ZIP",
                "filename": "a",
                "data": base64.encodebytes(zipped).decode(),
            },
            {"filename": "a.txt", "content_type": "text/plain", "data": "x"},
        ],
        **GOOD,
    }
    two = tap.decode(json.dumps(other, indent=2).encode())
    assert tap.content_of(one) == tap.content_of(two)
    changed = decode(report(), attachment(zipped, "b", kind), attachment())
    assert tap.content_of(one) != tap.content_of(changed)
