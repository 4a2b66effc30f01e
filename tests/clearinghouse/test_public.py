"""A finding that is public already is told so, on both databases."""

from __future__ import annotations

import json
import secrets
from dataclasses import replace

import pytest

from fairlead.access.roles import SCOPES, Asker, Role
from fairlead.base.ids import OrganisationId
from fairlead.clearinghouse import reporting
from fairlead.clearinghouse.public import TOLD, PublicRecord
from fairlead.clearinghouse.submissions import Outcome
from fairlead.store.catalogue.importing import Ports
from fairlead.store.catalogue.reading import SQLCatalogue
from fairlead.store.published import CataloguePublished

RECORD = PublicRecord(
    id="PYSEC-2099-1",
    names=("CVE-2099-1000",),
    purl="pkg:pypi/example",
    text=(
        "`read_name` of `parse.c` copies `name_length` bytes into `name_buffer`, which"
        " has 256: a heap overflow when `name_length` is larger."
    ),
    cwe="CWE-787",
    versions=("0.9", "1.0"),
)
OTHER = replace(
    RECORD,
    id="PYSEC-2099-2",
    names=(),
    text="The session cookie is sent without the secure attribute.",
    cwe="CWE-614",
    versions=("0.1",),
)
SAME = "`read_name` overflows `name_buffer` of 256 bytes: `name_length` is unchecked"


class Records:
    """Public records of one package in memory."""

    def __init__(self, *records):
        self.records = records

    def about(self, packages, names):
        """Return those of the package, or called so."""
        return [
            record
            for record in self.records
            if "pypi/example" in packages or {record.id, *record.names} & set(names)
        ]


def send(world, text, **changed):
    report = {
        "purl": "pkg:pypi/example@1.0",
        "affected_symbol": {"file": "src/parse.c", "function": "read_name", "line": 40},
        "enrichment": {"cwe": "CWE-787"},
        "attachments": [
            {"filename": "r.md", "content_type": "text/markdown", "data": text}
        ],
    } | changed
    asker = Asker(
        actor="token/t", organisation=OrganisationId("o"), scopes=SCOPES[Role.REPORTER]
    )
    with world.store.begin() as unit:
        kept = reporting.submit(
            unit,
            asker,
            json.dumps(report).encode(),
            at=world.clock(),
            randomness=secrets.token_bytes,
        )
    world.work()
    with world.store.read() as unit:
        return unit.submissions.get(kept.submission.id)


def test_the_identifier_is_told_with_a_probability_and_reasons(world):
    """The same bug is told, another one of the package is not; it is new here all the same."""
    world.runner.published = Records(OTHER, RECORD)
    found = send(world, SAME)
    (match,) = found.public
    assert match.id == "PYSEC-2099-1"
    assert 0.12 <= match.probability <= 1
    assert any("name_buffer" in reason for reason in match.reasons)
    assert found.outcome is Outcome.NEW


def test_an_identifier_alone_makes_nothing_sure(world):
    """One CVE may cover several fixes, and anyone can write one down."""
    world.runner.published = Records(RECORD)
    found = send(
        world,
        "the cookie of a session is sent in the clear",
        upstream_ids=["CVE-2099-1000"],
        affected_symbol={"file": "src/web.py", "function": "set_cookie"},
    )
    assert not any(match.sure for match in found.public)


def test_at_most_a_few_are_told(world):
    """A package with many like records does not flood whoever asks."""
    alike = [replace(RECORD, id=f"PYSEC-2099-{n}") for n in range(10, 40)]
    world.runner.published = Records(*alike)
    assert len(send(world, SAME).public) == TOLD


@pytest.mark.parametrize("name", ["CVE-2099-1000", "PYSEC-2099-1"])
def test_a_record_of_the_catalogue_is_found_by_any_of_its_names(world, tmp_path, name):
    """What was imported from OSV is told to whoever names it."""
    catalogue = SQLCatalogue.at(tmp_path / "catalogue.db")
    document = {
        "id": "PYSEC-2099-1",
        "modified": "2099-01-01T00:00:00Z",
        "aliases": ["CVE-2099-1000"],
        "summary": "Heap overflow in read_name through an unchecked name_length",
        "affected": [{"package": {"ecosystem": "PyPI", "name": "example"}}],
    }
    path = tmp_path / "PYSEC-2099-1.json"
    path.write_text(json.dumps(document))
    catalogue.take([path], Ports(clock=world.clock))
    world.runner.published = CataloguePublished(catalogue)
    found = send(world, SAME, upstream_ids=[name])
    assert [match.id for match in found.public] == ["PYSEC-2099-1"]
    catalogue.close()
