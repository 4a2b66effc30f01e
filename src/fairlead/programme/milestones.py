"""The register of milestones: what is due, by whom, and what was published about it.

Everything in it is public from the moment it is recorded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime

from msgspec import Struct

from fairlead.access.roles import Asker, Scope
from fairlead.base.ids import MilestoneId, new_milestone_id
from fairlead.base.ports import Randomness
from fairlead.errors import Invalid, NotFound, Violation
from fairlead.programme.ports import ProgrammeUnit
from fairlead.programme.profile import Profile
from fairlead.programme.profile_keys import is_link
from fairlead.programme.registered import (
    Kind,
    Milestone,
    MilestoneAdded,
    MilestoneNoted,
    MilestonePublished,
)
from fairlead.record.events import Fact

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LONGEST = 1_000
"""Characters of anything that is typed."""


class Entry(Struct, frozen=True, kw_only=True):
    """A milestone as a liaison types it."""

    kind: str = Kind.DUTY.value
    title: str = ""
    who: str = ""
    section: str = ""
    due: str = ""
    """A date, or empty where nothing is due."""


def register(unit: ProgrammeUnit, profile: Profile) -> Sequence[Milestone]:
    """Return the whole register: what the profile names and what was recorded since.

    Duties come first, in the order in which they are due.
    """
    recorded = {milestone.id: milestone for milestone in unit.milestones.all()}
    named = [_of_profile(profile, duty.id) for duty in profile.milestones]
    known = [recorded.pop(m.id, m) for m in named if m is not None]
    return sorted(
        [*known, *recorded.values()],
        key=lambda m: (list(Kind).index(m.kind), m.due or date.max, m.title, m.id),
    )


def find(unit: ProgrammeUnit, profile: Profile, name: MilestoneId) -> Milestone:
    """Return one milestone.

    Raises:
        NotFound: neither the record nor the profile has it.

    """
    try:
        return unit.milestones.get(name)
    except NotFound:
        found = _of_profile(profile, name)
        if found is None:
            raise
        return found


def needs_keeper(asker: Asker) -> None:
    """Raise `NotAllowed` unless *asker* keeps the programme, or runs its machine."""
    if not asker.may(Scope.PEOPLE_MANAGE):
        asker.needs(Scope.ENGAGEMENT_KEEP)


def add(
    unit: ProgrammeUnit,
    asker: Asker,
    entry: Entry,
    *,
    at: datetime,
    randomness: Randomness,
) -> Milestone:
    """Put a milestone into the register.

    Raises:
        Invalid: it does not say what it must; every field is named.

    """
    needs_keeper(asker)
    fact = _added(entry)
    name = new_milestone_id(randomness)
    return unit.milestones.save(None, [fact], name=name, by=asker.actor, at=at)


def published(  # noqa: PLR0913 - one value a thing that must be said
    unit: ProgrammeUnit,
    asker: Asker,
    profile: Profile,
    name: MilestoneId,
    *,
    on: str,
    link: str,
    at: datetime,
) -> Milestone:
    """Record when a milestone was published, and where; said again, it is corrected.

    Raises:
        Invalid: no date that has come, or no address.
        NotFound: no such milestone.

    """
    needs_keeper(asker)
    wrong = _wrong_link(link)
    day = _day(on, "on", wrong)
    if day is not None and day > at.astimezone(UTC).date():
        wrong.append(Violation("invalid_date", "on", "must not be in the future"))
    _refuse(wrong)
    assert day is not None  # noqa: S101 - refused otherwise
    fact = MilestonePublished(on=day, link=link.strip())
    return _save(unit, asker, profile, name, fact, at=at)


def noted(  # noqa: PLR0913 - one value a thing that must be said
    unit: ProgrammeUnit,
    asker: Asker,
    profile: Profile,
    name: MilestoneId,
    *,
    text: str,
    link: str = "",
    at: datetime,
) -> Milestone:
    """Add a note to a milestone, with an address if there is one.

    Raises:
        Invalid: no text, or an address that a page must not lead to.
        NotFound: no such milestone.

    """
    needs_keeper(asker)
    wrong = _wrong_link(link) if link.strip() else []
    said = _text(text, "text", wrong, "say what is to be known")
    _refuse(wrong)
    fact = MilestoneNoted(text=said, link=link.strip())
    return _save(unit, asker, profile, name, fact, at=at)


def days_late(milestone: Milestone, today: date) -> int:
    """Return by how many days it was published late, or is late today; never negative."""
    if milestone.due is None:
        return 0
    return max(0, ((milestone.published or today) - milestone.due).days)


def _save(  # noqa: PLR0913 - one value a thing that must be said
    unit: ProgrammeUnit,
    asker: Asker,
    profile: Profile,
    name: MilestoneId,
    fact: Fact,
    *,
    at: datetime,
) -> Milestone:
    """Record *fact*; a milestone of the profile is put on the record with it."""
    found = find(unit, profile, name)
    before = found if found.version else None
    said = [fact] if before else [_first(found), fact]
    return unit.milestones.save(before, said, name=found.id, by=asker.actor, at=at)


def _first(milestone: Milestone) -> MilestoneAdded:
    return MilestoneAdded(
        kind=milestone.kind,
        title=milestone.title,
        who=milestone.who,
        section=milestone.section,
        due=milestone.due,
        source=milestone.source,
    )


def _of_profile(profile: Profile, name: str) -> Milestone | None:
    for duty in profile.milestones:
        if duty.id == name:
            return Milestone(
                id=MilestoneId(duty.id),
                kind=Kind.DUTY,
                title=duty.title,
                who=duty.who,
                section=duty.section,
                due=duty.due,
                source=duty.source,
                version=0,
            )
    return None


def _added(entry: Entry) -> MilestoneAdded:
    wrong: list[Violation] = []
    if entry.kind not in set(Kind):
        said = "must be one of: " + ", ".join(Kind)
        wrong.append(Violation("invalid_value", "kind", said))
    title = _text(entry.title, "title", wrong, "say what it is")
    who = _text(entry.who, "who", wrong, "say whose it is")
    section = entry.section.strip()
    if len(section) > LONGEST:
        _too_long("section", wrong)
    due = _day(entry.due, "due", wrong) if entry.due.strip() else None
    _refuse(wrong)
    return MilestoneAdded(
        kind=Kind(entry.kind), title=title, who=who, section=section, due=due
    )


def _text(written: str, field: str, wrong: list[Violation], lacking: str) -> str:
    text = written.strip()
    if not text:
        wrong.append(Violation("missing_field", field, lacking))
    elif len(text) > LONGEST:
        _too_long(field, wrong)
    return text


def _too_long(field: str, wrong: list[Violation]) -> None:
    wrong.append(Violation("too_long", field, f"at most {LONGEST} characters"))


def _day(written: str, field: str, wrong: list[Violation]) -> date | None:
    text = written.strip()
    if _DAY.fullmatch(text):
        with suppress(ValueError):
            return date.fromisoformat(text)
    said = "must be a date such as 2026-08-01"
    wrong.append(Violation("invalid_date", field, said))
    return None


def _wrong_link(link: str) -> list[Violation]:
    if is_link(link.strip()):
        return []
    said = "must be an address that begins with https:// or http://"
    return [Violation("invalid_link", "link", said)]


def _refuse(wrong: Sequence[Violation]) -> None:
    if wrong:
        raise Invalid(f"{wrong[0].field}: {wrong[0].reason}", wrong)
