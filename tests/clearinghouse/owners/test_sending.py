"""Cases go to verified owners alone, at their pace, and silence is not a no."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pysequoia import Cert, Tsk, decrypt

from fairlead.clearinghouse import coordinating
from fairlead.clearinghouse.cases import State
from fairlead.clearinghouse.claims.targets import Target
from fairlead.clearinghouse.owners import directory, sending
from fairlead.clearinghouse.owners.routing import Stage
from fairlead.clearinghouse.owners.rules import WithoutKey
from fairlead.clearinghouse.owners.wishes import Wish, Wishes
from fairlead.errors import NotFound, Refused

from .posts import COORDINATOR, OURS, reply, with_rules


def stage(letters, routing):
    return letters.routing(routing.id).stage


def test_a_case_is_delivered_when_its_mail_left_for_a_verified_owner(letters):
    """Until then the owner has nothing, and the case's own record says nothing."""
    owner = letters.owner(verified=False)
    case = letters.case()
    letters.world.clock.pass_time(days=2)
    queued = letters.route(case)
    letters.work()
    (asked,) = letters.mails()
    assert "Show that this software is yours" in asked["Subject"]
    assert owner.challenge in asked.get_content()
    assert stage(letters, queued) is Stage.QUEUED
    letters.verify(owner.id)
    letters.work()
    (told,) = letters.mails()
    assert told["To"] == "sec@example.org"
    assert case in told["Subject"]
    delivered = letters.see(lambda unit: unit.cases.get(case))
    assert delivered.state is State.WITH_OWNER
    (one,) = delivered.deliveries
    assert one.owner == owner.id
    assert one.at == letters.world.clock()
    assert one.proof == "challenge commit"


def test_while_the_mail_server_is_away_nothing_counts_as_delivered(letters):
    """It goes once, when the server is back; the clocks count from then."""
    letters.owner()
    case = letters.case()
    letters.post.answer = "451 later"
    queued = letters.route(case)
    letters.work()
    assert stage(letters, queued) is Stage.SENDING
    assert not letters.see(lambda unit: unit.cases.get(case)).deliveries
    letters.post.answer = "250 kept"
    letters.world.clock.pass_time(minutes=5)
    letters.work()
    sent = [m for m in letters.mails() if case in m["Subject"]]
    assert len(sent) == 1
    assert stage(letters, queued) is Stage.DELIVERED
    (one,) = letters.see(lambda unit: unit.cases.get(case)).deliveries
    assert one.at == letters.world.clock()


def test_without_a_key_a_mail_says_nothing_of_the_report(letters):
    """It has a link; neither title, package, file nor words of it."""
    letters.owner()
    case = letters.case()
    letters.route(case)
    letters.work()
    told = letters.mails()[-1]
    whole = told.as_string()
    for secret in ("example:", "m1.py", "overflows", "pkg:pypi", "CWE"):
        assert secret not in whole
    assert "https://programme.example/owner/case/l-" in told.get_content()


def test_with_a_key_everything_goes_encrypted_and_signed(letters):
    """Only the owner opens it; on the wire nothing of the report can be read."""
    secret = Tsk.generate("sec@example.org")
    letters.owner(certificate=str(secret.extract_certificate()))
    case = letters.case()
    letters.route(case)
    letters.work()
    told = letters.mails()[-1]
    assert told.get_content_type() == "multipart/encrypted"
    assert "overflows" not in told.as_string()
    sealed = list(told.iter_parts())[1].get_payload(decode=True)
    ours = Cert.from_bytes(letters.key.certificate.encode())
    opened = decrypt(sealed, decryptor=secret.decryptor(), store=lambda _i: [ours])
    assert opened.valid_sigs
    assert b"It overflows" in opened.bytes
    assert f"{case}: example".encode() in opened.bytes
    assert b"application/json" in opened.bytes


def test_what_the_profile_says_goes_to_owners_without_a_key(letters):
    """A mere notice, or everything in the clear."""
    with_rules(letters, without_key=WithoutKey.NOTICE, a_week=1000)
    letters.owner()
    letters.route(letters.case())
    letters.work()
    assert "/owner/case/" not in letters.mails()[-1].get_content()
    with_rules(letters, without_key=WithoutKey.FULL)
    letters.route(letters.case())
    letters.work()
    text = letters.mails()[-1].get_body().get_content()
    assert "> It overflows" in text


def test_an_owner_gets_what_it_can_bear_and_the_rest_later(letters):
    """Three a week of five: the other two a week after the first."""
    owner = letters.owner()
    letters.do(directory.say_wishes, COORDINATOR, owner.id, Wishes(a_week=3))
    routed = [letters.route(letters.case()) for _ in range(5)]
    letters.work()
    assert sum(stage(letters, one) is Stage.DELIVERED for one in routed) == 3
    letters.world.clock.pass_time(days=6.9)
    letters.work()
    assert sum(stage(letters, one) is Stage.QUEUED for one in routed) == 2
    letters.world.clock.pass_time(days=0.2)
    letters.work()
    assert all(stage(letters, one) is Stage.DELIVERED for one in routed)


def test_an_owner_pulls_the_next_by_mail(letters):
    """Whatever its pace; and it is told how many wait."""
    owner = letters.owner()
    letters.do(directory.say_wishes, COORDINATOR, owner.id, Wishes(a_week=1))
    cases = [letters.case() for _ in range(4)]
    routed = [letters.route(case) for case in cases]
    letters.work()
    first = letters.mails()[-1]
    assert "3 more wait" in first.get_content()
    letters.take(reply(first, "Next 2\n\nThanks!"))
    letters.work()
    assert sum(stage(letters, one) is Stage.DELIVERED for one in routed) == 3


def test_what_an_owner_does_not_want_waits_for_a_coordinator(letters):
    """With the wish; released with a reason, it goes."""
    owner = letters.owner()
    wishes = Wishes(not_parts=("vendor",), only_with_reproducer=True)
    letters.do(directory.say_wishes, COORDINATOR, owner.id, wishes)
    held = letters.route(letters.case(file="vendor/zlib/inflate.c"))
    bare = letters.route(letters.case())
    crash = {
        "filename": "crash.bin",
        "content_type": "application/octet-stream",
        "data": "AAAA",
        "type": "reproducer",
    }
    shown = letters.route(letters.case(attachments=[crash]))
    letters.work()
    assert letters.routing(held.id).wish is Wish.NOT_THIS_PART
    assert letters.routing(bare.id).wish is Wish.REPRODUCER
    assert stage(letters, shown) is Stage.DELIVERED
    letters.do(sending.release, COORDINATOR, bare.id, reason="trivial to see")
    letters.work()
    assert stage(letters, bare) is Stage.DELIVERED
    letters.do(directory.say_wishes, COORDINATOR, owner.id, Wishes())
    letters.work()
    assert stage(letters, held) is Stage.DELIVERED


def test_a_contact_that_changes_gets_nothing_until_all_is_shown_again(letters):
    """And what was sent to the old one leads nowhere."""
    owner = letters.owner()
    letters.route(letters.case())
    letters.work()
    old = letters.mails()[-1]
    letters.do(
        directory.change_contact,
        COORDINATOR,
        owner.id,
        "evil@example.net",
        letters.desk,
    )
    queued = letters.route(letters.case())
    letters.work()
    (asked,) = letters.mails()
    assert "mailto:evil@example.net" in asked.get_content()
    assert stage(letters, queued) is Stage.QUEUED
    taken = letters.take(reply(old, "not security: trust me"))
    assert "earlier contact" in taken.why


def test_the_second_who_shows_a_place_does_not_take_it_over(letters):
    """Whoever had push access for a day gets nothing of what is the first one's."""
    first = letters.owner()
    letters.world.clock.pass_time(days=1)
    letters.owner(mail="late@example.net")
    queued = letters.route(letters.case())
    assert queued.owner == first.id


def test_a_case_needs_an_owner_and_triage(letters):
    """Nobody is guessed, and nothing unread is sent."""
    with pytest.raises(NotFound):
        letters.route(letters.case("nobodys"))
    letters.owner()
    with pytest.raises(Refused):
        letters.route(letters.case(triaged=False))
    case = letters.case()
    letters.route(case)
    with pytest.raises(Refused):
        letters.route(case)


def test_what_maintains_the_repository_owns_the_package_built_from_it(letters):
    """As the names of projects say that coordinators keep."""
    from fairlead.clearinghouse.claims import placing

    repository = Target(repository="https://github.com/one/two")
    owner = letters.owner(repository)
    letters.do(
        placing.name,
        COORDINATOR,
        Target(purl="pkg:pypi/example"),
        repository,
        same=False,
        desk=letters.world.context.claims,
    )
    assert letters.route(letters.case()).owner == owner.id


# --- Silence -------------------------------------------------------------------------------


def silent(letters):
    letters.owner()
    case = letters.case()
    queued = letters.route(case)
    letters.work()
    letters.mails()
    return case, queued


def test_silence_is_followed_by_reminders_with_growing_gaps_then_a_person(letters):
    """Five, ten, twenty days; then a coordinator; then the way of the unmaintained."""
    _, queued = silent(letters)
    days, seen = 0, []
    while days < 90 and stage(letters, queued) is not Stage.UNMAINTAINED:
        letters.world.clock.pass_time(days=1)
        days += 1
        letters.work()
        one = letters.routing(queued.id)
        seen += [("mail", days)] * len(letters.mails())
        if one.stage is Stage.PERSON and ("person", 45) not in seen:
            seen.append(("person", days))
    assert seen == [("mail", 5), ("mail", 15), ("mail", 35), ("person", 45)]
    assert days == 75


def test_after_the_timers_were_dead_each_thing_is_done_once_and_said_late(letters):
    """Two reminders were due meanwhile; one goes, and it says that it is late."""
    _, queued = silent(letters)
    letters.world.clock.pass_time(days=16)
    letters.work()
    (late,) = letters.mails()
    assert "late" in late.get_content()
    assert letters.routing(queued.id).reminded == 1
    letters.work()
    assert letters.mails() == []
    letters.world.clock.pass_time(days=10)
    letters.work()
    (again,) = letters.mails()
    assert "late" not in again.get_content()


def test_a_coordinator_who_reached_the_owner_stops_the_reminders(letters):
    """Until the instant that was agreed."""
    _, queued = silent(letters)
    until = letters.world.clock() + timedelta(days=40)
    letters.do(sending.put_off, COORDINATOR, queued.id, until, words="on holiday")
    letters.world.clock.pass_time(days=39)
    letters.work()
    assert letters.mails() == []
    letters.world.clock.pass_time(days=2)
    letters.work()
    assert stage(letters, queued) is Stage.PERSON


def test_a_case_that_went_on_is_not_asked_about(letters):
    """A rejected one is neither reminded of nor sent."""
    case, queued = silent(letters)
    letters.do(coordinating.move, COORDINATOR, case, State.REJECTED, reason="none")
    letters.world.clock.pass_time(days=6)
    letters.work()
    assert letters.mails() == []
    assert stage(letters, queued) is Stage.ENDED


def test_reminders_and_silence_survive_a_rebuild(letters):
    """Timers are made anew from the record."""
    _, queued = silent(letters)
    with letters.world.store.begin() as unit:
        from sqlalchemy import delete

        from fairlead.store import tables

        unit.connection.execute(delete(tables.timers))
        sending.resume(unit, letters.desk, at=letters.world.clock())
    letters.world.clock.pass_time(days=6)
    letters.work()
    assert len(letters.mails()) == 1
    assert letters.routing(queued.id).reminded == 1


def test_nothing_that_a_stranger_chose_gets_into_a_header(letters):
    """Not by a name, nor by the words of a report."""
    letters.owner()
    case = letters.case(
        file="a\r\nBcc: evil@example.net\r\n\r\nx".replace("\r\n", " Bcc: evil ")
    )
    letters.route(case)
    letters.work()
    told = letters.mails()[-1]
    assert told.get_all("Bcc") is None
    assert told["From"] == OURS
    assert told["Auto-Submitted"] == "auto-generated"


def test_a_contact_that_changes_while_a_mail_is_on_its_way_puts_it_back_in_line(
    letters,
):
    """It goes to the new contact once that was shown, and nothing is stuck."""
    owner = letters.owner()
    letters.post.answer = "451 later"
    queued = letters.route(letters.case())
    letters.work()
    assert stage(letters, queued) is Stage.SENDING
    letters.do(
        directory.change_contact, COORDINATOR, owner.id, "new@example.org", letters.desk
    )
    letters.post.answer = "250 kept"
    letters.world.clock.pass_time(minutes=5)
    letters.work()
    assert stage(letters, queued) is Stage.QUEUED
    letters.verify(owner.id)
    letters.work()
    assert stage(letters, queued) is Stage.DELIVERED
    assert {m["To"] for m in letters.mails()} == {"new@example.org"}


def test_a_contact_that_changes_after_delivery_is_for_a_coordinator(letters):
    """Nobody is reminded of what it never got."""
    _, queued = silent(letters)
    owner = letters.routing(queued.id).owner
    letters.do(
        directory.change_contact, COORDINATOR, owner, "new@example.org", letters.desk
    )
    letters.verify(owner)
    letters.work()
    letters.mails()
    letters.world.clock.pass_time(days=6)
    letters.work()
    assert letters.mails() == []
    assert letters.routing(queued.id).why.value == "the contact changed"
    letters.do(sending.release, COORDINATOR, queued.id, reason="to the new contact")
    letters.work()
    assert stage(letters, queued) is Stage.DELIVERED


def test_what_was_shown_is_looked_at_again_when_it_is_too_old(letters):
    """Where the challenge is gone by then, the owner is mailed; until then it waits."""
    owner = letters.owner()
    letters.work()
    letters.mails()
    letters.world.clock.pass_time(days=2)
    letters.work()
    assert letters.mails() == []
    letters.world.clock.pass_time(days=364)
    queued = letters.route(letters.case())
    letters.work()
    assert stage(letters, queued) is Stage.QUEUED
    letters.world.clock.pass_time(days=1)
    letters.work()
    (asked,) = letters.mails()
    assert owner.challenge in asked.get_content()


def test_what_was_said_on_the_way_goes_with_the_case(letters):
    """Neither the part of the software nor the owner's words open afterwards."""
    from dataclasses import replace as with_

    from fairlead.clearinghouse import destroying
    from fairlead.clearinghouse.cases import Ground

    letters.owner()
    case = letters.case()
    queued = letters.route(case)
    letters.work()
    letters.take(reply(letters.mails()[-1], "not security: it is documented"))
    letters.do(coordinating.move, COORDINATOR, case, State.REJECTED, reason="none")
    asker = with_(COORDINATOR, verified_at=letters.world.clock())
    letters.do(destroying.destroy_case, asker, case, Ground.LAW)
    letters.work()
    one = letters.routing(queued.id)
    assert (one.stage, one.place, one.part) == (Stage.ENDED, "", "")
    history = letters.see(lambda unit: unit.routings.history(queued.id))
    assert all(getattr(event.fact, "body", None) is None for event in history)
