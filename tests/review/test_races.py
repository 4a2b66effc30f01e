"""Several parties act at the same instant: nothing is lost, and withdrawing always works."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from fairlead.errors import Error
from fairlead.review import facts, negotiating
from fairlead.review.engagement import State
from fairlead.web.api.engagements import perform

sys.path.insert(0, str(Path(__file__).parent))
from acts import Cast

ROUNDS = 5


@pytest.fixture
def cast(world):
    return Cast(world)


def at_once(*acts):
    """Do all of *acts* at the same instant; return what each gave or raised."""
    together = Barrier(len(acts))

    def run(act):
        together.wait()
        try:
            return act()
        except Error as error:
            return error

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(run, acts))


def doing(cast, name, engagement, act, **form):
    """Return what does an act as over HTTP, with its retries."""

    def who(_unit):
        return cast.asker(name), None

    return lambda: perform(cast.world.context, who, engagement, act, form, strict=True)


def test_withdrawing_while_the_other_side_signs(cast):
    """Whoever is first, the developer has withdrawn and no terms open anything."""
    for _ in range(ROUNDS):
        engagement = cast.ask()
        cast.do("lia", negotiating.offer, engagement, cast.terms(engagement))
        offered = cast.sign("dora", engagement).offer
        party = cast.see("lia", engagement)
        statement = negotiating.to_sign(party, offered.digest).decode()
        note = cast.signers["Programme"].sign(statement)
        signed, withdrawn = at_once(
            doing(
                cast, "lia", engagement, "signature", digest=offered.digest, note=note
            ),
            doing(cast, "dora", engagement, "withdrawal"),
        )
        assert not isinstance(withdrawn, Error)
        after = cast.see("lia", engagement).engagement
        assert after.state is State.WITHDRAWN
        assert isinstance(signed, Error) == (after.terms is None)


def test_withdrawing_while_everybody_uses_it(cast):
    """Calls that end meanwhile are counted, and do not keep the developer waiting."""
    from fairlead.review import brokering

    engagement = cast.live()
    use = facts.Use(
        person=cast.people["eva"].id,
        asset="endpoint",
        clause=1,
        began="2026-08-18T14:00:00.000000Z",
        seconds=1,
        tokens_in=1,
        tokens_out=1,
        cents=0,
        counted="upstream",
        outcome="finished",
    )

    def record():
        from fairlead.errors import Conflict

        while True:
            try:
                with cast.world.store.begin() as unit:
                    brokering.record(unit, engagement, [use], at=cast.now)
            except Conflict:
                continue
            return True

    results = at_once(
        *[record] * 6,
        doing(cast, "dora", engagement, "withdrawal"),
        doing(cast, "dora", engagement, "release", to="everyone"),
    )
    assert not [one for one in results if isinstance(one, Error)]
    after = cast.see("lia", engagement).engagement
    assert after.state is State.WITHDRAWN
    assert after.released is not None
    assert after.used["endpoint"][0] == 6


def test_two_offers_at_once_leave_one_on_the_table(cast):
    """The later one is on the table, and only it can be signed."""
    engagement = cast.ask()
    cast.do("lia", negotiating.offer, engagement, cast.terms(engagement))
    first, second = at_once(
        doing(cast, "lia", engagement, "offer", days=9),
        doing(cast, "dora", engagement, "offer", days=8),
    )
    assert not isinstance(first, Error)
    assert not isinstance(second, Error)
    offer = cast.see("lia", engagement).engagement.offer
    assert offer.terms.window.days in {8, 9}
    assert offer.signed == {}


def test_a_key_service_that_lost_its_keys_opens_nothing(cast):
    """Without the keys nobody sees or opens anything; it is an error, not an answer."""
    engagement = cast.live()
    vault = cast.world.store.vault
    stream = f"engagement/{engagement}"
    from fairlead.store.vault import key_of

    with cast.world.store.read() as unit:
        number = key_of(unit.connection, stream)
    vault.keys.destroy(number)
    from fairlead.review import entry
    from fairlead.review.entry import Wish
    from fairlead.terms.clauses import Action, Purpose

    wish = Wish(action=Action.CALL, purpose=Purpose.MEASUREMENT, asset="endpoint")
    party = cast.see("eva", engagement)
    if party.visitor is not None:
        decision = entry.decide(party.engagement, party.visitor, wish, now=cast.now)
        assert not decision.allowed
    assert party.engagement.terms is None
    assert party.engagement.assets["endpoint"].connection is None
