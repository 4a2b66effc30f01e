"""Use cases: results, determinations, partners, closing and destruction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fairlead.access.roles import Scope
from fairlead.base.agenda import Job, Timer
from fairlead.base.ids import (
    AssessmentId,
    DeterminationId,
    EngagementId,
    OrganisationId,
    new_assessment_id,
    new_determination_id,
)
from fairlead.base.ports import Randomness
from fairlead.errors import NotAllowed, NotFound
from fairlead.review import determination, facts, handing, living, partnering, results
from fairlead.review.determination import Determination, Finding
from fairlead.review.engagement import Engagement, Partner
from fairlead.review.granting import SYSTEM
from fairlead.review.parties import Party, save
from fairlead.review.ports import ReviewUnit
from fairlead.review.results import Shown
from fairlead.review.rules import Rules
from fairlead.review.window import Ending
from fairlead.terms.clauses import Purpose, Side

DESTROYER = "system/destruction"


# --- Results ---------------------------------------------------------------------------


def deliver(
    unit: ReviewUnit,
    party: Party,
    measured: facts.Measured,
    *,
    at: datetime,
    randomness: Randomness,
) -> AssessmentId:
    """Deliver an assessment to the developer, who has it before anybody else."""
    visitor = party.visitor
    party.asker.needs(Scope.ASSESSMENT_DELIVER)
    if visitor is None or "evaluator" not in visitor.roles:
        raise NotAllowed("a named evaluator delivers what it measured")
    name = new_assessment_id(randomness)
    save(unit, party, results.delivered(party.engagement, name, measured, at=at), at=at)
    return name


def reply(  # noqa: PLR0913 - one value a thing that must be said
    unit: ReviewUnit,
    party: Party,
    assessment: AssessmentId,
    text: str,
    *,
    passes_on: bool,
    at: datetime,
) -> Engagement:
    """Answer an assessment, as the developer; the answer travels with it."""
    party.needs(Side.DEVELOPER)
    said = results.answered(party.engagement, assessment, text, passes_on=passes_on)
    return save(unit, party, said, at=at)


def assessments(party: Party, purpose: Purpose, *, now: datetime) -> Sequence[Shown]:
    """Return the assessments that *party* may know of, each as far as it may see it.

    Whoever keeps the engagement for the programme and is not named in it sees none.
    """
    if party.side is not Side.DEVELOPER and party.visitor is None:
        return []
    found = (
        results.shown(
            party.engagement,
            name,
            party.visitor,
            purpose,
            actor=party.asker.actor,
            now=now,
        )
        for name in party.engagement.assessments
    )
    return [shown for shown in found if shown is not None]


# --- Determination ---------------------------------------------------------------------


def determine(  # noqa: PLR0913 - one value a thing that must be said
    unit: ReviewUnit,
    party: Party,
    finding: Finding,
    reasons: str,
    *,
    cites: Sequence[AssessmentId],
    rules: Rules,
    at: datetime,
    randomness: Randomness,
) -> Determination:
    """Decide, as a named official who was verified just now; scores never do it.

    Raises:
        NotAllowed: it is not an official who is named in the engagement.

    """
    _needs_official(party, at)
    said = determination.made(party.engagement, finding, reasons, cites, rules, at=at)
    name = new_determination_id(randomness)
    made = unit.determinations.save(None, said, name=name, by=party.asker.actor, at=at)
    unit.agenda.schedule(Timer.DETERMINATION, name, due=made.lapses_at)
    return made


def reconsider(  # noqa: PLR0913 - one value a thing that must be said
    unit: ReviewUnit,
    party: Party,
    name: DeterminationId,
    finding: Finding,
    reasons: str,
    *,
    rules: Rules,
    at: datetime,
) -> Determination:
    """Decide anew, with reasons; what was said before stays on the record."""
    _needs_official(party, at)
    before = unit.determinations.get(name)
    if before.engagement != party.engagement.id:
        raise NotFound(f"no determination {name!r}")
    said = determination.reconsidered(before, finding, reasons, rules, at=at)
    after = unit.determinations.save(
        before, said, name=name, by=party.asker.actor, at=at
    )
    unit.agenda.schedule(Timer.DETERMINATION, name, due=after.lapses_at)
    return after


def ring_determination(
    unit: ReviewUnit, name: DeterminationId, *, at: datetime
) -> None:
    """Destroy the reasons of a determination that has lapsed; that it was stays."""
    known = unit.determinations.get(name)
    if known.lapsed(at):
        lapsed = determination.DeterminationLapsed()
        unit.determinations.save(known, [lapsed], name=name, by=SYSTEM, at=at)
        unit.determinations.destroy(name, at=at)


def determinations(
    unit: ReviewUnit, party: Party, *, now: datetime
) -> Sequence[Determination]:
    """Return what was determined, as far as *party* may know: the developer first."""
    found = unit.determinations.of(party.engagement.id)
    official = party.visitor is not None and "official" in party.visitor.roles
    if party.side is Side.DEVELOPER or official:
        return found
    if party.side is Side.PARTNER:
        return []
    return [known for known in found if now >= known.others_from]


def _needs_official(party: Party, at: datetime) -> None:
    party.asker.needs(Scope.DETERMINATION_MAKE)
    party.asker.needs_verified(at)
    visitor = party.visitor
    if visitor is None or "official" not in visitor.roles:
        raise NotAllowed("an official who is named in the engagement determines")


# --- Trusted partners ------------------------------------------------------------------


def nominate(  # noqa: PLR0913 - one value a thing that must be said
    unit: ReviewUnit,
    party: Party,
    partner: OrganisationId,
    why: str,
    rules: Rules,
    *,
    small_operator: bool,
    at: datetime,
) -> Engagement:
    """Propose a trusted partner, as either side.

    Raises:
        NotFound: no such organisation.

    """
    party.needs(Side.DEVELOPER, Side.PROGRAMME)
    unit.organisations.get(partner)
    said = partnering.nominated(
        party.engagement,
        partner,
        party.side,
        why,
        rules,
        small_operator=small_operator,
    )
    return save(unit, party, said, at=at)


def consent(
    unit: ReviewUnit, party: Party, partner: OrganisationId, *, at: datetime
) -> Engagement:
    """Consent to a partner, as the developer."""
    party.needs(Side.DEVELOPER)
    return save(unit, party, partnering.agreed(party.engagement, partner), at=at)


def let_in(
    unit: ReviewUnit, party: Party, partner: OrganisationId, *, at: datetime
) -> Engagement:
    """Open a partner's own access, as the developer; the programme's is over then."""
    party.needs(Side.DEVELOPER)
    after = save(
        unit, party, partnering.opened(party.engagement, partner, at=at), at=at
    )
    ends = after.partners[partner].ends
    assert ends is not None  # noqa: S101 - what opening says
    unit.agenda.schedule(Timer.PARTNER, f"{after.id}/{partner}", due=ends)
    return after


def remove_partner(
    unit: ReviewUnit, party: Party, partner: OrganisationId, *, at: datetime
) -> Engagement:
    """End a partner's access at once, as either side."""
    party.needs(Side.DEVELOPER, Side.PROGRAMME)
    said = partnering.removed(party.engagement, partner, Ending.REMOVED)
    return save(unit, party, said, at=at)


def ring_partner(unit: ReviewUnit, subject: str, *, at: datetime) -> None:
    """Note that a partner's access ended, at its end."""
    name, _, partner = subject.partition("/")
    engagement = unit.engagements.get(EngagementId(name))
    known: Partner | None = engagement.partners.get(OrganisationId(partner))
    if (
        known is None
        or known.ended is not None
        or known.ends is None
        or at < known.ends
    ):
        return
    said = partnering.removed(engagement, OrganisationId(partner), Ending.TIME)
    unit.engagements.save(engagement, said, name=engagement.id, by=SYSTEM, at=at)


# --- Closing ---------------------------------------------------------------------------


def close(unit: ReviewUnit, party: Party, rules: Rules, *, at: datetime) -> Engagement:
    """Begin to close, as either side: all access is over, and holders destroy."""
    party.needs(Side.DEVELOPER, Side.PROGRAMME)
    after = save(unit, party, living.closing(party.engagement), at=at)
    due = at + rules.destroy_after
    unit.agenda.schedule(Timer.DESTRUCTION, after.id, due=due)
    return after


def state_destroyed(
    unit: ReviewUnit, party: Party, text: str, *, at: datetime
) -> Engagement:
    """State what one's own organisation destroyed."""
    organisation = party.asker.organisation
    if organisation is None or not (party.keeps or party.side is Side.PARTNER):
        raise NotAllowed("somebody who keeps the engagement for its side states it")
    said = living.stated(party.engagement, party.side, organisation, text)
    return save(unit, party, said, at=at)


def destroy(unit: ReviewUnit, party: Party, *, at: datetime) -> Engagement:
    """Destroy what is kept here, as either side; it cannot be undone."""
    party.needs(Side.DEVELOPER, Side.PROGRAMME)
    party.asker.needs_verified(at)
    return _destroyed(unit, party.engagement, by=party.asker.actor, at=at)


def ring_destruction(unit: ReviewUnit, name: EngagementId, *, at: datetime) -> None:
    """Destroy what is kept here, at the instant that closing or withdrawing set."""
    engagement = unit.engagements.get(name)
    if not engagement.destroyed:
        _destroyed(unit, engagement, by=DESTROYER, at=at)


def note_opening(
    unit: ReviewUnit, name: EngagementId, what: str, *, opened: bool, at: datetime
) -> Engagement:
    """Put on record that somebody tried to open what was destroyed."""
    engagement = unit.engagements.get(name)
    said = living.tried(engagement, what, opened=opened)
    return unit.engagements.save(engagement, said, name=name, by=DESTROYER, at=at)


def _destroyed(
    unit: ReviewUnit, engagement: Engagement, *, by: str, at: datetime
) -> Engagement:
    after = unit.engagements.save(
        engagement, living.destroyed(engagement), name=engagement.id, by=by, at=at
    )
    handing.destroy(unit, engagement, at=at)
    unit.engagements.destroy(engagement.id, at=at)
    unit.agenda.enqueue(Job.DESTROY_ENGAGEMENT, engagement.id, at=at)
    return after
