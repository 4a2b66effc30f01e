"""P3: no asset is accessible except through a clause that both sides signed."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import settings
from hypothesis.stateful import invariant

sys.path.insert(0, str(Path(__file__).parents[1] / "review"))
import walk

from fairlead.review import facts
from fairlead.terms import agreement
from fairlead.terms.clauses import Effect, Purpose, Side


class Checked(walk.Walk):
    """Whatever is open is opened by a clause; whatever is closed says what would open it."""

    @invariant()
    def everything_open_is_opened_by_a_signed_clause(self):
        if not hasattr(self, "name"):
            return
        engagement = self.engagement
        signed = self.signed()
        for visitor, wish, decision in self.decisions():
            if not decision.allowed:
                assert all(failed.what and failed.remedy for failed in decision.failed)
                continue
            clause = engagement.terms.clauses[decision.clause - 1]
            assert clause.effect is Effect.MAY
            assert wish.action in clause.actions
            assert wish.asset in clause.assets
            assert wish.purpose in clause.purposes
            assert wish.purpose is not Purpose.TRAINING
            assert visitor.side in clause.who.sides
            # Both signed an agreement that has this clause, as wide as it is or wider.
            assert any(
                clause.number == c.number
                and c.effect is Effect.MAY
                and c.title == clause.title
                for terms in signed
                for c in terms.clauses
            )

    def signed(self):
        """Return every agreement that both sides signed, from the record alone."""
        offers, sides, found = {}, {}, []
        for event in self.unit.engagements.history(self.name):
            match event.fact:
                case facts.TermsOffered(digest=digest, body=body) if body:
                    terms = agreement.read(body.terms.encode())
                    assert agreement.digest(terms) == digest
                    offers[digest], sides[digest] = terms, set()
                case facts.TermsSigned(digest=digest, side=side) if digest in offers:
                    sides[digest].add(side)
                    if sides[digest] == {Side.DEVELOPER, Side.PROGRAMME}:
                        found.append(offers[digest])
        return found


TestChecked = Checked.TestCase
TestChecked.settings = settings(max_examples=50, stateful_step_count=25)
