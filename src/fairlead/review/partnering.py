"""Rules of trusted partners: chosen by both, in sequence, each with its own end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from fairlead.base.ids import OrganisationId
from fairlead.errors import Invalid, NotAllowed, Refused, Violation
from fairlead.record.events import Fact
from fairlead.review import facts, living
from fairlead.review.agreeing import needs_alive, text_of
from fairlead.review.engagement import Engagement, State
from fairlead.review.rules import Rules
from fairlead.review.window import Ending, Window, doubtful
from fairlead.terms.clauses import Side


def nominated(  # noqa: PLR0913 - one value a thing that must be said
    engagement: Engagement,
    partner: OrganisationId,
    side: Side,
    why: str,
    rules: Rules,
    *,
    small_operator: bool,
) -> Sequence[Fact]:
    """Return what a nomination means; the developer's own is its consent too.

    Raises:
        Refused: no terms hold, it was nominated, or no place is left for such as it.
        Invalid: a party cannot be its own partner.

    """
    needs_alive(engagement)
    terms = engagement.terms
    if terms is None:
        raise Refused("partners are chosen once terms hold")
    if partner in {terms.developer.organisation, terms.programme.organisation}:
        raise Invalid(
            "partner: name an organisation that is neither side",
            [Violation("same_party", "partner", "must be a third organisation")],
        )
    if partner in engagement.partners:
        raise Refused("this organisation was nominated")
    others = [p for p in engagement.partners.values() if p.ended is None]
    general = sum(not other.small_operator for other in others)
    if len(others) >= rules.partners:
        raise Refused(f"{rules.partners} partners are the most of one engagement")
    if not small_operator and general >= rules.partners - rules.small_operators:
        raise Refused(
            f"the last {rules.small_operators} places are kept for small operators:"
            " rural hospitals, community banks, local utilities"
        )
    said: list[Fact] = [
        facts.PartnerNominated(
            partner=partner,
            by=side,
            small_operator=small_operator,
            body=facts.Said(text=text_of(why, "why")),
        )
    ]
    if side is Side.DEVELOPER:
        said.append(facts.PartnerAgreed(partner=partner))
    return said


def agreed(engagement: Engagement, partner: OrganisationId) -> Sequence[Fact]:
    """Return what the developer's consent means.

    Raises:
        Refused: nobody nominated it, or it has consent.

    """
    needs_alive(engagement)
    known = engagement.partners.get(partner)
    if known is None or known.agreed or known.ended is not None:
        raise Refused("there is no nomination of this organisation to consent to")
    return [facts.PartnerAgreed(partner=partner)]


def opened(
    engagement: Engagement, partner: OrganisationId, *, at: datetime
) -> Sequence[Fact]:
    """Return what opening a partner's own access means: the programme's is over.

    Raises:
        NotAllowed: the developer has not consented.
        Refused: it is not its turn, or it has access.

    """
    known = engagement.partners.get(partner)
    if known is None or not known.agreed:
        raise NotAllowed("a partner gets access with the developer's consent only")
    if known.opens is not None and known.ended is None:
        raise Refused("this partner has access")
    if engagement.terms is None or engagement.state not in {
        State.OPEN,
        State.RESULTS,
        State.PARTNERS,
    }:
        raise Refused("partners come after the programme's own window")
    if doubtful(at, engagement.last_at):
        raise Refused("the clock went back behind what was recorded; mend it first")
    length = timedelta(days=engagement.terms.partner_days)
    window = Window(opens=at, ends=at + length)
    return [
        *living.ended(engagement, Ending.RELEASED),
        facts.PartnerOpened(partner=partner, opens=window.opens, ends=window.ends),
    ]


def removed(
    engagement: Engagement, partner: OrganisationId, ending: Ending
) -> Sequence[Fact]:
    """Return what ending a partner's access means; it is over at once.

    Raises:
        Refused: nobody nominated it, or it is over.

    """
    known = engagement.partners.get(partner)
    if known is None or known.ended is not None:
        raise Refused("this organisation is no partner, or not any more")
    return [facts.PartnerRemoved(partner=partner, ending=ending)]
