"""Scan a folder of Python projects with bandit, politely: claim, scan, report, release.

    pip install fairlead bandit
    export FAIRLEAD_SERVER=https://clearinghouse.example FAIRLEAD_TOKEN=tap_…
    python scan_with_bandit.py FOLDER [--bandit bandit] [--report 3]

Each folder within FOLDER is a project, called as on PyPI. One that somebody holds, or
whose owner says no, is passed over. What bandit is sure of and calls severe is reported,
the first `--report` of a project, each with its SARIF attached; the claim is released with
what was covered, also where nothing was found.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fairlead.client import Clearinghouse, Target
from fairlead.errors import AgainstOwner, Claimed, Error

SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def main() -> int:
    """Scan every project; return how many could not be."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--bandit", default="bandit")
    parser.add_argument("--report", type=int, default=3)
    options = parser.parse_args()
    failed = 0
    server, token = os.environ["FAIRLEAD_SERVER"], os.environ["FAIRLEAD_TOKEN"]
    with Clearinghouse(server, token) as house:
        for project in sorted(p for p in options.folder.iterdir() if p.is_dir()):
            try:
                said = scan(house, project, options.bandit, options.report)
            except (Claimed, AgainstOwner) as error:
                said = f"passed over: {error}"
            except Error as error:
                said, failed = f"failed: {error}", failed + 1
            print(f"{project.name:24} {said}")
    return failed


def scan(house: Clearinghouse, project: Path, bandit: str, most: int) -> str:
    """Claim one project, scan and report; return what came of it."""
    target = Target(purl=f"pkg:pypi/{project.name}")
    tool = subprocess.run(  # noqa: S603 - the scanner that was named
        [bandit, "--version"], capture_output=True, text=True, check=True
    ).stdout.splitlines()[0]
    with house.hold(target, method="static analysis", tool=tool, hours=2) as held:
        found = list(findings(project, bandit))
        receipts = [
            house.report(report(project, finding, tool)).receipt
            for finding in found[:most]
        ]
        # A pattern scanner as it comes: that is what `surface` says.
        held.covered("found" if found else "nothing found", "surface")
    return f"{len(found)} severe, reported as {', '.join(receipts) or 'none'}"


def findings(project: Path, bandit: str) -> Iterator[dict[str, Any]]:
    """Run bandit; return what it is sure of and calls severe."""
    command = [bandit, "-q", "-r", str(project), "-f", "json", "-lll", "-iii"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode not in {0, 1}:  # 1 says that something was found
        raise SystemExit(done.stderr)
    yield from json.loads(done.stdout)["results"]


def report(project: Path, finding: dict[str, Any], tool: str) -> dict[str, Any]:
    """Return a report of the TAP Intake API, with the SARIF of the finding."""
    place = Path(finding["filename"]).relative_to(project.parent).as_posix()
    said = finding["issue_text"]
    return {
        "purl": f"pkg:pypi/{project.name}",
        "affected_symbol": {"file": place, "line": finding["line_number"]},
        "discovery_tooling": tool,
        "enrichment": {"cwe": f"CWE-{finding['issue_cwe']['id']}"},
        "attachments": [
            {
                "filename": "finding.md",
                "content_type": "text/markdown",
                "data": f"{said}\n\n{finding['code']}",
            },
            {
                "filename": "finding.sarif.json",
                "content_type": "application/json",
                "data": json.dumps(sarif(finding, place, tool)),
            },
        ],
    }


def sarif(finding: dict[str, Any], place: str, tool: str) -> dict[str, Any]:
    """Return one finding as SARIF 2.1.0."""
    name, _, version = tool.partition(" ")
    return {
        "$schema": SARIF,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": name, "version": version}},
                "results": [
                    {
                        "ruleId": finding["test_id"],
                        "level": "error",
                        "message": {"text": finding["issue_text"]},
                        "locations": [
                            {
                                "physicalLocation": {
                                    "artifactLocation": {"uri": place},
                                    "region": {"startLine": finding["line_number"]},
                                }
                            }
                        ],
                    }
                ],
            }
        ],
    }


if __name__ == "__main__":
    sys.exit(main())
