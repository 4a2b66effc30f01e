"""Engagements and determinations in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Column, select

from fairlead.access.visibility import Condition
from fairlead.base.ids import EngagementId
from fairlead.base.pages import Page
from fairlead.review.determination import DETERMINATIONS, Determination
from fairlead.review.engagement import ENGAGEMENTS, Engagement
from fairlead.store import tables, visibility
from fairlead.store.subjects import Kept, SQLSubjects
from fairlead.store.vault import destroyed_key, key_of

KEPT_ENGAGEMENTS = Kept(
    ENGAGEMENTS,
    tables.engagements,
    lambda state: {
        "developer": state.developer,
        "state_name": state.state.value,
        "began_at": state.began_at,
    },
    lambda state, _: {
        tables.engagement_members: [
            {"engagement_id": state.id, "member": member}
            for member in sorted(state.members)
        ],
        tables.engagement_keys: [
            {"engagement_id": state.id, "digest": key.digest}
            for key in state.keys.values()
        ],
    },
    (tables.engagement_members, tables.engagement_keys),
)

KEPT_DETERMINATIONS = Kept(
    DETERMINATIONS,
    tables.determinations,
    lambda state: {"engagement": state.engagement, "made_at": state.made_at},
)

ENGAGEMENT_FIELDS: Mapping[str, Column[str] | visibility.Members] = {
    "developer": tables.engagements.c.developer,
    "members": visibility.Members(
        owner=tables.engagements.c.id,
        belongs_to=tables.engagement_members.c.engagement_id,
        member=tables.engagement_members.c.member,
    ),
}


class SQLEngagements(SQLSubjects[Engagement]):
    """All engagements."""

    def find(self, name: EngagementId, condition: Condition) -> Engagement:
        """Return the engagement if *condition* holds for it, or raise `NotFound`."""
        query = self._states().where(tables.engagements.c.id == name)
        return self._one(
            query.where(visibility.sql(condition, ENGAGEMENT_FIELDS)), name
        )

    def seen(self, condition: Condition, page: Page) -> Sequence[Engagement]:
        """Return those for which *condition* holds, the newest first."""
        table = tables.engagements
        query = (
            self._states()
            .where(visibility.sql(condition, ENGAGEMENT_FIELDS))
            .order_by(table.c.began_at.desc(), table.c.id)
        )
        return self._many(query.offset(page.after).limit(page.size))

    def by_key(self, digest: str) -> Engagement | None:
        """Return the engagement in which a key with this digest was issued."""
        keys = tables.engagement_keys
        names = select(keys.c.engagement_id).where(keys.c.digest == digest)
        found = self._many(self._states().where(tables.engagements.c.id.in_(names)))
        return found[0] if found else None

    def opens(self, name: str) -> bool:
        """Tell whether the key service still has the key of the engagement."""
        stream = self.kept.subject.stream(name)
        number = key_of(self.connection, stream)
        if number is None:
            number = destroyed_key(self.connection, stream)
        return number is not None and self.vault.keys.get(number) is not None


class SQLDeterminations(SQLSubjects[Determination]):
    """All determinations."""

    def of(self, engagement: EngagementId) -> Sequence[Determination]:
        """Return those about the model of *engagement*, the newest first."""
        table = tables.determinations
        query = self._states().where(table.c.engagement == engagement)
        return self._many(query.order_by(table.c.made_at.desc(), table.c.id))
