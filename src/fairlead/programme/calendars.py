"""Calendars of engagements: what is due when, for one person, at a secret address.

A calendar names neither model nor developer: whoever subscribes may have it fetched by a
service that others run.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from fairlead.access import secrets
from fairlead.access.roles import Asker
from fairlead.access.traces import How, Moment, leave_trace
from fairlead.base.ids import EngagementId, PersonId
from fairlead.base.instants import text
from fairlead.errors import Invalid, NotAllowed, NotFound
from fairlead.formats import ical
from fairlead.formats.ical import Happening
from fairlead.programme.ports import Feed, ProgrammeUnit
from fairlead.review import parties
from fairlead.review.engagement import ENGAGEMENTS, Engagement
from fairlead.review.parties import PERSON
from fairlead.terms import agreement

REMIND = (timedelta(days=3), timedelta(days=1), timedelta(hours=1))
"""How long before the end of a window a reader is reminded."""
REMIND_ONCE = (timedelta(days=1),)


def follow(
    unit: ProgrammeUnit, asker: Asker, name: EngagementId, moment: Moment
) -> str:
    """Return the secret of a new calendar of an engagement; an earlier one ends.

    Raises:
        NotFound: no such engagement, or *asker* must not know that there is.
        NotAllowed: a program asks; a calendar is for a person.

    """
    person = _person(asker)
    parties.find(unit, asker, name)
    secret = secrets.new_session(moment.randomness)
    unit.feeds.put(
        Feed(
            digest=secrets.digest(secret),
            person=person,
            engagement=name,
            made_at=moment.at,
        )
    )
    return secret


def leave(unit: ProgrammeUnit, asker: Asker, name: EngagementId) -> None:
    """Have the address of the calendar that *asker* follows lead nowhere."""
    unit.feeds.drop(_person(asker), name)


def read(unit: ProgrammeUnit, secret: str, address: str, moment: Moment) -> bytes:
    """Return the calendar behind *secret*; it leaves a trace.

    It opens what its person may see now: who was removed, locked or left sees nothing.

    Raises:
        NotFound: the secret opens nothing, or nothing any more.

    """
    feed = unit.feeds.get(secrets.digest(secret))
    if feed is None:
        raise NotFound("no such calendar")
    person = unit.people.get(feed.person)
    if not person.may_enter:
        raise NotFound("no such calendar")
    party = parties.find(unit, person.asker, feed.engagement)
    stream = ENGAGEMENTS.stream(feed.engagement)
    leave_trace(unit, person.asker, [stream], How.LISTED, moment)
    return calendar(party.engagement, address, moment.at)


def calendar(engagement: Engagement, address: str, now: datetime) -> bytes:
    """Return what is due in *engagement*, with reminders, as iCalendar.

    *address* is that of this server, for links and names. The same state gives the same
    bytes while nothing of it lies in the past that did not.
    """
    name = f"Engagement {engagement.id}"
    return ical.write(name, list(_happenings(engagement, address, now)))


def _happenings(
    engagement: Engagement, address: str, now: datetime
) -> Iterator[Happening]:
    url = f"{address.rstrip('/')}/engagements/{engagement.id}"
    host = address.partition("://")[2].partition("/")[0] or "fairlead.invalid"

    def happening(  # noqa: PLR0913, PLR0917 - one value a thing that is said
        part: str,
        title: str,
        begins: datetime,
        ends: datetime | None = None,
        said: str = "",
        remind: tuple[timedelta, ...] = REMIND_ONCE,
        cancelled: bool = False,  # noqa: FBT001, FBT002 - as above
    ) -> Happening:
        return Happening(
            uid=f"{engagement.id}-{part}@{host}",
            title=f"{title} ({engagement.id})",
            begins=begins,
            ends=ends,
            text=said,
            url=url,
            changed=engagement.last_at,
            version=engagement.version,
            remind=remind,
            cancelled=cancelled,
        )

    if engagement.opens is not None and engagement.ends is not None:
        ends = engagement.ended_at or engagement.ends
        said = f"Access ends by itself at {text(engagement.ends)}."
        if engagement.ended is not None:
            said = f"Access is over: {engagement.ended}."
        begun = engagement.opens
        # An end at the very instant of the beginning is none (RFC 5545, 3.8.2.2).
        shown = ends if ends > begun else None
        reminded = REMIND if engagement.ended is None else ()
        yield happening("window", "Access window", begun, shown, said, reminded)
    elif engagement.terms is not None and engagement.withdrawn_at is None:
        try:
            opens_by = agreement.instant(engagement.terms.window.opens_by)
        except Invalid:
            return
        said = "Not live by then, nothing opens any more."
        yield happening("opens-by", "Access must be live", opens_by, None, said)
    for known, assessment in engagement.assessments.items():
        if assessment.reply_until > now:
            said = "Until then the assessment stays with the developer."
            yield happening(
                known, "Reply period ends", assessment.reply_until, None, said
            )


def _person(asker: Asker) -> PersonId:
    if not asker.actor.startswith(PERSON):
        raise NotAllowed("a calendar is for a person who signed in")
    return PersonId(asker.actor.removeprefix(PERSON))
