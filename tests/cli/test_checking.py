"""`fairlead check` and `fairlead convert`, as somebody types them."""

import json

import pytest
from click.testing import CliRunner

from fairlead.cli.main import main

OSV = {
    "id": "x_TEST-1",
    "modified": "2026-08-18T14:03:21Z",
    "summary": "It overflows.",
    "aliases": ["CVE-2026-12345"],
    "affected": [
        {
            "package": {"ecosystem": "PyPI", "name": "e", "purl": "pkg:pypi/e"},
            "ranges": [
                {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2"}]},
                {
                    "type": "GIT",
                    "repo": "https://e.example/e",
                    "events": [{"introduced": "0"}],
                },
            ],
        }
    ],
    "references": [{"type": "WEB", "url": "https://e.example/x"}],
}


@pytest.fixture
def run():
    def call(*arguments, code=0):
        result = CliRunner().invoke(main, [str(argument) for argument in arguments])
        assert result.exit_code == code, result.output + result.stderr
        return result

    return call


def test_a_valid_record_is_said_to_be_valid(run, tmp_path):
    file = tmp_path / "a.json"
    file.write_text(json.dumps(OSV))
    assert "OSV, valid" in run("check", file).stdout


def test_faults_are_told_with_test_and_pointer(run, tmp_path):
    folder = tmp_path / "out"
    file = tmp_path / "a.json"
    file.write_text(json.dumps(OSV))
    run("convert", file, "--to", "csaf", "--output", folder)
    (written,) = folder.iterdir()
    document = json.loads(written.read_text())
    document["vulnerabilities"][0]["product_status"]["fixed"].append("nowhere")
    written.write_text(json.dumps(document))
    told = json.loads(run("check", folder, "--json", code=3).stdout)
    (file_,) = told["files"]
    assert file_["valid"] is False
    fault = next(f for f in file_["faults"] if f["rule"] == "6.1.1")
    assert fault["pointer"] == "/vulnerabilities/0/product_status/fixed/1"
    mandatory = run("check", written, "--down-to", "mandatory", code=3).stdout
    assert "6.1.1 mandatory" in mandatory
    assert "informative" not in mandatory


def test_what_is_no_json_is_said(run, tmp_path):
    file = tmp_path / "a.json"
    file.write_text('{"a": \x1b[31m')
    assert "\x1b" not in run("check", file, code=3).stdout


def test_conversion_lists_what_is_not_carried(run, tmp_path):
    file = tmp_path / "a.json"
    file.write_text(json.dumps(OSV))
    result = run("convert", file, "--to", "csaf-2.1")
    assert json.loads(result.stdout)["document"]["csaf_version"] == "2.1"
    assert "commits" in result.stderr
    for kind in ("osv", "openvex"):
        assert json.loads(run("convert", file, "--to", kind).stdout)
    assert "--cna" in run("convert", file, "--to", "cve", code=3).stderr
    cna = "b7d1c5a0-1111-4222-8333-444455556666"
    record = json.loads(run("convert", file, "--to", "cve", "--cna", cna).stdout)
    assert record["cveMetadata"]["cveId"] == "CVE-2026-12345"
