"""Milestones, figures, consents and calendars in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select

from fairlead.base.ids import EngagementId, PersonId
from fairlead.programme.ports import Feed
from fairlead.programme.published import CONSENTS, FIGURES, Consent, PublishedMonth
from fairlead.programme.registered import MILESTONES, Milestone
from fairlead.store import tables
from fairlead.store.subjects import Kept, SQLSubjects

KEPT_MILESTONES = Kept(MILESTONES, tables.milestones, lambda _: {})
KEPT_FIGURES = Kept(FIGURES, tables.figures, lambda _: {})
KEPT_CONSENTS = Kept(CONSENTS, tables.consents, lambda _: {})


class SQLMilestones(SQLSubjects[Milestone]):
    """All milestones that were recorded."""

    def all(self) -> Sequence[Milestone]:
        """Return every one."""
        return self._many(self._states().order_by(tables.milestones.c.id))


class SQLFigures(SQLSubjects[PublishedMonth]):
    """All months that were published."""

    def all(self) -> Sequence[PublishedMonth]:
        """Return every one, the first month first."""
        return self._many(self._states().order_by(tables.figures.c.id))


class SQLConsents(SQLSubjects[Consent]):
    """What organisations say about exact figures."""

    def all(self) -> Sequence[Consent]:
        """Return every one."""
        return self._many(self._states().order_by(tables.consents.c.id))


@dataclass(frozen=True, slots=True)
class SQLFeeds:
    """Calendars by secret address."""

    connection: Connection

    def put(self, new: Feed) -> None:
        """Keep *new* in place of the one that this person had of this engagement."""
        self.drop(new.person, new.engagement)
        row = {
            "digest": new.digest,
            "person": new.person,
            "engagement": new.engagement,
            "made_at": new.made_at,
        }
        self.connection.execute(insert(tables.feeds), row)

    def get(self, digest: str) -> Feed | None:
        """Return the feed whose secret has this digest."""
        query = select(tables.feeds).where(tables.feeds.c.digest == digest)
        row = self.connection.execute(query).mappings().one_or_none()
        if row is None:
            return None
        return Feed(
            digest=row["digest"],
            person=PersonId(row["person"]),
            engagement=EngagementId(row["engagement"]),
            made_at=row["made_at"],
        )

    def drop(self, person: PersonId, engagement: EngagementId) -> None:
        """Have the address of this person and engagement lead nowhere."""
        held = tables.feeds.c
        same = (held.person == person) & (held.engagement == engagement)
        self.connection.execute(delete(tables.feeds).where(same))
