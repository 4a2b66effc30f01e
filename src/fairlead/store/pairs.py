"""Pairs in SQL: what people judged, and what waits for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, func, or_, select

from fairlead.base.ids import PairId, Receipt
from fairlead.clearinghouse.pairs import PAIRS, JudgedPair, Judgement
from fairlead.clearinghouse.ports import Agreement, Page, Waiting
from fairlead.clearinghouse.submissions import PairVerdict
from fairlead.store import tables
from fairlead.store.bulk import chunks
from fairlead.store.subjects import Kept, SQLSubjects

KEPT_PAIRS = Kept(
    PAIRS,
    tables.pairs,
    lambda state: {
        "first": state.first,
        "second": state.second,
        "judgement": state.judgement.value if state.judgement else "",
        "suggested": state.suggestion.answer if state.suggestion else "",
        "at": state.at,
    },
)


class SQLPairs(SQLSubjects[JudgedPair]):
    """All pairs that a person has judged."""

    def find(self, name: PairId) -> JudgedPair | None:
        """Return the pair, if a person has judged it."""
        found = self._many(self._states().where(tables.pairs.c.id == name))
        return found[0] if found else None

    def touching(self, receipts: Sequence[Receipt]) -> Sequence[JudgedPair]:
        """Return the pairs of which one is among *receipts*."""
        table = tables.pairs
        found: dict[str, JudgedPair] = {}
        for some in chunks(receipts):
            for end in (table.c.first, table.c.second):
                query = self._states().where(end.in_(some))
                found |= {pair.id: pair for pair in self._many(query)}
        return [found[name] for name in sorted(found)]

    def waiting(self, page: Page, *, put_off: bool = False) -> Sequence[Waiting]:
        """Return pairs to be judged, the most probable first; or those put off."""
        asked, judged = tables.submission_pairs, tables.pairs
        said = (
            judged.c.judgement == Judgement.LATER.value
            if put_off
            else or_(judged.c.id.is_(None), judged.c.judgement == "")
        )
        query = (
            _asked()
            .where(said)
            .order_by(asked.c.probability.desc(), asked.c.pair.desc())
        )
        rows = self.connection.execute(query.offset(page.after).limit(page.size))
        return [
            Waiting(
                pair=PairId(row.pair),
                newer=Receipt(row.receipt),
                older=Receipt(row.other),
                probability=row.probability,
            )
            for row in rows
        ]

    def unread(self, *, size: int) -> Sequence[PairId]:
        """Return pairs to be judged that no second reader has read."""
        asked, judged = tables.submission_pairs, tables.pairs
        query = (
            _asked()
            .where(judged.c.id.is_(None))
            .order_by(asked.c.probability.desc(), asked.c.pair.desc())
            .limit(size)
        )
        return [PairId(row.pair) for row in self.connection.execute(query)]

    def agreement(self) -> Agreement:
        """Return how often a second reader said what a person said, of how many."""
        table = tables.pairs
        both = table.c.suggested.in_(["same", "different"]) & table.c.judgement.in_(
            [Judgement.SAME.value, Judgement.DIFFERENT.value]
        )
        query = (
            select(table.c.suggested == table.c.judgement, func.count())
            .where(both)
            .group_by(table.c.suggested == table.c.judgement)
        )
        counts = {bool(same): n for same, n in self.connection.execute(query)}
        return Agreement(agreed=counts.get(True, 0), of=sum(counts.values()))

    def in_order(self, page: Page) -> Sequence[JudgedPair]:
        """Return every pair that was judged, the first judged first."""
        table = tables.pairs
        query = self._states().order_by(table.c.at, table.c.id)
        return self._many(query.offset(page.after).limit(page.size))


def _asked() -> Select[Any]:
    """Return the pairs that people are asked about, with what they said, if they did."""
    asked, judged = tables.submission_pairs, tables.pairs
    newer, older = tables.submissions.alias("newer"), tables.submissions.alias("older")
    return (
        select(asked.c.pair, asked.c.receipt, asked.c.other, asked.c.probability)
        .select_from(
            asked.join(newer, newer.c.id == asked.c.receipt)
            .join(older, older.c.id == asked.c.other)
            .outerjoin(judged, judged.c.id == asked.c.pair)
        )
        .where(
            asked.c.verdict == PairVerdict.ASK.value,
            newer.c.case_id != older.c.case_id,
            # What was destroyed has no key any more.
            newer.c.key.is_not(None),
            older.c.key.is_not(None),
        )
    )
