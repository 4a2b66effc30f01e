"""Who sees which part of a case: one table for pages, API, search and messages; pure.

| who | of the others who take part | messages, statements, tasks | who read the case |
|---|---|---|---|
| coordinator | all | all | all |
| owner | owners, finders | for everyone, for it | all |
| finder | owners | for everyone, for it | all |
| member | owners | for everyone, for it | its own |

Everybody sees itself. Who may not see the case sees no part of it, and being merged with
it makes nobody one of these (promise P6).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fairlead.access.roles import Asker, Scope
from fairlead.access.traces import Trace
from fairlead.base.ids import OrganisationId
from fairlead.clearinghouse import cases
from fairlead.clearinghouse.cases import Case, Part
from fairlead.record.events import Event

KNOWN: Mapping[Part, frozenset[Part]] = {
    Part.OWNER: frozenset({Part.OWNER, Part.FINDER}),
    Part.FINDER: frozenset({Part.OWNER}),
    Part.MEMBER: frozenset({Part.OWNER}),
}
"""By somebody's part: of which others it knows that they take part."""

SEES_READINGS = frozenset({Part.OWNER, Part.FINDER})
"""Parts that see everyone who read the case (promise P5)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seat:
    """As what somebody sits at the table of a case."""

    coordinates: bool
    organisation: OrganisationId | None
    part: Part | None
    """Nothing for coordinators, unless their organisation takes part too."""

    @property
    def own(self) -> OrganisationId | None:
        """Return the organisation for which it takes part, if it does."""
        return self.organisation if self.part else None


def seat_of(case: Case, asker: Asker) -> Seat:
    """Return as what *asker* sits at the table of *case*, which it may see."""
    organisation = asker.organisation
    return Seat(
        coordinates=asker.may(Scope.CASE_READ_ALL),
        organisation=organisation,
        part=case.participants.get(organisation) if organisation else None,
    )


def known(case: Case, seat: Seat) -> dict[OrganisationId, Part]:
    """Return those who take part, as far as *seat* knows of them."""
    if seat.coordinates:
        return dict(case.participants)
    others = KNOWN[seat.part] if seat.part else frozenset()
    return {
        organisation: part
        for organisation, part in case.participants.items()
        if part in others or organisation == seat.organisation
    }


def tells(event: Event, about: Mapping[OrganisationId, Part], seat: Seat) -> bool:
    """Tell whether *event* of the case tells *seat* of nobody that it may not know."""
    match event.fact:
        case cases.ParticipantReadIn() | cases.ParticipantReadOut() as fact:
            return seat.coordinates or fact.organisation in about
    return True


def reads(trace: Trace, seat: Seat) -> bool:
    """Tell whether *seat* sees that somebody read the case."""
    if seat.coordinates or seat.part in SEES_READINGS:
        return True
    return trace.organisation is not None and trace.organisation == seat.organisation
