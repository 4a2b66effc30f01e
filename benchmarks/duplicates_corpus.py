"""Read labelled reports for the benchmark of duplicates."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from fairlead.base.ids import Receipt
from fairlead.clearinghouse.duplicates import Features, features_of
from fairlead.clearinghouse.duplicates.packages import Relation, relation
from fairlead.clearinghouse.findings import Finding
from fairlead.clearinghouse.intake import finding_of
from fairlead.formats.tap import TapReport

DISPUTED_BUGS = frozenset({"pillow-fli-packet-oob-read", "langchain-palchain-exec"})
DISPUTED_SOURCES = frozenset({"PYSEC-2022-169"})


class CorpusError(Exception):
    """A folder cannot be read as a corpus; the message says which line and field."""


@dataclass(frozen=True, slots=True)
class Report:
    """One labelled report."""

    finding: Finding
    features: Features
    bug: str
    valid: bool
    disputed: bool
    folder: str
    source: str
    """The public record of the bug."""


def read(folder: Path) -> list[Report]:
    """Return the reports in *folder*.

    Raises:
        CorpusError: a file or field is missing, or a report has no label.

    """
    if not folder.is_dir():
        message = f"{folder}: no such folder"
        raise CorpusError(message)
    labels = {
        _field(label, "report_id", place): (label, place)
        for label, place in _lines(folder / "labels.jsonl")
    }
    reports = []
    for line, place in _lines(folder / "reports.jsonl"):
        name = _field(line, "report_id", place)
        if name not in labels:
            message = f"{place}: {name!r} has no line in labels.jsonl"
            raise CorpusError(message)
        reports.append(_report(line, place, *labels[name], folder.name))
    if not reports:
        message = f"{folder / 'reports.jsonl'}: holds no reports"
        raise CorpusError(message)
    return reports


def _report(
    line: dict[str, object],
    place: str,
    label: dict[str, object],
    label_place: str,
    folder: str,
) -> Report:
    try:
        report = msgspec.convert(_field(line, "report", place), TapReport)
        finding = finding_of(Receipt(str(line["report_id"])), report)
    except (msgspec.ValidationError, ValueError) as error:
        message = f"{place}: field 'report': {error}"
        raise CorpusError(message) from error
    bug = str(_field(label, "bug", label_place))
    disputed = bug in DISPUTED_BUGS or label.get("source") in DISPUTED_SOURCES
    valid = bool(_field(label, "valid", label_place))
    source = str(label.get("source", ""))
    return Report(finding, features_of(finding), bug, valid, disputed, folder, source)


def _lines(path: Path) -> list[tuple[dict[str, object], str]]:
    if not path.is_file():
        message = f"{path}: no such file"
        raise CorpusError(message)
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        place = f"{path}:{number}"
        try:
            found.append((msgspec.json.decode(line, type=dict[str, object]), place))
        except msgspec.MsgspecError as error:
            message = f"{place}: no JSON object: {error}"
            raise CorpusError(message) from error
    return found


def _field(line: dict[str, object], name: str, place: str) -> object:
    if name not in line:
        message = f"{place}: field {name!r} is missing"
        raise CorpusError(message)
    return line[name]


def projects(reports: Sequence[Report]) -> list[int]:
    """Return the number of each report's project: reports on related packages."""
    group = list(range(len(reports)))
    for i, j in itertools.combinations(range(len(reports)), 2):
        if group[i] != group[j] and same_project(reports[i], reports[j]):
            old, new = group[j], group[i]
            group = [new if number == old else number for number in group]
    return group


def same_project(a: Report, b: Report) -> bool:
    """Whether two reports are on packages that have to do with one another."""
    return relation(a.features.packages, b.features.packages) >= Relation.KIN
