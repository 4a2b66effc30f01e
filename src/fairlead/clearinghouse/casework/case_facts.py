"""What has always happened to cases: findings come and go, states, parts, publication."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from fairlead.base.ids import AdvisoryId, CaseId, OrganisationId, Receipt
from fairlead.base.markings import Label
from fairlead.clearinghouse.casework.states import State
from fairlead.clearinghouse.casework.words import Explained, Titled
from fairlead.record.events import Fact


class CaseOpened(Fact, frozen=True, tag="case.opened@2"):
    """A finding like no other opened a case."""

    finding: Receipt
    marking: Label
    embargo_until: datetime
    """At the latest: it counts from delivery to the owner, which is still to come."""
    embargo_rule: str
    ends_at: datetime
    holding_until: datetime | None
    """By when it is delivered, or somebody decides; unknown to what was recorded first."""
    holding_rule: str
    body: Titled | None = None


class FindingAdded(Fact, frozen=True, tag="case.finding_added@1"):
    """Another finding of the same bug joined the case."""

    finding: Receipt


class CaseAbsorbed(Fact, frozen=True, tag="case.absorbed@1"):
    """The findings of another case joined this one."""

    other: CaseId
    findings: int


class CaseMerged(Fact, frozen=True, tag="case.merged@1"):
    """All findings of this case went to another one."""

    into: CaseId


class FindingParted(Fact, frozen=True, tag="case.finding_parted@1"):
    """A finding turned out to be another bug, and left the case."""

    finding: Receipt
    to: CaseId


class CaseRestored(Fact, frozen=True, tag="case.restored@1"):
    """A merge was undone: the case is one of its own again, as it was before.

    Its findings join one by one.
    """


class CaseMoved(Fact, frozen=True, tag="case.moved@1"):
    """Somebody moved the case."""

    to: State
    body: Explained | None = None


class Part(StrEnum):
    """As what an organisation takes part in a case."""

    OWNER = "owner"
    """It maintains the software; the verdict is its own."""
    FINDER = "finder"
    """It found the vulnerability, or conveyed who did."""
    MEMBER = "member"
    """It helps: with evidence, a fix, or those who run the software."""


class ParticipantReadIn(Fact, frozen=True, tag="case.participant_read_in@2"):
    """An organisation may see the case from now on."""

    organisation: OrganisationId
    part: Part


class ParticipantReadOut(Fact, frozen=True, tag="case.participant_read_out@1"):
    """An organisation may not see the case any more."""

    organisation: OrganisationId


class AdvisoryPublished(Fact, frozen=True, tag="case.advisory_published@2"):
    """The case is public, as this advisory."""

    advisory: AdvisoryId
    due: datetime | None
    """For when it was scheduled; nothing where somebody published it there and then."""


class Weighing(Struct, frozen=True, kw_only=True):
    """What somebody said of a case's urgency; as confidential as its findings."""

    values: dict[str, str]
    """By decision point: its value; an empty one takes back what was said."""
    names: tuple[str, ...]
    """CVEs and other identifiers by which it is looked up in the catalogue."""
    reason: str


class CaseWeighed(Fact, frozen=True, tag="case.weighed@1"):
    """Somebody gave inputs by which the urgency of the case is evaluated."""

    body: Weighing | None = None


class Ground(StrEnum):
    """Why a case was destroyed; in words of a list, since it outlives the case."""

    END = "its time was over"
    REQUEST = "those concerned asked for it"
    LAW = "the law asks for it"
    MISTAKE = "it should not have been kept"


class CaseDestroyed(Fact, frozen=True, tag="case.destroyed@1"):
    """Everything confidential about the case was destroyed."""

    ground: Ground
