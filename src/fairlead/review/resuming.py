"""Timers of engagements, made anew from what is on the record."""

from __future__ import annotations

from datetime import datetime

from fairlead.access.visibility import Always
from fairlead.base.agenda import Job, Timer
from fairlead.base.pages import Page
from fairlead.review.engagement import Engagement, State
from fairlead.review.ports import ReviewUnit
from fairlead.review.rules import Rules

AT_ONCE = 500


def resume(unit: ReviewUnit, rules: Rules, *, at: datetime) -> None:
    """Have everything ring that is to ring, and go on with what was under way."""
    after = 0
    while found := unit.engagements.seen(Always(), Page(after=after, size=AT_ONCE)):
        for engagement in found:
            _resume(unit, engagement, rules, at)
        after += AT_ONCE


def _resume(
    unit: ReviewUnit, engagement: Engagement, rules: Rules, at: datetime
) -> None:
    if engagement.ends is not None and engagement.ended is None:
        unit.agenda.schedule(Timer.WINDOW, engagement.id, due=engagement.ends)
    for name, partner in engagement.partners.items():
        if partner.ends is not None and partner.ended is None:
            subject = f"{engagement.id}/{name}"
            unit.agenda.schedule(Timer.PARTNER, subject, due=partner.ends)
    for known in unit.determinations.of(engagement.id):
        if known.reasons is not None:
            unit.agenda.schedule(Timer.DETERMINATION, known.id, due=known.lapses_at)
    if engagement.state in {State.CLOSING, State.WITHDRAWN}:
        if not engagement.destroyed:
            due = engagement.moved_at + rules.destroy_after
            unit.agenda.schedule(Timer.DESTRUCTION, engagement.id, due=due)
        elif engagement.state is State.CLOSING:
            unit.agenda.enqueue(Job.DESTROY_ENGAGEMENT, engagement.id, at=at)
