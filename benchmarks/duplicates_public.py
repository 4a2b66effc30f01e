"""Whether what is public is told so: `python benchmarks/duplicates_public.py FOLDER FEEDS`.

FOLDER holds labelled reports whose labels name the PYSEC record of the bug (`python/`),
FEEDS the archive of these records. Each report is compared with every record of its
package, as at intake. Printed: of how many reports the record is among those told of,
and is the first; of what is said to be surely public, how much is. Once as handed in,
and once without any identifier in the report, which is what matters.
"""

from __future__ import annotations

import argparse
import json
import re
import tarfile
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from duplicates_corpus import Report, read
from fairlead.clearinghouse.duplicates import features_of
from fairlead.clearinghouse.findings import Finding
from fairlead.clearinghouse.public import PublicRecord, matches

_NUMBER = re.compile(r"(CVE|PYSEC|GHSA|BIT)-[0-9A-Za-z-]+")


@dataclass(frozen=True, slots=True)
class Records:
    """Public records in memory, by package and by name."""

    by_package: dict[str, list[PublicRecord]]
    by_name: dict[str, list[PublicRecord]]

    @classmethod
    def of(cls, archive: Path) -> Records:
        """Read all records of an archive of OSV files."""
        by_package: defaultdict[str, list[PublicRecord]] = defaultdict(list)
        by_name: defaultdict[str, list[PublicRecord]] = defaultdict(list)
        with tarfile.open(archive) as opened:
            for member in opened:
                content = opened.extractfile(member) if member.isfile() else None
                if content is None or not member.name.endswith(".yaml"):
                    continue
                record = yaml.load(content.read(), yaml.CSafeLoader)
                public = _record(record)
                if public is not None:
                    by_package[f"pypi/{(public.software or '').lower()}"].append(public)
                    for name in (public.id, *public.names):
                        by_name[name.upper()].append(public)
        return cls(dict(by_package), dict(by_name))

    def about(
        self, packages: Sequence[str], names: Sequence[str]
    ) -> Sequence[PublicRecord]:
        """Return records; see `fairlead.clearinghouse.public.Published`."""
        found = [r for name in names for r in self.by_name.get(name.upper(), ())]
        for package in packages:
            plain = "pypi/" + package.rsplit("/", 1)[-1]
            found += self.by_package.get(plain, ())
        return list({record.id: record for record in found}.values())


def _record(osv: dict[str, object]) -> PublicRecord | None:
    affected = osv.get("affected")
    if not isinstance(affected, list) or not affected:
        return None
    package = affected[0].get("package") or {}
    references = osv.get("references")
    listed = references if isinstance(references, list) else []
    aliases = osv.get("aliases")
    return PublicRecord(
        id=str(osv["id"]),
        names=tuple(map(str, aliases)) if isinstance(aliases, list) else (),
        purl=package.get("purl"),
        ecosystem="PyPI",
        software=package.get("name"),
        text=str(osv.get("details", "")),
        references=tuple(str(r.get("url", "")) for r in listed),
        versions=tuple(map(str, affected[0].get("versions") or ())),
    )


def measure(
    reports: Sequence[Report], records: Records, *, bare: bool
) -> dict[str, float]:
    """Return the figures; *bare* takes every identifier out of the reports."""
    first = among = sure = right = asked = 0
    for report in reports:
        source = report.source
        finding = report.finding
        if bare:
            finding = _without(finding)
        told = matches(features_of(finding), records)
        names = [match.id for match in told]
        for match in told:
            sure += match.sure
            right += match.sure and match.id == source
        if report.valid:
            asked += 1
            among += source in names
            first += names[:1] == [source]
    return {
        "reports": asked,
        "told": round(among / asked, 3),
        "told_first": round(first / asked, 3),
        "said_surely": sure,
        "of_these_right": right,
    }


def _without(finding: Finding) -> Finding:
    """Return the finding without anything that names the record."""
    return replace(
        finding,
        attachments=tuple(
            replace(a, text=_NUMBER.sub("", a.text or "")) for a in finding.attachments
        ),
        upstream_ids=(),
        references=(),
        fixed_commit=None,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("feeds", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    reports = read(options.folder)
    records = Records.of(options.feeds / "pysec.tar.xz")
    told = {
        "as_handed_in": measure(reports, records, bare=False),
        "without_identifiers": measure(reports, records, bare=True),
    }
    if options.json:
        print(json.dumps(told))
        return
    for name, figures in told.items():
        print(name, figures)


if __name__ == "__main__":
    main()
