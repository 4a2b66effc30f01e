"""P10: order changes nothing, no merge is for ever, and no finder is erased."""

from __future__ import annotations

import json
import secrets
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.access.roles import SCOPES, Asker, Role
from fairlead.base.ids import CaseId, OrganisationId, Receipt, pair_id
from fairlead.clearinghouse import judging, reporting
from fairlead.clearinghouse.cases import Rules, State
from fairlead.clearinghouse.grouping import (
    Filed,
    Link,
    Standing,
    components,
    place,
)
from fairlead.clearinghouse.pairs import Judgement
from fairlead.clearinghouse.regrouping import Deed
from fairlead.clearinghouse.submissions import PairVerdict

COORDINATOR = Asker(
    actor="person/per-c",
    organisation=OrganisationId("org-p"),
    scopes=SCOPES[Role.COORDINATOR],
)

# --- The rule ----------------------------------------------------------------------------

names = st.sampled_from([Receipt(f"SUB-{letter}") for letter in "abcdefgh"])
pairs = st.tuples(names, names).filter(lambda p: p[0] != p[1])
links = st.lists(
    st.builds(
        lambda p, q, who: Link(*p, q / 10, who), pairs, st.integers(6, 9), st.booleans()
    ),
    max_size=15,
)
aparts = st.lists(pairs, max_size=5)


@given(members=st.sets(names), links=links, apart=aparts, order=st.randoms())
def test_the_grouping_does_not_depend_on_any_order(members, links, apart, order):
    """Whatever order decisions are given in, and whichever end first, it is the same."""
    found = components(members, links, apart)
    turned = [
        Link(link.second, link.first, *link[2:]) if order.random() < 0.5 else link
        for link in links
    ]
    order.shuffle(turned)
    shuffled = sorted(members, key=lambda _: order.random())
    assert components(shuffled, turned, [p[::-1] for p in apart]) == found


@given(members=st.sets(names, min_size=1), links=links, apart=aparts)
def test_the_grouping_is_the_connected_components_under_what_people_told_apart(
    members, links, apart
):
    """Nothing that is apart is together; a link that would not bring that about holds."""
    found = components(members, links, apart)
    assert sorted(r for group in found for r in group) == sorted(members)
    of = {receipt: group for group in found for receipt in group}
    assert not [p for p in apart if p[0] in of and p[1] in of.get(p[0], ())]
    cut = {tuple(sorted(p)) for p in apart}
    for link in links:
        if link.first not in of or link.second not in of:
            continue
        both = of[link.first] | of[link.second]
        held = any(pair[0] in both and pair[1] in both for pair in cut)
        assert of[link.first] == of[link.second] or held


AT = datetime(2026, 8, 18, tzinfo=UTC)
standings = st.lists(
    st.tuples(names, st.booleans(), st.booleans()), unique_by=lambda t: t[0]
)


@given(data=st.data(), members=st.sets(names, min_size=1), links=links, cases=standings)
def test_every_finding_has_one_case_and_a_settled_case_keeps_its_own(
    data, members, links, cases
):
    """No finding is lost, none is in two cases, and nothing settled is absorbed."""
    together = components(members, links, [])
    standing = [
        Standing(
            id=CaseId(f"FL-{anchor[-1]}"),
            anchor=anchor,
            opened_at=AT + timedelta(hours=n),
            settled=settled and not merged,
            merged=merged,
        )
        for n, (anchor, settled, merged) in enumerate(cases)
        if anchor in members
    ]
    live = [case for case in standing if not case.merged]
    at_home = {case.anchor: case.id for case in live}
    filed = {
        receipt: Filed(
            receipt=receipt,
            case=at_home.get(receipt)
            or (data.draw(st.sampled_from(live)).id if live else None),
            received_at=AT,
        )
        for receipt in sorted(members)
    }
    groups = place(together, filed, standing)
    moved = [receipt for group in groups for receipt in group.moves]
    assert len(moved) == len(set(moved))
    after = {r: f.case for r, f in filed.items()}
    after |= {r: g.case or g.anchor for g in groups for r in g.moves}
    assert None not in after.values()
    absorbed = {case for group in groups for case in group.absorbs}
    for case in live:
        assert (after[case.anchor] != case.id) == (case.id in absorbed)
        assert not (case.settled and case.id in absorbed)
    for case in absorbed:
        assert case not in after.values()
    again = place(
        together,
        {r: Filed(receipt=r, case=c, received_at=AT) for r, c in after.items()},
        [c for c in standing if c.id not in absorbed and c.id in after.values()],
    )
    opened = {g.anchor for g in groups if g.case is None}
    assert all(not g.moves for g in again if not opened & set(g.moves))


# --- The system --------------------------------------------------------------------------

TEXTS = (
    "`read_name` writes past `name_buffer` when `name_length` is above 256",
    "heap overflow in `read_name`: `name_buffer` has 256 bytes, `name_length` unchecked",
    "`name_length` is taken from the file; `read_name` copies it to `name_buffer`",
    "`read_name` trusts `tag_count` and reads outside of `tag_table` for 4096 tags",
    "`tag_count` is not compared with the 4096 entries of `tag_table`: over-read",
    "something in here may overflow",
)
reports = st.lists(
    st.tuples(
        st.sampled_from(["one", "two"]),
        st.sampled_from(["read_name", "read_tags", None]),
        st.sampled_from([40, 41, 90, None]),
        st.integers(0, len(TEXTS) - 1),
    ),
    min_size=2,
    max_size=7,
    unique=True,
)


def send(world, number, what, salt):
    package, function, line, words = what
    report = {
        "purl": f"pkg:pypi/{salt}{package}@1.0",
        "enrichment": {"cwe": "CWE-787"},
        "attachments": [
            {
                "filename": "r.md",
                "content_type": "text/markdown",
                "data": TEXTS[words],
            }
        ],
    }
    if function:
        report["affected_symbol"] = {"file": f"src/{salt}.c", "function": function}
        if line:
            report["affected_symbol"]["line"] = line
    asker = Asker(
        actor="token/t",
        organisation=OrganisationId(f"org-{salt}-{number}"),
        scopes=SCOPES[Role.REPORTER],
    )
    with world.store.begin() as unit:
        accepted = reporting.submit(
            unit,
            asker,
            json.dumps(report).encode(),
            at=world.clock(),
            randomness=secrets.token_bytes,
        )
    world.work()
    world.clock.pass_time(minutes=1)
    return accepted.submission.id


def arrive(world, reports, order):
    """Send in *order*; return the receipts by number."""
    # Letters alone: a package is taken for another version of one with digits less.
    salt = "".join(secrets.choice("bcdfghjklmnpqrstvwxz") for _ in range(12))
    return {n: send(world, n, reports[n], salt) for n in order}


def decisions(world, receipts):
    """Return what was decided about each pair, by number, and who is with whom."""
    numbers = {receipt: number for number, receipt in receipts.items()}
    with world.store.read() as unit:
        sent = {n: unit.submissions.get(r) for n, r in receipts.items()}
    decided = {
        frozenset([n, numbers[pair.other]]): (pair.verdict, pair.probability)
        for n, submission in sent.items()
        for pair in submission.pairs
    }
    groups = {}
    for number, submission in sent.items():
        groups.setdefault(submission.case, set()).add(number)
    return decided, {frozenset(group) for group in groups.values()}


def deed(world):
    return Deed(
        by=COORDINATOR.actor,
        at=world.clock(),
        rules=Rules(),
        randomness=secrets.token_bytes,
    )


def judge(world, receipts, judged):
    for *both, judgement in judged:
        one, other = (sorted(receipts)[n % len(receipts)] for n in both)
        if one == other:
            continue
        with world.store.begin() as unit:
            name = pair_id(receipts[one], receipts[other])
            judging.judge(unit, COORDINATOR, name, judgement, deed(world))


@settings(max_examples=15)
@given(reports=reports, order=st.randoms())
def test_the_order_of_arrival_changes_no_decision_about_a_pair(world, reports, order):
    """The same reports in any order give the same decisions and the same cases."""
    mixed = list(range(len(reports)))
    order.shuffle(mixed)
    first = decisions(world, arrive(world, reports, range(len(reports))))
    assert decisions(world, arrive(world, reports, mixed)) == first


judged = st.lists(
    st.tuples(st.integers(0, 6), st.integers(0, 6), st.sampled_from(Judgement)),
    max_size=6,
)


@settings(max_examples=20)
@given(reports=reports, judged=judged)
def test_cases_are_the_components_of_what_was_decided_and_judged(
    world, reports, judged
):
    """After any judgements each case is a component, and its count is right."""
    receipts = arrive(world, reports, range(len(reports)))
    judge(world, receipts, judged)
    expected = _components(world, receipts)
    _, groups = decisions(world, receipts)
    assert groups == expected
    with world.store.read() as unit:
        for receipt in receipts.values():
            case = unit.cases.get(unit.submissions.get(receipt).case)
            assert case.state is not State.MERGED
            assert case.findings == len(unit.submissions.of_case(case.id))
            first = unit.cases.history(case.id)[0].fact
            assert first.finding == case.opened_for


def _components(world, receipts):
    numbers = {receipt: number for number, receipt in receipts.items()}
    with world.store.read() as unit:
        sent = [unit.submissions.get(r) for r in receipts.values()]
        judged = unit.pairs.touching(list(receipts.values()))
    links = [
        Link(s.id, pair.other, pair.probability)
        for s in sent
        for pair in s.pairs
        if pair.verdict is PairVerdict.SAME
    ]
    links += [
        Link(*p.both, by_person=True) for p in judged if p.judgement is Judgement.SAME
    ]
    apart = [p.both for p in judged if p.judgement is Judgement.DIFFERENT]
    found = components(numbers, links, apart)
    return {frozenset(numbers[r] for r in group) for group in found}


@settings(max_examples=10)
@given(reports=reports, judged=judged)
def test_taking_every_judgement_back_leaves_what_the_system_had_decided(
    world, reports, judged
):
    """Undone is undone: no finding and no case is lost on the way."""
    receipts = arrive(world, reports, range(len(reports)))
    before = decisions(world, receipts)
    judge(world, receipts, judged)
    judge(world, receipts, [(a, b, Judgement.LATER) for a, b, _ in judged])
    assert decisions(world, receipts) == before
