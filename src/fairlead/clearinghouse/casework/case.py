"""One case, as its events make it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from fairlead.base.ids import AdvisoryId, CaseId, OrganisationId, PersonId, Receipt
from fairlead.base.markings import Label
from fairlead.catalogue.priority.assessing import Given
from fairlead.clearinghouse.casework.case_facts import Part
from fairlead.clearinghouse.casework.delivered import Answered, Delivery
from fairlead.clearinghouse.casework.embargo import Embargo, Term
from fairlead.clearinghouse.casework.facts import Exposure, Extension
from fairlead.clearinghouse.casework.states import (
    BY_OWN_COMMAND,
    DESTROYABLE,
    DOUBT,
    ENDED,
    MOVES,
    State,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One vulnerability under coordination."""

    id: CaseId
    title: str | None
    """Nothing once it was erased."""
    state: State = State.OPEN
    marking: Label
    opened_at: datetime
    moved_at: datetime
    embargo_until: datetime
    embargo_rule: str
    embargo_over: bool = False
    embargo_terms: tuple[Term, ...] = ()
    """Every rule that was found to apply; the tightest that binds is the embargo."""
    holding_until: datetime
    """By when it is delivered to a verified owner, or a coordinator decides."""
    holding_rule: str
    deliveries: tuple[Delivery, ...] = ()
    """To which verified owners it got, the first first."""
    answers: dict[str, Answered] = field(default_factory=dict)
    """The last word of each owner, by the owner's name."""
    coordinator: PersonId | None = None
    """Who answers for it: who was named, else who first moved it."""
    holding_over: bool = False
    """Its ceiling came before it got to its owner."""
    extensions: tuple[Extension, ...] = ()
    """Every end that somebody put off."""
    exposed: Exposure | None = None
    """It is exploited or was leaked."""
    disclosing: bool = False
    """It is being disclosed without its owner."""
    fixed_at: datetime | None = None
    """Since when a fix is out."""
    vectors: tuple[str, ...] = ()
    """Its severity in CVSS, the newest version first."""
    ranges: tuple[str, ...] = ()
    """Affected versions, each as VERS."""
    held: int | None = None
    """The event that holds the advisory that is ready to go out."""
    publication_due: datetime | None = None
    """When that one goes out by itself."""
    touched_at: datetime
    """When something last happened to it; a clock that shows less is doubtful."""
    ends_at: datetime
    findings: int = 1
    opened_for: Receipt
    """The finding that opened it, which it goes with when findings part."""
    participants: dict[OrganisationId, Part] = field(default_factory=dict)
    """Who may see it besides the coordinators, and as what."""
    merged_into: CaseId | None = None
    before_merge: State | None = None
    """Where it stood when it became part of another one."""
    advisory: AdvisoryId | None = None
    destroyed: bool = False
    given: dict[str, Given] = field(default_factory=dict)
    """By decision point: what was said of its urgency."""
    names: tuple[str, ...] = ()
    """What the vulnerability is called where others publish."""
    version: int = 1

    @property
    def embargo(self) -> Embargo:
        """Return what is decided about its embargo."""
        return Embargo(
            case=self.id,
            until=self.embargo_until,
            rule=self.embargo_rule,
            over=self.embargo_over,
            terms=self.embargo_terms,
            latest=self.ends_at,
        )

    @property
    def delivered_at(self) -> datetime | None:
        """When it first got to a verified owner, if it did."""
        return self.deliveries[0].at if self.deliveries else None

    @property
    def mergeable(self) -> bool:
        """Tell whether the case may still become part of another one by itself."""
        return State.MERGED in MOVES[self.state]

    @property
    def next_states(self) -> tuple[State, ...]:
        """Return where a person can move the case, in the order of `State`."""
        if self.state is State.MERGED:
            return ()
        ahead = MOVES[self.state] - BY_OWN_COMMAND
        return tuple(state for state in State if state in ahead)

    @property
    def settled(self) -> bool:
        """Tell whether others rely on it: with its owner, or past that."""
        return self.state is not State.MERGED and not self.mergeable

    @property
    def destroyable(self) -> bool:
        """Tell whether nobody works on the case any more."""
        return self.state in DESTROYABLE and not self.destroyed

    @property
    def publishable(self) -> bool:
        """Tell whether an advisory may follow, embargo aside."""
        way = self.state is not State.TRIAGED or self.disclosing or bool(self.exposed)
        return way and State.PUBLISHED in MOVES[self.state]

    @property
    def held_back(self) -> bool:
        """Tell whether its holding clock runs: nobody decided yet how it goes on."""
        done = self.deliveries or self.disclosing or self.exposed
        return (
            not done and self.state not in ENDED and self.state is not State.PUBLISHED
        )

    def doubts(self, at: datetime) -> bool:
        """Tell whether a clock that shows *at* is not to be believed (promise P2)."""
        return at < self.touched_at - DOUBT
