"""Checking documents of any format: told apart, every fault with a pointer."""

import hashlib
import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

import fairlead.formats
from fairlead.base.markings import Label
from fairlead.errors import Invalid, Malformed
from fairlead.formats import checking, csaf, cve, osv
from fairlead.formats.advisory import (
    Advisory,
    Affected,
    Publisher,
    Reference,
    Revision,
)
from fairlead.formats.checking import Format

FORMATS = Path(fairlead.formats.__file__).parent
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
        name="T", namespace="https://t.example", category="coordinator"
    ),
    affected=(Affected(vendor="E", product="e", purl="pkg:pypi/e", fixed="2.0"),),
    aliases=("CVE-2026-12345",),
    references=(Reference(url="https://example.org/x", summary="Fix"),),
)
ASSIGNER = cve.Assigner(org_id="b7d1c5a0-1111-4222-8333-444455556666")


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (csaf.csaf_document(ADVISORY), Format.CSAF_2_0),
        (csaf.csaf_document(ADVISORY, csaf.Version.V2_1), Format.CSAF_2_1),
        (osv.osv_document(ADVISORY), Format.OSV),
        (cve.cve_record(ADVISORY, ASSIGNER), Format.CVE),
    ],
)
def test_what_we_write_is_told_apart_and_valid(document, expected):
    report = checking.check(document)
    assert report.format is expected
    assert report.valid


@pytest.mark.parametrize(
    ("document", "path", "pointer"),
    [
        (csaf.csaf_document(ADVISORY), ("document", "title"), "/document"),
        (
            osv.osv_document(ADVISORY),
            ("affected", 0, "package", "name"),
            "/affected/0/package",
        ),
        (cve.cve_record(ADVISORY, ASSIGNER), ("cveMetadata", "cveId"), "/cveMetadata"),
    ],
)
def test_what_is_lacking_is_pointed_at(document, path, pointer):
    value = json.loads(document)
    holder = value
    for step in path[:-1]:
        holder = holder[step]
    del holder[path[-1]]
    report = checking.check(json.dumps(value).encode())
    assert not report.valid
    assert pointer in {fault.pointer for fault in report.faults}


def test_what_is_no_advisory_is_refused():
    with pytest.raises(Malformed):
        checking.check(b'{"id": 1, "id": 2}')
    with pytest.raises(Invalid, match="neither"):
        checking.check(b'{"a": 1}')
    with pytest.raises(Invalid, match="not a JSON object"):
        checking.check(b"[]")


@pytest.mark.parametrize("folder", ["schemas", "csaf_tests/data"])
def test_every_vendored_file_has_the_digest_that_is_listed(folder):
    listed = (FORMATS / folder / "VENDOR.md").read_text()
    rows = dict(re.findall(r"\| `(.+?)` \| `([0-9a-f]{64})` \|", listed))
    present = {p.name for p in (FORMATS / folder).glob("*.json")}
    assert rows.keys() == present
    for name, digest in rows.items():
        content = (FORMATS / folder / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest, name
