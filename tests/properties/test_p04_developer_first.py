"""P4: results go to the developer first, and then only as far as the terms go."""

from __future__ import annotations

import sys
from pathlib import Path

from hypothesis import settings
from hypothesis.stateful import invariant

sys.path.insert(0, str(Path(__file__).parents[1] / "review"))
import walk

from fairlead.errors import Error
from fairlead.review import concluding, parties
from fairlead.terms.clauses import Action, Detail, Effect, Purpose, Side, level


class First(walk.Walk):
    """Nobody sees an assessment before its time, or more of it than a clause says."""

    @invariant()
    def others_see_results_after_the_developer_only(self):
        if not hasattr(self, "name"):
            return
        for name in walk.PEOPLE:
            try:
                party = parties.find(self.unit, self.asker(name), self.name)
            except Error:
                continue
            for purpose in (
                Purpose.MEASUREMENT,
                Purpose.DETERMINATION,
                Purpose.DEFENCE,
            ):
                self.look(party, purpose)

    def look(self, party, purpose):
        shown = concluding.assessments(party, purpose, now=self.now)
        if party.side is Side.DEVELOPER:
            assert {s.id for s in shown} == set(self.engagement.assessments)
            return
        for one in shown:
            if one.assessment.by == party.asker.actor:
                continue
            assert self.now >= one.assessment.reply_until
            most = max(
                (
                    level(clause.detail)
                    for clause in self.engagement.terms.clauses
                    if clause.effect is Effect.MAY
                    and Action.SEE in clause.actions
                    and purpose in clause.purposes
                    and party.side in clause.who.sides
                ),
                default=-1,
            )
            assert all(level(detail) <= most for detail in one.parts)
            assert set(one.withheld) >= {d for d in Detail if level(d) > most}

    @invariant()
    def others_read_nothing_of_it_in_the_history(self):
        if not hasattr(self, "name"):
            return
        try:
            party = parties.find(self.unit, self.asker("lia"), self.name)
        except Error:
            return
        told = [
            event.fact.assessment
            for event in self.unit.engagements.history(self.name)
            if parties.may_know(party, event, self.now)
            and hasattr(event.fact, "assessment")
        ]
        known = self.engagement.assessments
        assert all(self.now >= known[name].reply_until for name in told)

    @invariant()
    def others_know_of_a_determination_after_the_developer_only(self):
        if not hasattr(self, "name"):
            return
        for name in ("lia", "eva", "pat"):
            try:
                party = parties.find(self.unit, self.asker(name), self.name)
            except Error:
                continue
            known = concluding.determinations(self.unit, party, now=self.now)
            assert all(self.now >= one.others_from for one in known)


TestFirst = First.TestCase
TestFirst.settings = settings(max_examples=50, stateful_step_count=25)
