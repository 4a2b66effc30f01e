"""From reports to cases, on both databases."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta

import pytest
from sqlalchemy import update

from fairlead.access.roles import SCOPES, Asker, Role
from fairlead.base.ids import OrganisationId
from fairlead.clearinghouse import coordinating, reporting
from fairlead.clearinghouse.cases import Part, State
from fairlead.clearinghouse.ports import Page
from fairlead.clearinghouse.submissions import Outcome
from fairlead.errors import Invalid, NotFound, Refused
from fairlead.store import tables

COORDINATOR = Asker(
    actor="person/c",
    organisation=OrganisationId("org-p"),
    scopes=SCOPES[Role.COORDINATOR],
)
TEXTS = [
    "`read_name` writes past `name_buffer` when `name_length` is above 256",
    "heap overflow in `read_name`: `name_buffer` has 256 bytes, `name_length` is unchecked",
    "`name_length` is taken from the file; `read_name` copies it to `name_buffer`",
]


def send(world, organisation, text, function="read_name", package="example"):
    asker = Asker(
        actor="token/t",
        organisation=OrganisationId(organisation),
        scopes=SCOPES[Role.REPORTER],
    )
    report = {
        "purl": f"pkg:pypi/{package}@1.0",
        "affected_symbol": {"file": "src/parse.c", "function": function, "line": 40},
        "enrichment": {"cwe": "CWE-787"},
        "attachments": [
            {"filename": "r.md", "content_type": "text/markdown", "data": text}
        ],
    }
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


def submission(world, receipt):
    with world.store.read() as unit:
        return unit.submissions.get(receipt)


def all_cases(world):
    with world.store.read() as unit:
        return coordinating.queue(
            unit, COORDINATOR, Page(size=100), world.context.moment
        )


def test_the_same_bug_in_other_words_joins_the_case_of_the_first(world):
    first = send(world, "org-a", TEXTS[0])
    second = send(world, "org-b", TEXTS[1])
    assert submission(world, first).outcome is Outcome.NEW
    assert submission(world, second).outcome is Outcome.KNOWN
    (case,) = all_cases(world)
    assert case.findings == 2
    with world.store.read() as unit:
        view = coordinating.view(unit, COORDINATOR, case.id, world.context.moment)
    assert [f.submission.id for f in view.filed] == [first, second]
    assert any("name_buffer" in reason for reason in view.filed[1].reasons)


def test_another_package_is_another_case(world):
    send(world, "org-a", TEXTS[0])
    other = send(world, "org-b", TEXTS[1], package="unrelated")
    assert submission(world, other).outcome is not Outcome.KNOWN
    assert len(all_cases(world)) == 2


def test_a_rejected_bug_that_comes_again_is_already_known(world):
    send(world, "org-a", TEXTS[0])
    (case,) = all_cases(world)
    with world.store.begin() as unit:
        coordinating.move(
            unit,
            COORDINATOR,
            case.id,
            State.REJECTED,
            reason="no bug",
            at=world.clock(),
        )
    again = send(world, "org-b", TEXTS[1])
    assert submission(world, again).outcome is Outcome.KNOWN
    assert submission(world, again).case == case.id


def test_a_report_that_was_destroyed_before_it_was_read_still_gets_a_case(world):
    asker = Asker(
        actor="token/t", organisation=OrganisationId("o"), scopes=SCOPES[Role.REPORTER]
    )
    with world.store.begin() as unit:
        receipt = reporting.submit(
            unit,
            asker,
            b'{"purl":"pkg:pypi/x"}',
            at=world.clock(),
            randomness=secrets.token_bytes,
        ).submission.id
        unit.connection.execute(update(tables.events).values(body=None))
    world.work()
    assert submission(world, receipt).outcome is Outcome.UNREADABLE


def test_the_embargo_timer_rings_once_and_when_it_is_due(world):
    send(world, "org-a", TEXTS[0])
    world.clock.pass_time(days=134)
    world.work()
    assert not all_cases(world)[0].embargo_over
    world.clock.pass_time(days=3)
    world.work()
    world.work()
    (case,) = all_cases(world)
    assert case.embargo_over
    with world.store.read() as unit:
        kinds = [type(e.fact).__name__ for e in unit.cases.history(case.id)]
    assert kinds.count("EmbargoEnded") == 1


def test_a_shortened_embargo_rings_at_its_new_instant_only(world):
    send(world, "org-a", TEXTS[0])
    (case,) = all_cases(world)
    with world.store.begin() as unit:
        coordinating.shorten_embargo(
            unit,
            COORDINATOR,
            case.id,
            world.clock() + timedelta(days=7),
            rule="agreed with the owner",
            reason="fix is out",
            at=world.clock(),
        )
    world.clock.pass_time(days=7)
    world.work()
    assert all_cases(world)[0].embargo_over


def test_only_members_are_read_in(world):
    send(world, "org-a", TEXTS[0])
    (case,) = all_cases(world)
    member = world.join("Owner")

    def read_in(organisation):
        with world.store.begin() as unit:
            return coordinating.read_in(
                unit, COORDINATOR, case.id, organisation, Part.OWNER, at=world.clock()
            )

    with pytest.raises(NotFound):
        read_in(OrganisationId("org-nobody"))
    assert read_in(member.id).participants == {member.id: Part.OWNER}
    with pytest.raises(Refused, match="already"):
        read_in(member.id)


def test_what_is_no_report_is_refused_and_nothing_is_stored(world):
    with world.store.begin() as unit, pytest.raises(Invalid):
        reporting.submit(
            unit,
            Asker(
                actor="t",
                organisation=OrganisationId("o"),
                scopes=SCOPES[Role.REPORTER],
            ),
            b"{}",
            at=world.clock(),
            randomness=secrets.token_bytes,
        )
    with world.store.read() as unit:
        assert unit.agenda.waiting() == (0, 0)


def test_a_job_that_fails_is_tried_again_and_then_waits_for_a_person(
    world, monkeypatch
):
    def broken(*_args, **_kwargs):
        message = "broken"
        raise RuntimeError(message)

    with monkeypatch.context() as patch:
        patch.setattr("fairlead.worker.runner.deciding.decide", broken)
        receipt = send(world, "org-a", TEXTS[0])
        for _ in range(6):
            world.clock.pass_time(minutes=5)
            world.work()
        with world.store.read() as unit:
            assert unit.agenda.waiting() == (0, 1)
    assert submission(world, receipt).status == "queued"
