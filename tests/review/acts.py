"""Two sides, a partner, and everything they can do, for tests."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import timedelta

import msgspec

from fairlead.access import membership
from fairlead.access.roles import Role, operator
from fairlead.base.ids import OrganisationId
from fairlead.base.instants import text
from fairlead.record.notes import new_signer
from fairlead.review import concluding, facts, granting, negotiating, parties
from fairlead.review.rules import Rules
from fairlead.terms import agreement, standard
from fairlead.terms.agreement import Party, Terms, WindowTerm

RULES = Rules()
WHO = {
    "dora": ("Developer", Role.DEVELOPER),
    "lia": ("Programme", Role.LIAISON),
    "eva": ("Programme", Role.EVALUATOR),
    "ezra": ("Programme", Role.EVALUATOR),
    "otto": ("Programme", Role.OFFICIAL),
    "pat": ("Partner", Role.PARTNER),
    "max": ("Elsewhere", Role.DEVELOPER),
}


@dataclass
class Cast:
    """Everybody, in one world."""

    world: object
    people: dict = field(default_factory=dict)
    organisations: dict = field(default_factory=dict)
    signers: dict = field(default_factory=dict)

    def __post_init__(self):
        for name in dict.fromkeys(place for place, _ in WHO.values()):
            self.organisations[name] = self.world.join(name).id
        for side in ("Developer", "Programme"):
            self.signers[side] = new_signer(
                f"{side.lower()}.example", secrets.token_bytes
            )
        with self.world.store.begin() as unit:
            for name, (place, role) in WHO.items():
                self.people[name] = membership.enrol(
                    unit,
                    operator("test"),
                    self.organisations[place],
                    name.title(),
                    (role,),
                    at=self.now,
                    randomness=secrets.token_bytes,
                )

    @property
    def now(self):
        return self.world.clock()

    def asker(self, name):
        """Somebody who was verified just now."""
        from dataclasses import replace

        return replace(self.people[name].asker, verified_at=self.now)

    def do(self, name, act, engagement, *given, **named):
        """Have somebody do *act* in an engagement."""
        with self.world.store.begin() as unit:
            party = parties.find(unit, self.asker(name), engagement)
            return act(unit, party, *given, at=self.now, **named)

    def see(self, name, engagement):
        with self.world.store.read() as unit:
            return parties.find(unit, self.asker(name), engagement)

    def ask(self, model="", name="dora"):
        with self.world.store.begin() as unit:
            return parties.ask(
                unit,
                self.asker(name),
                "Is it covered?",
                model,
                at=self.now,
                randomness=secrets.token_bytes,
            ).id

    def terms(self, engagement, *, profile=standard.Profile.API_ONLY, **changed):
        begun = standard.draft(profile, facility="Vault 7")
        terms = Terms(
            engagement=engagement,
            model="Heron",
            developer=Party(
                organisation=self.organisations["Developer"],
                name="Developer",
                key=self.signers["Developer"].verifier().text(),
            ),
            programme=Party(
                organisation=self.organisations["Programme"],
                name="Programme",
                key=self.signers["Programme"].verifier().text(),
            ),
            window=WindowTerm(days=14, opens_by=text(self.now + timedelta(days=60))),
            reply_days=5,
            assets=begun.assets,
            clauses=begun.clauses,
        )
        return msgspec.structs.replace(terms, **changed)

    def sign(self, name, engagement):
        """Sign what is on the table, as somebody's side."""
        place = WHO[name][0]
        with self.world.store.begin() as unit:
            party = parties.find(unit, self.asker(name), engagement)
            digest = party.engagement.offer.digest
            statement = negotiating.to_sign(party, digest).decode()
            note = self.signers[place].sign(statement)
            return negotiating.sign_with_key(unit, party, digest, note, at=self.now)

    def agree(self, engagement, **changed):
        """Have both sides sign terms."""
        self.do("lia", negotiating.offer, engagement, self.terms(engagement, **changed))
        self.sign("dora", engagement)
        return self.sign("lia", engagement)

    def name(self, engagement, *names, **described):
        for name in names:
            self.do(
                "lia",
                granting.name_person,
                engagement,
                self.people[name].id,
                facts.Described(name=name, **described),
            )

    def provide(
        self, engagement, url="http://127.0.0.1:9/v1", asset="endpoint", **more
    ):
        connection = facts.Connection(
            url=url, credential="sk-secret", model="m", **more
        )
        return self.do("dora", granting.provide, engagement, asset, connection)

    def live(self, **changed):
        """Return an engagement in which access is open for eva."""
        engagement = self.ask()
        self.agree(engagement, **changed)
        self.name(engagement, "eva", "ezra", "otto")
        self.provide(engagement)
        self.do("dora", granting.go_live, engagement)
        return engagement

    def deliver(self, engagement, name="eva"):
        return self.do(
            name,
            concluding.deliver,
            engagement,
            facts.Measured(
                title="First run",
                outcome="Below the threshold.",
                scores="0.31 [0.22, 0.42]",
                transcripts="…",
            ),
            randomness=secrets.token_bytes,
        )

    def partner(self, engagement):
        """Nominate the partner and let it in."""
        org = OrganisationId(self.organisations["Partner"])
        self.do(
            "lia",
            concluding.nominate,
            engagement,
            org,
            "It runs hospitals.",
            RULES,
            small_operator=True,
        )
        self.do("dora", concluding.consent, engagement, org)
        return self.do("dora", concluding.let_in, engagement, org)


__all__ = ["RULES", "WHO", "Cast", "agreement"]
