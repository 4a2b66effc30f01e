"""Files of tools and people become reports, or a word about why not."""

import json
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fairlead.formats import incoming, tap
from fairlead.formats.incoming import Hints, mail
from fairlead.formats.incoming.reading import severity_of

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import fuzz_targets

NO_HINTS = Hints()


def read(value, hints=NO_HINTS, name="a.json"):
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return incoming.read(name, content, hints)


def taken(value, hints=NO_HINTS, name="a.json"):
    (reading,) = read(value, hints, name)
    assert reading.report is not None, reading.why
    return tap.decode(reading.report), reading


# --- TAP ----------------------------------------------------------------------------------


def test_a_tap_report_goes_exactly_as_it_stands():
    content = b'  {"software":"x","ecosystem":"npm", "versions":["1"]}'
    assert read(content)[0].report == content
    pretty = json.dumps({"purl": "pkg:npm/x", "code_path": "a"}, indent=2).encode()
    (reading,) = read(b"\xef\xbb\xbf" + pretty)
    assert tap.decode(reading.report) == tap.decode(pretty)
    assert b"\n" not in reading.report


def test_lists_and_lines_of_reports_are_read():
    one, two = {"purl": "pkg:npm/a"}, {"purl": "nonsense"}
    listed = read([one, two])
    assert [(r.place, bool(r.report)) for r in listed] == [
        ("[0]", True),
        ("[1]", False),
    ]
    lines = read(b'{"purl":"pkg:npm/a"}\n\n{"purl":1}\n', name="a.jsonl")
    assert [(r.place, bool(r.report)) for r in lines] == [
        ("line 1", True),
        ("line 3", False),
    ]


# --- SARIF --------------------------------------------------------------------------------


def sarif(result, **run):
    driver = {
        "name": "Scanner",
        "semanticVersion": "2.1",
        "rules": [
            {
                "id": "cpp/overflow",
                "helpUri": "https://rules.example/overflow",
                "messageStrings": {"m": {"text": "{0} is too small for {1}"}},
                "properties": {
                    "tags": ["security", "external/cwe/cwe-120"],
                    "security-severity": "8.1",
                },
            }
        ],
    }
    origin = {
        "repositoryUri": "https://github.com/Example/Lib.git",
        "revisionId": "9f8e7d6c5b4a3928",
    }
    return {
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "versionControlProvenance": [origin],
                "results": [{"ruleId": "cpp/overflow", **result}],
                **run,
            }
        ],
    }


RESULT = {
    "message": {"id": "m", "arguments": ["buffer", "header"]},
    "locations": [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "src/a%20b.c"},
                "region": {"startLine": 42},
            },
            "logicalLocations": [{"fullyQualifiedName": "ns::parse"}],
        }
    ],
}


def test_a_sarif_result_says_where_what_and_by_which_tool():
    report, reading = taken(sarif(RESULT))
    assert reading.title == "buffer is too small for header"
    assert report.purl == "pkg:github/example/lib@9f8e7d6c5b4a3928"
    assert report.package_repo_url == "https://github.com/Example/Lib.git"
    symbol = report.affected_symbol
    assert (symbol.file, symbol.line, symbol.function) == ("src/a b.c", 42, "ns::parse")
    assert report.discovery_tooling == "Scanner 2.1"
    assert report.enrichment == {"cwe": "CWE-120", "severity": "High"}
    assert report.references == ("https://rules.example/overflow",)
    names = [a.filename for a in report.attachments]
    assert names == ["report.md", "result.sarif.json"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"kind": "pass"}, "its kind is pass"),
        ({"kind": "notApplicable"}, "its kind is notApplicable"),
        ({"level": "none"}, "its level is none"),
        ({"baselineState": "absent"}, "it is absent since the baseline"),
        ({"suppressions": [{"status": "accepted"}]}, "it is suppressed"),
        ({"suppressions": [{"kind": "inSource"}]}, "it is suppressed"),
    ],
)
def test_a_sarif_result_that_is_no_failure_is_nothing_to_report(change, why):
    (reading,) = read(sarif({**RESULT, **change}))
    assert (reading.report, reading.why, reading.ignored) == (None, why, True)


def test_a_sarif_result_whose_suppression_was_rejected_is_reported():
    assert taken(sarif({**RESULT, "suppressions": [{"status": "rejected"}]}))


def test_a_sarif_result_without_a_package_needs_a_hint():
    bare = sarif(RESULT, versionControlProvenance=[])
    (reading,) = read(bare)
    assert "--purl" in reading.why
    report, _ = taken(bare, Hints(purl="pkg:npm/x", email="a@b.example"))
    assert (report.purl, report.email) == ("pkg:npm/x", "a@b.example")


def test_another_version_of_sarif_is_said():
    assert "2.1.0 is read" in read({"version": "2.0.0", "runs": []})[0].why


# --- OSV ----------------------------------------------------------------------------------


def test_an_osv_record_is_about_its_first_package():
    record = {
        "id": "PYSEC-2026-1",
        "modified": "2026-01-01T00:00:00Z",
        "aliases": ["CVE-2026-12345", "SNYK-1"],
        "summary": "It overflows",
        "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N"}],
        "affected": [
            {
                "package": {"ecosystem": "PyPI", "name": "example"},
                "versions": [f"1.{n}" for n in range(70)],
                "ranges": [
                    {
                        "type": "GIT",
                        "repo": "https://a.example/b",
                        "events": [{"introduced": "0"}, {"fixed": "abcdef0123"}],
                    }
                ],
            },
            {"package": {"ecosystem": "Debian", "name": "python-example"}},
        ],
        "references": [{"type": "WEB", "url": "https://a.example/1"}],
        "credits": [
            {"name": "Ada", "type": "FINDER"},
            {"name": "Bob", "type": "REMEDIATION_DEVELOPER"},
        ],
    }
    report, reading = taken(record)
    assert (report.ecosystem, report.software) == ("PyPI", "example")
    assert report.upstream_ids == ("PYSEC-2026-1", "CVE-2026-12345")
    assert len(report.versions) == 64
    assert report.fixed_commit == "abcdef0123"
    assert report.introduced_commit is None
    assert report.package_repo_url == "https://a.example/b"
    assert report.enrichment["provenance"] == {"finders": ["Ada"]}
    assert set(reading.left_out) == {
        "also affected: Debian python-example",
        "versions: 6 of 70",
        "identifier SNYK-1",
        "CVSS:3.1/AV:N (TAP takes CVSS 4.0)",
        "credit REMEDIATION_DEVELOPER Bob",
    }
    assert json.loads(report.attachments[-1].data) == record


def test_a_withdrawn_osv_record_is_nothing_to_report():
    record = {"id": "GO-1", "modified": "x", "withdrawn": "2026-01-01T00:00:00Z"}
    assert read(record)[0].ignored


# --- CSAF ---------------------------------------------------------------------------------


def csaf(version="2.0", **vulnerability):
    helper = {
        "2.0": {"purl": "pkg:npm/example@1.2"},
        "2.1": {"purls": ["pkg:npm/example@1.2", "pkg:npm/example@1.3"]},
    }[version]
    product = {
        "product_id": "P",
        "name": "Example 1.2",
        "product_identification_helper": helper,
    }
    branch = {"category": "product_version", "name": "1.2", "product": product}
    tree = {"category": "product_name", "name": "Example", "branches": [branch]}
    return {
        "document": {
            "csaf_version": version,
            "category": "csaf_vulnerability_report",
            "title": "Overflow in Example",
            "publisher": {"name": "Example PSIRT"},
            "tracking": {"id": "EX-1"},
            "distribution": {"tlp": {"label": "AMBER"}},
            "references": [
                {"category": "self", "url": "https://psirt.example/1", "summary": "x"}
            ],
        },
        "product_tree": {
            "branches": [
                {"category": "vendor", "name": "Example Co", "branches": [tree]}
            ]
        },
        "vulnerabilities": [
            {
                "cve": "CVE-2026-12345",
                "product_status": {"known_affected": ["P"]},
                "acknowledgments": [{"names": ["Ada"], "organization": "Lab"}],
                **vulnerability,
            }
        ],
    }


@pytest.mark.parametrize(
    ("version", "rest", "assessed", "versions"),
    [
        (
            "2.0",
            {
                "cwe": {"id": "CWE-120", "name": "x"},
                "scores": [{"cvss_v3": {"baseSeverity": "HIGH"}, "products": ["P"]}],
            },
            {"cwe": "CWE-120", "severity": "High"},
            ("1.2",),
        ),
        (
            "2.1",
            {
                "cwes": [{"id": "CWE-120", "name": "x", "version": "4.17"}],
                "metrics": [
                    {
                        "content": {
                            "cvss_v4": {
                                "vectorString": "CVSS:4.0/AV:N",
                                "baseSeverity": "CRITICAL",
                            }
                        },
                        "products": ["P"],
                    }
                ],
            },
            {"cwe": "CWE-120", "severity": "Critical", "cvss_vector": "CVSS:4.0/AV:N"},
            ("1.2", "1.3"),
        ),
    ],
)
def test_a_csaf_vulnerability_of_either_version_becomes_a_report(
    version, rest, assessed, versions
):
    report, reading = taken(csaf(version, **rest))
    assert reading.place == "vulnerabilities[0]"
    assert report.purl == "pkg:npm/example"
    assert report.versions == versions
    assert report.upstream_ids == ("CVE-2026-12345",)
    assert report.enrichment == {
        **assessed,
        "provenance": {
            "finders": ["Ada (Lab)"],
            "reporters": ["Example PSIRT"],
            "origins": ["https://psirt.example/1"],
            "embargo": "TLP:AMBER",
        },
    }


def test_a_csaf_product_without_a_purl_is_named_and_said():
    document = csaf()
    branch = document["product_tree"]["branches"][0]["branches"][0]["branches"][0]
    del branch["product"]["product_identification_helper"]
    report, reading = taken(document)
    assert report.purl == "pkg:generic/Example%20Co/Example"
    assert report.versions == ("1.2",)
    assert "no product has a purl" in reading.left_out[0]


def test_a_csaf_vulnerability_that_affects_nothing_is_nothing_to_report():
    assert read(csaf(product_status={"fixed": ["P"]}))[0].ignored


# --- Mail -----------------------------------------------------------------------------------

MARKDOWN = """---
purl: "pkg:npm/example"
versions: [1.0, '1.1']
upstream-ids: CVE-2026-12345
file: src/a.c
line: 42
cwe: CWE-120
finders:
  - Ada Lovelace <ada@finder.example>
  - 小林
reporters: [Lab]
embargo: until 2026-12-01
tooling-confidential: true
colour: red
---

# It overflows

when *asked* <script>alert(1)</script>
"""


def test_markdown_with_front_matter_becomes_a_report():
    report, reading = taken(MARKDOWN.encode(), name="report.md")
    assert reading.title == "It overflows"
    assert (report.purl, report.versions) == ("pkg:npm/example", ("1.0", "1.1"))
    assert report.upstream_ids == ("CVE-2026-12345",)
    assert (report.affected_symbol.file, report.affected_symbol.line) == ("src/a.c", 42)
    assert report.enrichment["provenance"] == {
        "finders": ["Ada Lovelace <ada@finder.example>", "小林"],
        "reporters": ["Lab"],
        "embargo": "until 2026-12-01",
        "tooling_confidential": True,
    }
    assert reading.left_out == ("colour in the front matter",)
    (text,) = report.attachments
    assert text.data.endswith("<script>alert(1)</script>\n")


def test_a_mail_keeps_its_attachments_and_its_sender_is_no_finder():
    from email.message import EmailMessage

    message = EmailMessage()
    message["From"] = "Conveyor <conveyor@lab.example>"
    message["Subject"] = "A hole"
    message.set_content(MARKDOWN.replace("# It overflows\n", ""))
    message.add_attachment(
        b"PK\3\4", maintype="application", subtype="zip", filename="poc.zip"
    )
    message.add_attachment(b"<b>", maintype="text", subtype="html", filename="a.html")
    report, reading = taken(message.as_bytes(), name="a.eml")
    assert reading.title == "A hole"
    assert [a.content_type for a in report.attachments] == [
        "text/markdown",
        "application/zip",
        "application/octet-stream",
    ]
    assert "Conveyor" not in str(report.enrichment)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("---\npurl: x\n", "does not end"),
        ("---\npurl: x\npurl: y\n---\n", "twice"),
        ("---\n{purl: x}\n---\n", "line 2"),
        ("---\npurl: &a x\n---\n", "purl"),
        ("just text", "--purl"),
        ("", "no format"),
        ("a\0b", "no format"),
    ],
)
def test_what_cannot_be_read_is_said(text, why):
    (reading,) = read(text.encode(), name="a.md")
    assert reading.report is None
    assert why in reading.why


def test_front_matter_is_only_lines_of_keys():
    matter, body = mail.parted("---\na: [x, y]\nb:\n- 1\n- 2\n# note\nc: ''\n---\nrest")
    assert matter == {"a": ["x", "y"], "b": ["1", "2"], "c": ""}
    assert body == "rest"


# --- Anything -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("score", "word"),
    [
        ("9.0", "Critical"),
        (8.9, "High"),
        ("HIGH", "High"),
        (0, "None"),
        ("11", None),
        (True, None),
        ("x", None),
    ],
)
def test_a_score_has_a_word(score, word):
    assert severity_of(score) == word


SEEDS = fuzz_targets.SEEDS_OF["files"]


@given(
    seed=st.sampled_from(SEEDS),
    cuts=st.lists(
        st.tuples(st.integers(0, 900), st.integers(0, 30), st.binary(max_size=12)),
        max_size=6,
    ),
)
def test_a_damaged_file_is_read_or_refused_and_never_more(seed, cuts):
    for start, length, new in cuts:
        seed = seed[:start] + new + seed[start + length :]
    fuzz_targets.files(seed)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_and_never_more(content):
    fuzz_targets.files(content)


@pytest.mark.conformance
@pytest.mark.parametrize(
    ("feed", "least"), [("pysec", 1500), ("oss-fuzz", 2000), ("cisa-csaf", 3600)]
)
def test_real_feeds_are_taken_whole(data_folder, tmp_path, feed, least):
    with tarfile.open(data_folder / "feeds" / f"{feed}.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    count = 0
    for file in sorted(tmp_path.rglob("*")):
        if file.suffix not in {".json", ".yaml"}:
            continue
        content = file.read_bytes()
        if file.suffix == ".yaml":
            value = yaml.load(content, Loader=yaml.CSafeLoader)
            content = json.dumps(value, default=lambda at: at.isoformat()).encode()
        for reading in incoming.read(file.name, content, NO_HINTS):
            if reading.ignored or "neither" in reading.why:
                continue  # an index of the feed is no record
            assert reading.report is not None, (file.name, reading.why)
            count += 1
    assert count >= least


def test_the_targets_of_the_fuzzer_take_their_own_seeds():
    for name, seeds in fuzz_targets.SEEDS_OF.items():
        for seed in seeds:
            fuzz_targets.TARGETS[name](seed)


def test_the_fuzzer_runs_with_one_command():
    pytest.importorskip("atheris")
    tool = Path(__file__).parents[2] / "tools/fuzz.py"
    done = subprocess.run(
        [sys.executable, tool, "header", "--seconds", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert "Done" in done.stderr
