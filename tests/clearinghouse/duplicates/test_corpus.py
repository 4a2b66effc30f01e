"""The benchmark: it runs on the labelled corpus, and says what is wrong with another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(os.environ.get("FAIRLEAD_DATA", ROOT.parent / "shared" / "data"))
CORPUS = DATA / "duplicates"
KEYS = {"auto_precision", "auto_recall", "f1", "top5", "reports_per_second"}


def run(*arguments):
    return subprocess.run(
        [sys.executable, ROOT / "benchmarks" / "duplicates.py", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_missing_folder_is_named(tmp_path):
    """Exit code 2 and the folder's name."""
    done = run(tmp_path / "nowhere")
    assert done.returncode == 2
    assert "nowhere: no such folder" in done.stderr


def test_a_missing_field_is_named(tmp_path):
    """Exit code 2, the line and the field."""
    (tmp_path / "reports.jsonl").write_text('{"report_id": "r1", "report": {}}\n')
    (tmp_path / "labels.jsonl").write_text('{"report_id": "r1", "valid": true}\n')
    done = run(tmp_path)
    assert done.returncode == 2
    assert "labels.jsonl:1: field 'bug' is missing" in done.stderr


def test_a_tiny_corpus_is_measured(tmp_path):
    """Two reports of one bug give every figure, for all and for each folder."""
    report = {
        "purl": "pkg:pypi/demo",
        "affected_symbol": {"file": "a.py", "function": "read_all", "line": 7},
    }
    reports = [{"report_id": f"r{n}", "report": report} for n in range(2)]
    labels = [{"report_id": f"r{n}", "bug": "b", "valid": True} for n in range(2)]
    (tmp_path / "reports.jsonl").write_text("\n".join(map(json.dumps, reports)))
    (tmp_path / "labels.jsonl").write_text("\n".join(map(json.dumps, labels)))
    result = json.loads(run(tmp_path, "--json").stdout)
    assert result.keys() >= KEYS
    assert result["folders"][tmp_path.name].keys() >= KEYS
    assert result["top5"] == 1.0
    assert "authored, not field data" in result["note"]


@pytest.mark.conformance
@pytest.mark.skipif(not CORPUS.is_dir(), reason=f"no labelled reports in {CORPUS}")
def test_the_shipped_model_keeps_its_promises_on_the_corpus():
    """Automatic merges are right, and a duplicate is among the first five."""
    done = run(CORPUS / "python", CORPUS / "c", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    fair = result["cross_validated"]
    assert fair["auto_precision"] >= 0.97
    assert fair["auto_recall"] >= 0.10
    assert fair["f1"] >= 0.55
    assert fair["top5"] >= 0.97
    assert fair["invalid_merged"] == 0
