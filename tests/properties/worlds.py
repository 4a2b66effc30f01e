"""Random worlds: organisations, reports, cases, and things done to them."""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st

from fairlead.access.members import OrganisationJoined
from fairlead.access.roles import SCOPES, Asker, Role
from fairlead.base.ids import OrganisationId
from fairlead.clearinghouse import coordinating, publishing, reporting
from fairlead.clearinghouse.cases import Part, Rules, State
from fairlead.clearinghouse.casework import delivering, steering, taking_part, timing
from fairlead.clearinghouse.casework.delivered import Answer, Channel, Delivery
from fairlead.clearinghouse.casework.delivering import Said
from fairlead.clearinghouse.casework.embargo import Kind
from fairlead.clearinghouse.casework.facts import Exposure, Limit
from fairlead.clearinghouse.casework.statements import Position, Stated
from fairlead.clearinghouse.casework.taking_part import Deed as TakingPart
from fairlead.clearinghouse.casework.timing import Applies, Known
from fairlead.clearinghouse.claims import keeping, taking
from fairlead.clearinghouse.claims.asking import Asked
from fairlead.clearinghouse.claims.claim import (
    Coverage,
    Depth,
    Method,
    Outcome,
    Visibility,
)
from fairlead.clearinghouse.claims.claim import State as ClaimState
from fairlead.clearinghouse.claims.matching import Holder
from fairlead.clearinghouse.claims.ports import Desk
from fairlead.clearinghouse.claims.targets import Target
from fairlead.clearinghouse.ports import Page
from fairlead.clearinghouse.publishing import Draft
from fairlead.errors import Error
from fairlead.formats.advisory import Affected
from fairlead.sealing import oprf

COORDINATOR = Asker(
    actor="person/per-coordinator",
    organisation=OrganisationId("org-programme"),
    scopes=SCOPES[Role.COORDINATOR],
)

DRAFT = Draft(
    title="Overflow",
    summary="It overflows.",
    description="A long name overflows a buffer.",
    affected=(Affected(vendor="Example", product="example", purl="pkg:pypi/example"),),
)

PLACES = [("parse.py", "parse"), ("parse.py", "lex"), ("io.c", "read_header")]


def report(package: str, place: int, words: str) -> bytes:
    """Return a TAP report about one of three places in a package."""
    file, function = PLACES[place]
    return json.dumps(
        {
            "purl": f"pkg:pypi/{package}@1.0",
            "affected_symbol": {"file": f"src/{file}", "function": function, "line": 9},
            "enrichment": {"cwe": "CWE-787"},
            "attachments": [
                {"filename": "r.md", "content_type": "text/markdown", "data": words}
            ],
        }
    ).encode()


def reporter(organisation: str) -> Asker:
    """Return somebody who reports for *organisation*."""
    return Asker(
        actor=f"token/tok-{organisation}",
        organisation=OrganisationId(organisation),
        scopes=SCOPES[Role.REPORTER],
    )


organisations = st.sampled_from(["org-a", "org-b", "org-c"])
submit = st.tuples(
    st.just("submit"),
    organisations,
    st.sampled_from(["one", "two"]),
    st.integers(0, 2),
    st.sampled_from(["`parse` overflows `name_buffer`", "heap overflow in `lex`", "?"]),
)
move = st.tuples(st.just("move"), st.integers(0, 9), st.sampled_from(State))
read_in = st.tuples(
    st.sampled_from(["read in", "read out"]), st.integers(0, 9), organisations
)
shorten = st.tuples(st.just("shorten"), st.integers(0, 9), st.integers(-3, 100))
publish = st.tuples(st.just("publish"), st.integers(0, 9))
wait = st.tuples(st.just("wait"), st.integers(0, 60))
work = st.tuples(st.just("work"))
part = st.tuples(
    st.sampled_from(["say", "state", "show", "task", "finish"]),
    st.integers(0, 9),
    organisations,
    st.sampled_from(["", "everyone", "org-a", "org-b"]),
)
decision = st.tuples(
    st.sampled_from(
        ["deliver", "answer", "rule", "put off", "expose", "disclose", "rate"]
    ),
    st.integers(0, 9),
    st.integers(0, 100),
)
plan = st.tuples(st.sampled_from(["hold", "schedule", "call off"]), st.integers(0, 9))


def claims(*visibilities):
    """Return claims of these visibilities."""
    return st.tuples(
        st.just("claim"),
        organisations,
        st.sampled_from(["pkg:pypi/one", "pkg:pypi/two", "pkg:github/o/one"]),
        st.sampled_from(visibilities),
        st.booleans(),
    )


claim = claims("all", "someone", "blind")
blind_claim = claims("blind")
end_claim = st.tuples(
    st.sampled_from(["release", "withdraw", "extend", "alive", "leave claims"]),
    organisations,
    st.integers(0, 9),
)
deeds = st.lists(
    st.one_of(
        submit,
        submit,
        move,
        move,
        read_in,
        shorten,
        publish,
        part,
        part,
        decision,
        plan,
        claim,
        end_claim,
        wait,
        work,
    ),
    max_size=25,
)


def do(world, deed) -> None:
    """Do one thing; what the rules refuse is refused, and nothing else may fail."""
    kind, *rest = deed
    if kind == "wait":
        world.clock.pass_time(days=rest[0])
        return
    if kind == "work":
        world.work()
        return
    try:
        with world.store.begin() as unit:
            _do(world, unit, kind, rest)
    except Error:
        return


def _join(unit, name, at) -> None:
    """Make an organisation a member under a name that is known beforehand."""
    if name not in {o.id for o in unit.organisations.all()}:
        facts = [OrganisationJoined(name=name)]
        unit.organisations.save(None, facts, name=name, by="operator/test", at=at)


HOLDER = Holder(oprf.derive_key(bytes(32), b"worlds"), "https://fairlead.example")
DESK = Desk(randomness=secrets.token_bytes, matching=HOLDER)
CLAIMING = {"claim", "release", "withdraw", "extend", "alive", "leave claims"}


def _claim(unit, kind, rest, at) -> None:
    me = reporter(rest[0])
    if kind == "claim":
        _, purl, visibility, exclusive = rest
        blind = visibility == "blind"
        token = hashlib.sha256(purl.encode()).hexdigest()
        asked = Asked(
            target=None if blind else Target(purl=purl),
            tokens=(token,) if blind else (),
            method=Method.MODEL,
            visibility=Visibility(visibility),
            exclusive=exclusive,
            wait=True,
            hours=300,
        )
        taking.take(unit, me, asked, DESK, at=at)
        return
    mine = unit.claims.of(me.organisation, Page(size=100), states=list(ClaimState))
    if not mine:
        return
    held = mine[rest[1] % len(mine)]
    match kind:
        case "release":
            done = Coverage(outcome=Outcome.NOTHING, depth=Depth.DEEP)
            keeping.release(unit, me, held.id, done, "quiet", DESK, at=at)
        case "withdraw":
            keeping.withdraw(unit, me, held.id, DESK, at=at)
        case "extend":
            until = held.until + timedelta(hours=5)
            keeping.extend(unit, me, held.id, until, DESK, at=at)
        case "alive":
            keeping.alive(unit, me, held.id, DESK, at=at)
        case "leave claims":
            keeping.leave(unit, me.organisation, DESK, by=me.actor, at=at)


def _do(world, unit, kind, rest) -> None:  # noqa: C901 - one a deed
    at = world.clock()
    if kind == "submit":
        organisation, package, place, words = rest
        reporting.submit(
            unit,
            reporter(organisation),
            report(package, place, words),
            at=at,
            randomness=secrets.token_bytes,
        )
        return
    if kind in CLAIMING:
        _claim(unit, kind, rest, at)
        return
    cases = coordinating.queue(unit, COORDINATOR, Page(size=100), world.context.moment)
    if not cases:
        return
    case = cases[rest[0] % len(cases)].id
    for kinds, act in ((PARTS, _take_part), (DECISIONS, _decide), (PLANS, _plan)):
        if kind in kinds:
            act(world, unit, kind, case, rest)
            return
    match kind:
        case "move":
            coordinating.move(unit, COORDINATOR, case, rest[1], reason="so", at=at)
        case "read in":
            _join(unit, rest[1], at)
            coordinating.read_in(
                unit, COORDINATOR, case, OrganisationId(rest[1]), Part.MEMBER, at=at
            )
        case "read out":
            coordinating.read_out(
                unit, COORDINATOR, case, OrganisationId(rest[1]), at=at
            )
        case "shorten":
            coordinating.shorten_embargo(
                unit,
                COORDINATOR,
                case,
                at + timedelta(days=rest[1]),
                rule="agreed",
                reason="so",
                at=at,
            )
        case "publish":
            verified = replace(COORDINATOR, verified_at=at)
            publishing.publish(unit, verified, case, DRAFT, world.context.press, at=at)


PARTS = {"say", "state", "show", "task", "finish"}
DECISIONS = {
    "deliver",
    "answer",
    "rule",
    "put off",
    "expose",
    "disclose",
    "rate",
}
PLANS = {"hold", "schedule", "call off"}


def member(organisation: str) -> Asker:
    """Return a person who takes part for *organisation*."""
    return Asker(
        actor=f"person/per-{organisation}",
        organisation=OrganisationId(organisation),
        scopes=SCOPES[Role.MEMBER],
    )


def _take_part(world, unit, kind, case, rest) -> None:
    """Say, state or do something in a case, as an organisation or, as org-c, for all."""
    _, who, to = rest
    asker = COORDINATOR if who == "org-c" else member(who)
    deed = TakingPart(asker=asker, at=world.clock(), randomness=secrets.token_bytes)
    match kind:
        case "say":
            taking_part.say(unit, deed, case, f"From {who}.", [to] if to else [])
        case "state":
            stated = Stated(product=to, position=Position.AFFECTED, text="It is.")
            whose = OrganisationId(to) if asker is COORDINATOR else None
            taking_part.state(unit, deed, case, stated, whose)
        case "show":
            for name in unit.statements.names_in(case):
                taking_part.show_statement(unit, deed, case, name, to_all=to != "")
        case "task":
            due = world.clock() + timedelta(days=9)
            taking_part.set_task(unit, deed, case, "Look.", due)
        case "finish":
            for name in unit.tasks.names_in(case):
                taking_part.finish_task(unit, deed, case, name, "Looked.")


def _decide(world, unit, kind, case, rest) -> None:
    at, rules = world.clock(), Rules()
    me = replace(COORDINATOR, verified_at=at)
    match kind:
        case "deliver":
            delivery = Delivery(
                owner="own-x", at=at, channel=Channel.MAIL, proof="DNS", by=me.actor
            )
            delivering.deliver(unit, case, delivery, rules, at=at)
        case "answer":
            said = Said(
                owner="own-x", channel=Channel.MAIL, answer=Answer.ACCEPTED, text="Yes."
            )
            delivering.owner_answers(unit, case, said, by=me.actor, at=at)
        case "rule":
            until = at + timedelta(days=rest[1])
            applies = Applies(kind=Kind.RELAYED, known_at=at, until=until)
            steering.apply_rule(unit, me, case, applies, rules, reason="so", at=at)
        case "put off":
            until = at + timedelta(days=100 + rest[1])
            limit = list(Limit)[rest[1] % 3]
            steering.extend(unit, me, case, limit, until, reason="so", at=at)
        case "expose":
            steering.expose(
                unit,
                me,
                case,
                Exposure.LEAKED,
                Known(at=at, reason="so"),
                rules=rules,
                at=at,
                randomness=secrets.token_bytes,
            )
        case "disclose":
            steering.decide(
                unit,
                me,
                case,
                lambda c: timing.disclosing(c, "so", rules, at=at),
                at=at,
            )
        case "rate":
            vectors = ["CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"]
            steering.decide(
                unit, me, case, lambda c: timing.rated(c, vectors, "so", rules), at=at
            )


def _plan(world, unit, kind, case, _rest) -> None:
    at = world.clock()
    me = replace(COORDINATOR, verified_at=at)
    match kind:
        case "hold":
            steering.hold_advisory(unit, me, case, DRAFT, world.context.press, at=at)
        case "schedule":
            due = max(unit.cases.get(case).embargo_until, at + timedelta(hours=1))
            steering.schedule_publication(unit, me, case, due, at=at)
        case "call off":
            steering.call_off_publication(unit, me, case, reason="so", at=at)
