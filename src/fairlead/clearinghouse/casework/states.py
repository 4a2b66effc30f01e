"""Where a case stands, what can follow, and what a programme decides about cases."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from fairlead.base.markings import Label
from fairlead.clearinghouse.casework.embargo import Embargoes


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a programme decides about cases."""

    holding: timedelta = timedelta(days=45)
    """From intake to delivery to a verified owner; then a coordinator must decide."""
    holding_critical: timedelta = timedelta(days=7)
    """The same for what is critical."""
    embargo: timedelta = timedelta(days=90)
    """From delivery on, unless something binding says otherwise."""
    embargo_rule: str = "programme default: 90 days from delivery to the owner"
    """The rule as it is cited."""
    adoption: timedelta = timedelta(days=45)
    """From a fix that is out, for those who run the software to take it."""
    collision: timedelta = timedelta(days=21)
    """From when others are known to have found it too, at most."""
    exposed: timedelta = timedelta(days=7)
    """From when exploitation or a leak became known to guidance."""
    disclosure: timedelta = timedelta(days=21)
    """From the decision to disclose without an owner."""
    case_lasts: timedelta = timedelta(days=365)
    """Every case has an end (promise P11)."""
    marking: Label = Label.AMBER
    candidates: int = 40
    """How many earlier findings a new one is compared with, at most."""

    @property
    def embargoes(self) -> Embargoes:
        """What is decided about embargoes."""
        return Embargoes(
            default=self.embargo,
            cited=self.embargo_rule,
            adoption=self.adoption,
            collision=self.collision,
            exposed=self.exposed,
            disclosure=self.disclosure,
        )


class State(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    TRIAGED = "triaged"
    WITH_OWNER = "with owner"
    FIXED = "fixed"
    PUBLISHED = "published"
    CLOSED = "closed"
    REJECTED = "rejected"
    MERGED = "merged"


MOVES: dict[State, frozenset[State]] = {
    State.OPEN: frozenset({State.TRIAGED, State.REJECTED, State.MERGED}),
    State.TRIAGED: frozenset(
        {State.WITH_OWNER, State.PUBLISHED, State.REJECTED, State.MERGED}
    ),
    State.WITH_OWNER: frozenset({State.FIXED, State.PUBLISHED, State.REJECTED}),
    State.FIXED: frozenset({State.PUBLISHED}),
    State.PUBLISHED: frozenset({State.CLOSED}),
    State.REJECTED: frozenset({State.TRIAGED}),
    State.CLOSED: frozenset(),
    State.MERGED: frozenset({State.OPEN, State.TRIAGED}),
}
"""What can follow what; the picture in the docs is drawn from this table."""

DESTROYABLE = frozenset({State.CLOSED, State.REJECTED, State.MERGED})
"""States in which what is confidential about a case can be destroyed."""

ENDED = frozenset({State.CLOSED, State.REJECTED, State.MERGED})
"""States in which nobody works on a case; from any other one its end closes it."""

DOUBT = timedelta(seconds=2)
"""A clock that shows so much less than what was recorded last is not believed."""

BY_OWN_COMMAND = frozenset({State.PUBLISHED, State.MERGED})
"""States reached by publishing and by merging, not by moving; undoing a merge leaves
the latter."""
