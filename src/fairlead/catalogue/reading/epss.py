"""Scores of the Exploit Prediction Scoring System (FIRST), as its daily CSV."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date, datetime

from msgspec import Struct

from fairlead.catalogue.reading.documents import invalid
from fairlead.errors import Invalid

_ABOUT = re.compile(r"#.*score_date:(?P<at>[^,\s]+)")
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}")


class Score(Struct, frozen=True):
    """How likely a vulnerability is exploited within 30 days, by one day's model."""

    cve: str
    probability: float
    percentile: float
    at: str
    """The day the score is of: `2026-08-18`."""


def reads(first_line: str) -> bool:
    """Tell whether a file that begins so is one of EPSS."""
    return first_line.startswith(("#model_version", "cve,epss"))


def scores(document: str) -> Iterator[tuple[str, Score | Invalid]]:
    """Return each score with its line, or what is wrong with it.

    Raises:
        Invalid: the day of the scores is not said.

    """
    lines = document.splitlines()
    about = _ABOUT.match(lines[0]) if lines else None
    if about is None:
        raise invalid("line 1", "no score_date: begin as EPSS does, #model_version:…")
    at = _day(about["at"])
    for number, row in enumerate(csv.reader(lines[1:]), 2):
        if row[:1] == ["cve"] or not row:
            continue
        place = f"line {number}"
        try:
            yield place, _score(row, at, place)
        except Invalid as error:
            yield place, error


def _score(row: list[str], at: str, place: str) -> Score:
    try:
        cve, probability, percentile = row[0], float(row[1]), float(row[2])
    except (IndexError, ValueError) as error:
        raise invalid(place, "must be cve,epss,percentile") from error
    if not _CVE.fullmatch(cve):
        raise invalid(place, f"{cve[:40]!r} is no CVE")
    if not (0 <= probability <= 1 and 0 <= percentile <= 1):
        raise invalid(place, "a probability is between 0 and 1")
    return Score(cve, probability, percentile, at)


def _day(written: str) -> str:
    try:
        return datetime.fromisoformat(written).date().isoformat()
    except ValueError:
        pass
    try:
        return date.fromisoformat(written[:10]).isoformat()
    except ValueError as error:
        raise invalid("line 1", f"{written[:40]!r} is no date") from error
