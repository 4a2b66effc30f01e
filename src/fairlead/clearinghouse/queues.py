"""The work queue: which cases a person wants to see, in what order, a page at a time.

What cases are found by besides their own state follows from their findings: how severe
they are said to be, which project they are about, how their senders were answered. These
are *marks*; the store keeps them beside the cases, and makes them anew at any time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cvss.exceptions import CVSSError

from fairlead.base import instants
from fairlead.base.ids import CaseId, OrganisationId, ViewId
from fairlead.clearinghouse.cases import Case, State
from fairlead.clearinghouse.duplicates.packages import (
    ecosystem_of,
    identities_of,
    package_names,
)
from fairlead.clearinghouse.findings import Finding
from fairlead.clearinghouse.submissions import Outcome
from fairlead.errors import Invalid, Violation
from fairlead.formats.csaf_scores import scored

ME = "me"
"""Stands for whoever looks, so that a saved view is everyone's own."""

WORKED_ON = (State.OPEN, State.TRIAGED, State.WITH_OWNER, State.FIXED)
"""States of cases that somebody has something to do for."""

LOOKED_AT = 10_000
"""Cases that are looked at for one page, at most, where no index leads to them alone."""


ECOSYSTEM = "ecosystem "
"""With what the mark of an ecosystem begins."""


class Severity(StrEnum):
    """How severe a vulnerability is said to be (CVSS 4.0, qualitative ratings)."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Answer(StrEnum):
    """How the senders of a case's findings were answered."""

    NEW = "new"
    """It has one finding, and nothing like it was known."""
    KNOWN = "already known"
    """It has several findings of the same bug."""
    IN_REVIEW = "in review"
    """A coordinator is asked whether one of its findings is a known bug."""


class Order(StrEnum):
    """In what order cases are listed."""

    NEWEST = "newest"
    """The one opened last comes first."""
    DUE = "due"
    """The one whose next clock runs out first; only cases that are worked on."""


class Due(StrEnum):
    """Until when the next clock of a case runs out."""

    WEEK = "7 days"
    MONTH = "30 days"

    @property
    def within(self) -> timedelta:
        """Return how long that is from now."""
        return timedelta(days=7 if self is Due.WEEK else 30)


_WORDS = {
    "critical": Severity.CRITICAL,
    "high": Severity.HIGH,
    "important": Severity.HIGH,
    "medium": Severity.MEDIUM,
    "moderate": Severity.MEDIUM,
    "low": Severity.LOW,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Facets:
    """By what a finding is found in the queue."""

    severity: Severity | None = None
    projects: tuple[str, ...] = ()
    """Names of the package that it is about, in lower case."""
    ecosystem: str | None = None
    """Where the package comes from, if that is one of the known places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Marked:
    """A finding that is filed in a case, as far as the queue is concerned."""

    outcome: Outcome | None
    marks: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which cases somebody wants to see; what is empty narrows nothing down."""

    states: tuple[State, ...] = ()
    words: str = ""
    """Each must be a word of the title, or a part of one between underscores."""
    project: str = ""
    severity: Severity | None = None
    answer: Answer | None = None
    due: Due | None = None
    coordinator: str = ""
    """Who answers for it, such as `per-…`; `me` is whoever looks."""
    order: Order = Order.NEWEST


@dataclass(frozen=True, slots=True)
class Place:
    """A case's place in the order, from which a page goes on."""

    at: datetime
    case: CaseId

    def __str__(self) -> str:
        """Write it, as `parse` reads it."""
        return f"{instants.text(self.at)}_{self.case}"

    @classmethod
    def parse(cls, written: str) -> Place | None:
        """Read a place; an empty one is the beginning.

        Raises:
            Invalid: it was not written by this class.

        """
        if not written:
            return None
        at, found, case = written.partition("_")
        if not found or not case or len(case) > len("FL-") + 37:
            raise Invalid(
                "this is no place in the queue; begin at its first page",
                [Violation("invalid_field", "from", "take it from the link")],
            )
        return cls(instants.parse(at, field="from"), CaseId(case))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """One page of the queue."""

    cases: Sequence[Case]
    severities: Mapping[CaseId, Severity]
    answers: Mapping[CaseId, Answer]
    following: Place | None = None
    """From where it goes on, if it does."""
    looked_at: int | None = None
    """So many cases were looked at and no more, though there are; see `LOOKED_AT`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What somebody wants to see again and again, under a name."""

    id: ViewId
    person: str
    organisation: OrganisationId
    made_at: datetime
    name: str
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Count:
    """How many cases there are of a state, as far as they are counted."""

    known: int
    more: bool = False


def facets_of(finding: Finding) -> Facets:
    """Return by what *finding* is found: what it says, not what anybody judged."""
    identities = identities_of(finding)
    names = {identity.rsplit("/", 1)[-1] for identity in identities}
    names |= {*identities, *package_names(identities)}
    return Facets(
        severity=_severity(finding),
        projects=tuple(sorted(names)),
        ecosystem=ecosystem_of(identities),
    )


def marks_of(facets: Facets) -> frozenset[str]:
    """Return the marks of a finding, those of its projects still in clear."""
    found = {project_mark(name) for name in facets.projects}
    if facets.severity is not None:
        found.add(severity_mark(facets.severity))
    if facets.ecosystem is not None:
        found.add(f"{ECOSYSTEM}{facets.ecosystem}")
    return frozenset(found)


def marks_of_case(findings: Sequence[Marked]) -> frozenset[str]:
    """Return the marks of a case with these *findings*; the highest severity counts."""
    every = frozenset[str]().union(*(finding.marks for finding in findings))
    levels = [severity_mark(severity) for severity in Severity]
    highest = next((mark for mark in levels if mark in every), None)
    # No case is looked for by its ecosystem; that is only counted.
    kept = frozenset(m for m in every.difference(levels) if not m.startswith(ECOSYSTEM))
    if highest is not None:
        kept |= {highest}
    if not findings:
        return kept
    if any(finding.outcome is Outcome.IN_REVIEW for finding in findings):
        return kept | {answer_mark(Answer.IN_REVIEW)}
    said = Answer.KNOWN if len(findings) > 1 else Answer.NEW
    return kept | {answer_mark(said)}


def next_due(case: Case) -> datetime | None:
    """Return when the next clock of *case* runs out: holding, or its embargo."""
    clocks = [case.holding_until] if case.held_back and not case.holding_over else []
    if not case.embargo_over:
        clocks.append(case.embargo_until)
    return min(clocks, default=None)


def severity_mark(severity: Severity) -> str:
    """Return the mark of cases that are so severe."""
    return f"severity {severity}"


def answer_mark(answer: Answer) -> str:
    """Return the mark of cases whose senders were so answered."""
    return f"answer {answer}"


def project_mark(name: str) -> str:
    """Return the mark of cases about the project of this name, or package URL."""
    plain = name.strip().casefold().removeprefix("pkg:")
    return f"project {plain.partition('@')[0].rstrip('/')}"


def _severity(finding: Finding) -> Severity | None:
    """Return how severe it is: by its vector if that can be read, else as it says."""
    if finding.cvss_vector:
        try:
            return _WORDS.get(scored(finding.cvss_vector)["baseSeverity"].casefold())
        except CVSSError:
            pass  # It was valid for its sender; what it says in words is left.
    return _WORDS.get((finding.severity or "").strip().casefold())
