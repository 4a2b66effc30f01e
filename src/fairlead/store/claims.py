"""Claims and what is around them, in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select

from fairlead.access.visibility import Condition
from fairlead.base.ids import ClaimId, OrganisationId
from fairlead.clearinghouse.claims.claim import CLAIMS, Claim, State
from fairlead.clearinghouse.claims.introductions import INTRODUCTIONS, Introduction
from fairlead.clearinghouse.claims.owners import OWNER_WORDS, OwnerWord
from fairlead.clearinghouse.claims.subjects import (
    ALIASES,
    ALLOWANCES,
    INVENTORIES,
    Alias,
    Allowance,
    Inventory,
)
from fairlead.clearinghouse.claims.targets import Named
from fairlead.clearinghouse.ports import Page
from fairlead.store import tables, visibility
from fairlead.store.subjects import Kept, SQLSubjects
from fairlead.store.vault import CHUNK

KEPT_CLAIMS = Kept(
    CLAIMS,
    tables.claims,
    lambda state: {
        "organisation": state.organisation,
        "state_name": state.state.value,
        "visibility": state.visibility.value,
        "taken_at": state.taken_at,
        "breadth": state.breadth,
        "request": state.request or None,
    },
)
KEPT_OWNER_WORDS = Kept(
    OWNER_WORDS,
    tables.owner_words,
    lambda state: {
        "organisation": state.organisation,
        "place": state.place,
        "active": state.active,
    },
)
KEPT_ALIASES = Kept(
    ALIASES,
    tables.aliases,
    lambda state: {"place": state.place, "active": state.active},
)
KEPT_ALLOWANCES = Kept(ALLOWANCES, tables.allowances, lambda _state: {})
KEPT_INVENTORIES = Kept(
    INVENTORIES, tables.inventories, lambda state: {"active": state.active}
)
KEPT_INTRODUCTIONS = Kept(
    INTRODUCTIONS,
    tables.introductions,
    lambda state: {"claim_id": state.claim, "other_id": state.other},
    lambda state, _vault: {
        tables.introduction_sides: [
            {"introduction_id": state.id, "organisation": organisation}
            for organisation in sorted(state.organisations)
        ]
    },
    (tables.introduction_sides,),
)
KEPT = (
    KEPT_CLAIMS,
    KEPT_OWNER_WORDS,
    KEPT_ALIASES,
    KEPT_ALLOWANCES,
    KEPT_INVENTORIES,
    KEPT_INTRODUCTIONS,
)
"""Every kind of subject around claims."""

CLAIM_FIELDS = {
    "organisation": tables.claims.c.organisation,
    "visibility": tables.claims.c.visibility,
}
INTRODUCTION_FIELDS = {
    "organisations": visibility.Members(
        owner=tables.introductions.c.id,
        belongs_to=tables.introduction_sides.c.introduction_id,
        member=tables.introduction_sides.c.organisation,
    )
}


class SQLClaims(SQLSubjects[Claim]):
    """All claims."""

    def find(self, name: ClaimId, condition: Condition) -> Claim:
        """Return the claim if *condition* holds for it, or raise `NotFound`."""
        query = self._states().where(tables.claims.c.id == name)
        return self._one(query.where(visibility.sql(condition, CLAIM_FIELDS)), name)

    def many(self, names: Sequence[ClaimId]) -> Mapping[ClaimId, Claim]:
        """Return claims by their names."""
        found: dict[ClaimId, Claim] = {}
        for start in range(0, len(names), CHUNK):
            mine = tables.claims.c.id.in_(names[start : start + CHUNK])
            found |= {c.id: c for c in self._many(self._states().where(mine))}
        return found

    def seen(
        self, condition: Condition, page: Page, *, states: Sequence[State]
    ) -> Sequence[Claim]:
        """Return those for which *condition* holds, the newest first."""
        table = tables.claims
        query = self._states().where(
            visibility.sql(condition, CLAIM_FIELDS),
            table.c.state_name.in_([state.value for state in states]),
        )
        query = query.order_by(table.c.taken_at.desc(), table.c.id)
        return self._many(query.offset(page.after).limit(page.size))

    def of(
        self, organisation: OrganisationId, page: Page, *, states: Sequence[State]
    ) -> Sequence[Claim]:
        """Return those of one organisation, the newest first."""
        table = tables.claims
        query = self._states().where(
            table.c.organisation == organisation,
            table.c.state_name.in_([state.value for state in states]),
        )
        query = query.order_by(table.c.taken_at.desc(), table.c.id)
        return self._many(query.offset(page.after).limit(page.size))

    def held(self, organisation: OrganisationId) -> tuple[int, int]:
        """Return how much it holds, and how many of its claims wait in line."""
        table = tables.claims
        query = (
            select(table.c.state_name, func.sum(table.c.breadth), func.count())
            .where(
                table.c.organisation == organisation,
                table.c.state_name.in_([State.ACTIVE.value, State.WAITING.value]),
            )
            .group_by(table.c.state_name)
        )
        found = {row[0]: (row[1], row[2]) for row in self.connection.execute(query)}
        active, waiting = found.get("active"), found.get("waiting")
        return int(active[0]) if active else 0, int(waiting[1]) if waiting else 0

    def by_request(self, organisation: OrganisationId, request: str) -> Claim | None:
        """Return what this request led to before, if it was made."""
        table = tables.claims
        same = (table.c.organisation == organisation) & (table.c.request == request)
        found = self._many(self._states().where(same))
        return found[0] if found else None

    def newest_at(self) -> datetime | None:
        """Return when the newest claim was taken."""
        table = tables.claims
        query = select(table.c.taken_at).order_by(table.c.taken_at.desc()).limit(1)
        found: datetime | None = self.connection.execute(query).scalar_one_or_none()
        return found

    def count(self, state: State) -> int:
        """Count those in one state."""
        table = tables.claims
        query = select(func.count()).where(table.c.state_name == state.value)
        found: int = self.connection.execute(query).scalar_one()
        return found


class SQLOwnerWords(SQLSubjects[OwnerWord]):
    """What owners say."""

    def about(self, places: Sequence[str]) -> Sequence[OwnerWord]:
        """Return the words about these places that count, verified ones first."""
        table = tables.owner_words
        found: list[OwnerWord] = []
        for start in range(0, len(places), CHUNK):
            about = table.c.place.in_(places[start : start + CHUNK])
            found += self._many(self._states().where(about, table.c.active))
        return sorted(found, key=lambda word: (not word.verified, word.id))

    def of(self, organisation: OrganisationId) -> Sequence[OwnerWord]:
        """Return the words of one organisation that count."""
        table = tables.owner_words
        query = self._states().where(
            table.c.organisation == organisation, table.c.active
        )
        return self._many(query.order_by(table.c.place, table.c.id))

    def unverified(self) -> Sequence[OwnerWord]:
        """Return the words that a coordinator has yet to look at."""
        table = tables.owner_words
        query = self._states().where(table.c.active).order_by(table.c.id)
        return [word for word in self._many(query) if not word.verified]


class SQLAliases(SQLSubjects[Alias]):
    """Names of one project over ecosystems."""

    def of(self, places: Sequence[str]) -> Mapping[str, Named]:
        """Return what is said of places, by place; of most nothing is."""
        table = tables.aliases
        found: list[Alias] = []
        for start in range(0, len(places), CHUNK):
            about = table.c.place.in_(places[start : start + CHUNK])
            found += self._many(self._states().where(about, table.c.active))
        return {alias.place: Named(alias.into, alias.same) for alias in found}

    def listed(self) -> Sequence[Alias]:
        """Return all that hold, in the order of their places."""
        table = tables.aliases
        query = self._states().where(table.c.active)
        return self._many(query.order_by(table.c.place, table.c.id))


class SQLAllowances(SQLSubjects[Allowance]):
    """What members used up."""

    def maybe(self, name: OrganisationId) -> Allowance | None:
        """Return what a member used, if it ever did."""
        found = self._many(self._states().where(tables.allowances.c.id == name))
        return found[0] if found else None


class SQLInventories(SQLSubjects[Inventory]):
    """What members run."""

    def maybe(self, name: OrganisationId) -> Inventory | None:
        """Return what a member told, if it ever did."""
        found = self._many(self._states().where(tables.inventories.c.id == name))
        return found[0] if found else None

    def listed(self) -> Sequence[Inventory]:
        """Return all that count."""
        table = tables.inventories
        return self._many(self._states().where(table.c.active).order_by(table.c.id))


class SQLIntroductions(SQLSubjects[Introduction]):
    """Questions from claim to claim."""

    def find(self, name: str, condition: Condition) -> Introduction:
        """Return it if *condition* holds for it, or raise `NotFound`."""
        query = self._states().where(tables.introductions.c.id == name)
        query = query.where(visibility.sql(condition, INTRODUCTION_FIELDS))
        return self._one(query, name)

    def seen(self, condition: Condition, page: Page) -> Sequence[Introduction]:
        """Return those for which *condition* holds, the newest first."""
        query = self._states().where(visibility.sql(condition, INTRODUCTION_FIELDS))
        found = self._many(query.order_by(tables.introductions.c.id))
        newest = sorted(found, key=lambda one: one.asked_at, reverse=True)
        return newest[page.after : page.after + page.size]

    def between(self, claim: ClaimId, other: ClaimId) -> Introduction | None:
        """Return what was asked from the one to the other."""
        table = tables.introductions
        same = (table.c.claim_id == claim) & (table.c.other_id == other)
        found = self._many(self._states().where(same))
        return found[0] if found else None
