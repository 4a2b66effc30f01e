"""The sample that `fairlead demo` shows: readable, valid, attributed, explained."""

import json
import re
from collections import Counter
from functools import cache
from importlib.resources import files

import pytest

from fairlead.base import instants
from fairlead.base.ids import Receipt
from fairlead.clearinghouse.intake import finding_of
from fairlead.formats import tap
from fairlead.formats.ecosystems import known_ecosystem

SAMPLE = files("fairlead.cli") / "sample"
DATA = ("osv.jsonl", "csaf.jsonl", "reports.jsonl")
SHIPPED = (*DATA, "advisory.json", "ATTRIBUTION.md", "REPORTS.md")

MAX_SIZE = 1_500_000
"""Bytes that the sample may add to the wheel."""

ROW = re.compile(
    r"^\| .+ \| (?P<cve>CVE-[0-9-]+), (?P<pysec>PYSEC-[0-9-]+) \| (?P<lines>[0-9, ]+) \|$",
    re.MULTILINE,
)
ONCE_MORE = re.compile(r"^Line ([0-9]+) is line ([0-9]+)", re.MULTILINE)


@cache
def text(name):
    return (SAMPLE / name).read_text("utf-8")


@cache
def documents(name):
    return [json.loads(line) for line in text(name).splitlines()]


def sent(line):
    return line["finder"], json.dumps(line["report"], ensure_ascii=False)


def explained():
    """Return the bug of each line, as `REPORTS.md` tells it."""
    return [
        (int(number), row["cve"], row["pysec"])
        for row in ROW.finditer(text("REPORTS.md"))
        for number in row["lines"].split(",")
    ]


REPORTS = [
    pytest.param(line, id=str(number))
    for number, line in enumerate(documents("reports.jsonl"), start=1)
]
ADVISORIES = [pytest.param(r, id=r["id"]) for r in documents("osv.jsonl")]


class TestFiles:
    def test_nothing_else_is_shipped(self):
        assert {entry.name for entry in SAMPLE.iterdir()} == set(SHIPPED)

    def test_small_enough_to_ship(self):
        assert sum(len(text(name).encode()) for name in SHIPPED) < MAX_SIZE

    @pytest.mark.parametrize("name", DATA)
    def test_one_object_a_line(self, name):
        assert text(name).endswith("\n")
        assert all(isinstance(document, dict) for document in documents(name))

    @pytest.mark.parametrize("name", DATA)
    def test_attributed(self, name):
        (row,) = [
            line
            for line in text("ATTRIBUTION.md").splitlines()
            if line.startswith(f"| `{name}`")
        ]
        assert re.search("CC-BY 4.0|public domain|Apache-2.0", row)

    @pytest.mark.parametrize("name", SHIPPED)
    def test_no_address_of_a_package_registry(self, name):
        assert not re.search(r"//(?:\w+\.)*(?:pypi\.org|pythonhosted\.org)", text(name))


class TestAdvisories:
    def test_ids_are_unique(self):
        osv = [record["id"] for record in documents("osv.jsonl")]
        csaf = [
            record["document"]["tracking"]["id"] for record in documents("csaf.jsonl")
        ]
        assert len(osv) >= 50
        assert len(csaf) >= 30
        assert len({*osv, *csaf}) == len(osv) + len(csaf)

    @pytest.mark.parametrize("record", ADVISORIES)
    def test_osv(self, record):
        assert record["id"].startswith("PYSEC-")
        assert instants.parse(record["published"])
        assert instants.parse(record["modified"])
        assert record["affected"]

    def test_csaf(self):
        for record in documents("csaf.jsonl"):
            assert record["document"]["csaf_version"] == "2.0"
            assert record["document"]["tracking"]["status"] == "final"
            assert record["vulnerabilities"]


class TestReports:
    @pytest.mark.parametrize("line", REPORTS)
    def test_the_intake_takes_it(self, line):
        assert line.keys() == {"finder", "report"}
        report = tap.decode(json.dumps(line["report"], ensure_ascii=False).encode())
        assert not tap.warnings_of(report)
        assert report.email is None
        assert report.purl or known_ecosystem(report.ecosystem)
        finding = finding_of(Receipt("rcp-" + "a" * 26), report)
        assert all(attachment.text for attachment in finding.attachments)

    def test_finders_are_interleaved(self):
        finders = [line["finder"] for line in documents("reports.jsonl")]
        assert len(set(finders)) >= 5
        assert all(len(set(finders[n : n + 5])) > 1 for n in range(len(finders) - 4))

    def test_one_is_sent_twice(self):
        times = Counter(map(sent, documents("reports.jsonl")))
        assert sorted(times.values())[-2:] == [1, 2]


class TestExplanation:
    def test_every_line_has_one_bug(self):
        numbers = sorted(number for number, _, _ in explained())
        assert numbers == list(range(1, len(documents("reports.jsonl")) + 1))

    def test_the_sample_holds_the_record_of_every_bug(self):
        records = {record["id"]: record for record in documents("osv.jsonl")}
        reports = documents("reports.jsonl")
        for number, cve, pysec in explained():
            assert cve in records[pysec]["aliases"]
            named = json.dumps(reports[number - 1]).lower()
            assert records[pysec]["affected"][0]["package"]["name"].lower() in named

    def test_bugs_reported_once_and_often(self):
        often = Counter(cve for _, cve, _ in explained()).values()
        assert len(often) >= 14
        assert min(often) == 1
        assert max(often) >= 4

    def test_the_resubmission_is_named(self):
        (again, first) = map(int, ONCE_MORE.search(text("REPORTS.md")).groups())
        reports = documents("reports.jsonl")
        assert sent(reports[again - 1]) == sent(reports[first - 1])
