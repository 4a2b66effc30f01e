"""Use case of finders: what became of my findings, each with its answer and its clocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.access.roles import Asker
from fairlead.access.traces import Moment
from fairlead.clearinghouse import reporting
from fairlead.clearinghouse.casework.timing import Clock
from fairlead.clearinghouse.intake import title_of
from fairlead.clearinghouse.ports import ClearinghouseUnit, Page
from fairlead.clearinghouse.reading import finding_in
from fairlead.clearinghouse.submissions import Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """One report, as its sender follows it."""

    submission: Submission
    about: str | None
    """Where its fault lies, by its own words; nothing where it cannot be read."""
    clocks: Sequence[Clock]


def follow(
    unit: ClearinghouseUnit, asker: Asker, page: Page, moment: Moment
) -> Sequence[Followed]:
    """Return the reports that *asker* may see, the newest first, with their clocks.

    On those of other organisations it leaves a trace.
    """
    seen = reporting.list_submissions(unit, asker, page, moment)
    return [
        Followed(
            submission=submission,
            about=_about(unit, submission),
            clocks=reporting.clocks(unit, submission),
        )
        for submission in seen
    ]


def _about(unit: ClearinghouseUnit, submission: Submission) -> str | None:
    finding = finding_in(unit, submission.id)
    return None if finding is None else title_of(finding)
