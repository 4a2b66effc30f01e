"""Every command of every party, in any order, at any time: the walk behind P1 to P4."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import fakes
import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from fairlead.access.members import Organisation, Person
from fairlead.access.roles import Role
from fairlead.base.ids import OrganisationId, PersonId
from fairlead.base.instants import text
from fairlead.errors import Error
from fairlead.record.notes import new_signer
from fairlead.review import concluding, entry, facts, granting, negotiating, parties
from fairlead.review.determination import Finding
from fairlead.review.facts import Audience
from fairlead.review.rules import Rules
from fairlead.terms import standard
from fairlead.terms.agreement import Party, Terms, WindowTerm
from fairlead.terms.narrowing import Narrowing

BEGIN = datetime(2026, 8, 1, tzinfo=UTC)
RULES = Rules()
PLACES = {
    "dora": ("org-developer", Role.DEVELOPER),
    "lia": ("org-programme", Role.LIAISON),
    "eva": ("org-programme", Role.EVALUATOR),
    "otto": ("org-programme", Role.OFFICIAL),
    "pat": ("org-partner", Role.PARTNER),
}
SIGNERS = {
    place: new_signer(f"{place}.example", secrets.token_bytes)
    for place in ("org-developer", "org-programme")
}
PEOPLE = {
    name: Person(
        id=PersonId(f"per-{name}"),
        organisation=OrganisationId(place),
        roles=(role,),
        name=name,
    )
    for name, (place, role) in PLACES.items()
}
BY_ID = {person.id: person for person in PEOPLE.values()}
PARTNER = OrganisationId("org-partner")
names = st.sampled_from(sorted(PLACES))
sides = st.sampled_from(["dora", "lia"])


class Walk(RuleBasedStateMachine):
    """One engagement, and everything that anybody may try with it."""

    def __init__(self):
        super().__init__()
        orgs = {place for place, _ in PLACES.values()}
        self.unit = fakes.Unit(
            people=fakes.Known(BY_ID),
            organisations=fakes.Known(
                {o: Organisation(id=OrganisationId(o), name=o) for o in orgs}
            ),
        )
        self.now = BEGIN
        self.refused = []

    @initialize(far=st.integers(0, 5))
    def begin(self, far):
        self.name = parties.ask(
            self.unit,
            self.asker("dora"),
            "Is it covered?",
            "Heron",
            at=self.now,
            randomness=secrets.token_bytes,
        ).id
        # So that walks reach what lies deep, they begin at one of several places.
        way = [
            lambda: (self.offer("lia", 14, 5, 3), self.sign("dora"), self.sign("lia")),
            lambda: (self.name_person("eva", ()), self.name_person("otto", ())),
            lambda: (self.provide(), self.go_live()),
            self.deliver,
            lambda: (self.nominate("dora"), self.let_in()),
        ]
        for step in way[:far]:
            self.now += timedelta(hours=1)
            step()

    def asker(self, name):
        return replace(PEOPLE[name].asker, verified_at=self.now)

    @property
    def engagement(self):
        return self.unit.engagements.get(self.name)

    def do(self, name, act, *given, **named):
        """Have somebody try something; being refused is fine, breaking is not."""
        try:
            party = parties.find(self.unit, self.asker(name), self.name)
            return act(self.unit, party, *given, at=self.now, **named)
        except Error as error:
            self.refused.append((act.__name__, error))
            return None

    # --- Time ---------------------------------------------------------------------------

    @rule(hours=st.sampled_from([1, 24, 24 * 5, 24 * 14, 24 * 31]))
    def pass_time(self, hours):
        self.now += timedelta(hours=hours)

    @rule()
    def ring(self):
        """Do what is due; it may be late, for the process may have been down."""
        due = [
            (t, s, d) for (t, s), d in self.unit.agenda.timers.items() if d <= self.now
        ]
        for timer, subject, _ in sorted(due, key=lambda one: one[2]):
            del self.unit.agenda.timers[timer, subject]
            ring = {
                "window": granting.ring_window,
                "partner": concluding.ring_partner,
                "determination": concluding.ring_determination,
                "destruction": concluding.ring_destruction,
            }[timer.value]
            ring(self.unit, subject, at=self.now)
        for job, subject in self.unit.agenda.jobs:
            assert job.value == "destroy engagement"
            concluding.note_opening(
                self.unit, subject, "the key", opened=False, at=self.now
            )
        self.unit.agenda.jobs.clear()

    @rule(seconds=st.sampled_from([1, 3, 60, 3600]))
    def go_back(self, seconds):
        self.now -= timedelta(seconds=seconds)

    # --- Commands -----------------------------------------------------------------------

    @rule(who=names)
    def answer(self, who):
        self.do(who, negotiating.answer, "It may be.")

    @rule(
        who=names,
        days=st.integers(1, 30),
        reply=st.integers(0, 10),
        profile=st.integers(0, 2),
    )
    def offer(self, who, days, reply, profile):
        begun = standard.draft(list(standard.Profile)[min(profile, 2)])
        terms = Terms(
            engagement=self.name,
            model="Heron",
            developer=self.party("org-developer"),
            programme=self.party("org-programme"),
            window=WindowTerm(days=days, opens_by=text(BEGIN + timedelta(days=365))),
            reply_days=reply,
            assets=begun.assets,
            clauses=begun.clauses,
        )
        self.do(who, negotiating.offer, terms)

    def party(self, place):
        return Party(
            organisation=place, name=place, key=SIGNERS[place].verifier().text()
        )

    @rule(who=sides)
    def sign(self, who):
        offer = self.engagement.offer
        if offer is None:
            return
        try:
            party = parties.find(self.unit, self.asker(who), self.name)
            statement = negotiating.to_sign(party, offer.digest).decode()
        except Error:
            return
        note = SIGNERS[PLACES[who][0]].sign(statement)
        self.do(who, negotiating.sign_with_key, offer.digest, note)

    @rule(who=names, calls=st.integers(0, 2), dropped=st.booleans())
    def narrow(self, who, calls, dropped):
        narrowing = Narrowing(calls=calls, clauses_dropped=(1,) if dropped else ())
        self.do(who, negotiating.narrow, narrowing)

    @rule(name=names, attributes=st.sampled_from([(), ("citizenship:US",)]))
    def name_person(self, name, attributes):
        described = facts.Described(name=name, attributes=attributes, place="Vault 7")
        self.do("lia", granting.name_person, PEOPLE[name].id, described)

    @rule(who=names, name=names)
    def remove_person(self, who, name):
        self.do(who, granting.remove_person, PEOPLE[name].id)

    @rule()
    def provide(self):
        connection = facts.Connection(url="https://models.example/v1")
        for asset in ("endpoint", "weights"):
            self.do("dora", granting.provide, asset, connection)

    @rule(who=names)
    def try_to_go_live(self, who):
        self.do(who, granting.go_live)

    def go_live(self):
        self.do("dora", granting.go_live)

    @rule(who=names)
    def issue_key(self, who):
        self.do(who, granting.issue_key, randomness=secrets.token_bytes)

    @rule()
    def deliver(self):
        measured = facts.Measured(title="Run", outcome="Below.", scores="0.3")
        self.do("eva", concluding.deliver, measured, randomness=secrets.token_bytes)

    @rule(who=names, passes_on=st.booleans())
    def reply(self, who, passes_on):
        for name in self.engagement.assessments:
            self.do(who, concluding.reply, name, "Our answer.", passes_on=passes_on)

    @rule(who=names)
    def determine(self, who):
        self.do(
            who,
            concluding.determine,
            Finding.COVERED,
            "Because of the scores.",
            cites=tuple(self.engagement.assessments),
            rules=RULES,
            randomness=secrets.token_bytes,
        )

    @rule(who=names)
    def nominate(self, who):
        self.do(
            who,
            concluding.nominate,
            PARTNER,
            "It defends.",
            RULES,
            small_operator=False,
        )

    @rule(who=names)
    def consent(self, who):
        self.do(who, concluding.consent, PARTNER)

    @rule(who=names)
    def try_to_let_in(self, who):
        self.do(who, concluding.let_in, PARTNER)

    def let_in(self):
        self.do("dora", concluding.let_in, PARTNER)

    @rule(who=names)
    def remove_partner(self, who):
        self.do(who, concluding.remove_partner, PARTNER)

    @rule(who=names)
    def close(self, who):
        self.do(who, concluding.close, RULES)

    @rule(who=names)
    def state_destroyed(self, who):
        self.do(who, concluding.state_destroyed, "Everything.")

    @rule(who=names)
    def destroy(self, who):
        self.do(who, concluding.destroy)

    @rule(who=names, to=st.sampled_from(Audience))
    def release(self, who, to):
        self.do(who, granting.record_release, to)

    @rule(who=names)
    def withdraw(self, who):
        self.do(who, granting.withdraw, RULES)

    # --- What is asked of every state -----------------------------------------------------

    def decisions(self):
        """Return what everybody may do now with everything: visitor, wish, decision."""
        from fairlead.review.entry import Wish
        from fairlead.terms.clauses import Action, Purpose

        engagement = self.engagement
        assets = (
            [a.name for a in engagement.terms.assets]
            if engagement.terms
            else ["endpoint"]
        )
        for person in PEOPLE.values():
            visitor = entry.visitor_of(
                engagement,
                person.id,
                person.organisation,
                frozenset(map(str, person.roles)),
            )
            if visitor is None:
                continue
            for asset in assets:
                for action in (Action.CALL, Action.OPEN, Action.READ, Action.RUN):
                    for purpose in (
                        Purpose.MEASUREMENT,
                        Purpose.DEFENCE,
                        Purpose.TRAINING,
                    ):
                        wish = Wish(action=action, purpose=purpose, asset=asset)
                        yield (
                            visitor,
                            wish,
                            entry.decide(engagement, visitor, wish, now=self.now),
                        )


__all__ = ["BEGIN", "PEOPLE", "RULES", "Walk", "msgspec"]
