"""Owners answer by mail: what is theirs counts, and nothing that others send does."""

from __future__ import annotations

import secrets
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import SMTP

import pytest
from pysequoia import Cert, SignatureMode, Tsk, encrypt, sign

from fairlead.clearinghouse.casework.delivered import Answer
from fairlead.clearinghouse.claims.targets import Target
from fairlead.clearinghouse.owners.answering import Outcome
from fairlead.clearinghouse.owners.routing import Stage
from fairlead.clearinghouse.owners.rules import WithoutKey

from .posts import OURS, reply, with_rules


def sent(letters, **named):
    """Return a case that an owner has, its routing, and the mail."""
    owner = letters.owner(**named)
    case = letters.case()
    queued = letters.route(case)
    letters.work()
    told = [m for m in letters.mails() if case in m["Subject"]]
    return owner, case, queued, told[-1]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("received", Answer.ACKNOWLEDGED),
        ("Accepted.", Answer.ACCEPTED),
        ("Not security: it needs root already.\n\nBye", Answer.NOT_SECURITY),
        ("out of scope - vendored", Answer.OUT_OF_SCOPE),
        ("\n\nneeds more: which version?\n", Answer.NEEDS_MORE),
    ],
)
def test_the_first_line_is_the_answer(letters, text, answer):
    """It stands on the routing and on the case's own record; silence is over."""
    owner, case, queued, told = sent(letters)
    assert letters.take(reply(told, text)).outcome is Outcome.ANSWER
    one = letters.routing(queued.id)
    assert (one.stage, one.answer) == (Stage.ANSWERED, answer)
    said = letters.see(lambda unit: unit.cases.get(case)).answers[owner.id]
    assert (said.answer, said.channel.value) == (answer, "mail")
    letters.work()
    (noted,) = letters.mails()
    assert noted["To"] == "sec@example.org"
    letters.world.clock.pass_time(days=100)
    letters.work()
    assert letters.mails() == []


def test_a_date_is_a_promise_and_leaves_the_verdict(letters):
    """Given with the verdict, or later."""
    owner, case, _, told = sent(letters)
    letters.take(reply(told, "accepted\ndate 2026-10-01"))
    said = letters.see(lambda unit: unit.cases.get(case)).answers[owner.id]
    assert said.fix_planned.isoformat() == "2026-10-01T00:00:00+00:00"
    letters.take(reply(told, "date: 2026-11-01"))
    one = letters.routing(letters.see(lambda u: u.routings.of_case(case))[0].id)
    assert one.answer is Answer.ACCEPTED
    assert one.fix_planned.isoformat() == "2026-11-01"


@pytest.mark.parametrize(
    "text",
    [
        "Hello, is this accepted practice?",
        "I would not say that this is not security relevant",
        "acceptedly",
        "date 2019-01-01",
        "date 2026-13-45",
        "> accepted",
        "",
        "not\nsecurity",
    ],
)
def test_what_is_not_exactly_an_answer_is_for_a_coordinator(letters, text):
    """Nothing is guessed, and nothing is lost."""
    _, case, queued, told = sent(letters)
    assert letters.take(reply(told, text)).outcome is Outcome.FOR_A_PERSON
    one = letters.routing(queued.id)
    assert (one.stage, one.unread) == (Stage.DELIVERED, 1)
    assert not letters.see(lambda unit: unit.cases.get(case)).answers


def test_a_quoted_answer_is_nobodys(letters):
    """Only what was written anew counts, and what comes first of it."""
    _, _, queued, told = sent(letters)
    text = "accepted\n\nOn Tue, somebody wrote:\n> not security\n-- \nout of scope"
    letters.take(reply(told, text))
    assert letters.routing(queued.id).answer is Answer.ACCEPTED


def test_html_and_scripts_are_read_as_text(letters):
    """Of HTML counts what a reader sees; nothing of it is kept as HTML."""
    _, _, queued, told = sent(letters)
    text = (
        "<html><head><style>x</style><script>accepted</script></head><body>"
        "<p>Not security: &lt;b&gt;<img src=x onerror=alert(1)>no</p>"
        "<blockquote><p>accepted</p></blockquote></body></html>"
    )
    letters.take(reply(told, text, subtype="html"))
    assert letters.routing(queued.id).answer is Answer.NOT_SECURITY
    words = letters.see(lambda unit: unit.routings.history(queued.id))[-1].fact.body
    assert words.words.strip() == "Not security: <b>no"


# --- Forged -----------------------------------------------------------------------------------


def test_who_writes_from_another_address_decides_nothing(letters):
    """A mail that was passed on does not pass on the verdict."""
    _, case, queued, told = sent(letters)
    forged = reply(told, "not security", sender="evil@example.net")
    assert letters.take(forged).outcome is Outcome.FOR_A_PERSON
    assert letters.routing(queued.id).stage is Stage.DELIVERED
    letters.work()
    assert letters.mails() == []
    assert not letters.see(lambda unit: unit.cases.get(case)).answers


def test_a_forged_sender_without_the_token_is_nobody(letters):
    """Nor with a token that somebody made, or one of another case."""
    _, _, queued, told = sent(letters)
    other = letters.route(letters.case())
    letters.work()
    local, _, domain = told["Reply-To"].partition("@")
    token = local.partition("+")[2]
    flipped = token[:-1] + ("a" if token[-1] != "a" else "b")
    moved = f"c-{other.id.partition('-')[2]}-{token.rpartition('-')[2]}"
    owners = f"o-{token.partition('-')[2]}"
    links = f"l-{token.partition('-')[2]}"
    for made in (flipped, moved, owners, links, "c-x-y", ""):
        message = EmailMessage()
        message["From"] = "sec@example.org"
        message["To"] = f"fairlead+{made}@{domain}" if made else OURS
        message["Message-ID"] = f"<{secrets.token_hex(8)}@example.org>"
        message.set_content("not security")
        assert letters.take(message).outcome is Outcome.NO_ANSWER
    for one in (queued, other):
        assert letters.routing(one.id).stage is Stage.DELIVERED


def test_a_mail_is_taken_once(letters):
    """The same again, from a server that sends twice, changes nothing."""
    _, _, queued, told = sent(letters)
    answer = reply(told, "accepted")
    letters.take(answer)
    version = letters.routing(queued.id).version
    assert letters.take(answer).outcome is Outcome.AGAIN
    assert letters.routing(queued.id).version == version


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied (vacation)"},
        {"Precedence": "bulk"},
        {"List_Id": "<all.example.org>"},
        {"Return_Path": "<>"},
    ],
)
def test_what_a_program_sends_is_no_answer_and_gets_none(letters, headers):
    """So nothing loops, and an absence does not break the silence."""
    _, _, queued, told = sent(letters)
    absent = reply(told, "received", **headers)
    assert letters.take(absent).outcome is Outcome.PASSED_OVER
    letters.work()
    assert letters.mails() == []
    assert letters.routing(queued.id).stage is Stage.DELIVERED


def test_our_own_mail_that_comes_back_to_us_is_passed_over(letters):
    """However it got there."""
    _, _, _, told = sent(letters)
    told.replace_header("To", told["Reply-To"])
    assert letters.take(told).outcome is Outcome.PASSED_OVER
    mine = reply(told, "accepted", sender=OURS)
    assert letters.take(mine).outcome is Outcome.PASSED_OVER


def test_two_programs_that_answer_each_other_come_to_an_end(letters):
    """Though one of them hides that it is a program."""
    _, _, _, told = sent(letters)
    count = 0
    mails = [told]
    while mails and count < 200:
        letters.take(reply(mails[-1], f"I am away ({count})"))
        letters.work()
        mails = letters.mails()
        count += 1
    assert count <= letters.desk.rules.answers + 1


# --- Mail that comes back -----------------------------------------------------------------


def returned(told, action="failed", status="5.1.1", *, to=None):
    report = MIMEMultipart("report", report_type="delivery-status")
    report["From"] = "MAILER-DAEMON@mx.example.org"
    report["To"] = to or told["Reply-To"]
    report["Auto-Submitted"] = "auto-replied"
    report["Message-ID"] = f"<{secrets.token_hex(8)}@mx.example.org>"
    report.attach(MIMEText("It could not be delivered."))
    fields = (
        "Reporting-MTA: dns; mx.example.org\r\n\r\n"
        "Final-Recipient: rfc822; sec@example.org\r\n"
        f"Action: {action}\r\nStatus: {status}\r\n"
    )
    report.attach(_part("message/delivery-status", fields))
    report.attach(_part("text/rfc822-headers", f"Message-ID: {told['Message-ID']}\r\n"))
    return report.as_bytes()


def _part(kind, text):
    from email import message_from_string

    return message_from_string(f"Content-Type: {kind}\r\n\r\n{text}")


def test_a_mail_that_came_back_goes_to_a_person_at_once(letters):
    """Found by the address it went back to, or by the name of our mail."""
    for to in (None, OURS):
        _, _, queued, told = sent(letters, mail=f"a{secrets.token_hex(3)}@example.org")
        taken = letters.take(returned(told, to=to))
        assert (taken.outcome, taken.why) == (Outcome.RETURNED, "5.1.1")
        one = letters.routing(queued.id)
        assert (one.stage, one.why.value) == (Stage.PERSON, "mail came back")
        break


def test_a_mail_that_is_only_late_has_not_come_back(letters):
    """A server that still tries says nothing final."""
    _, _, queued, told = sent(letters)
    for action, status in (
        ("delayed", "4.4.7"),
        ("relayed", "2.0.0"),
        ("failed", "4.2.2"),
    ):
        assert (
            letters.take(returned(told, action, status)).outcome is Outcome.PASSED_OVER
        )
    assert letters.routing(queued.id).stage is Stage.DELIVERED


# --- Owners with a key ----------------------------------------------------------------------


def keyed(letters):
    secret = Tsk.generate("sec@example.org")
    certificate = str(secret.extract_certificate())
    return secret, *sent(letters, certificate=certificate)


def sealed(letters, told, secret, text):
    ours = Cert.from_bytes(letters.key.certificate.encode())
    inner = MIMEText(text, policy=SMTP).as_bytes()
    outer = MIMEMultipart("encrypted", protocol="application/pgp-encrypted")
    outer["From"], outer["To"] = "sec@example.org", told["Reply-To"]
    outer["Message-ID"] = f"<{secrets.token_hex(8)}@example.org>"
    signer = secret.signer() if secret else None
    content = encrypt(inner, recipients=[ours], signer=signer)
    for part, kind in ((b"Version: 1\n", "pgp-encrypted"), (content, "octet-stream")):
        outer.attach(MIMEApplication(part, kind))
    return outer.as_bytes()


def test_a_verdict_of_an_owner_with_a_key_is_signed_and_names_its_case(letters):
    """Not signed, signed by another, or signed for another case, it is for a person."""
    secret, _, case, queued, told = keyed(letters)
    other = Tsk.generate("sec@example.org")
    quoted = f"not security: no\n\n> {case}\n"
    for message in (
        reply(told, quoted),
        sealed(letters, told, None, quoted),
        sealed(letters, told, other, quoted),
        sealed(letters, told, secret, "not security: no\n\n> FL-aaaaaaaaaa"),
    ):
        assert letters.take(message).outcome is Outcome.FOR_A_PERSON
        assert letters.routing(queued.id).stage is Stage.DELIVERED
    taken = letters.take(sealed(letters, told, secret, quoted))
    assert taken.outcome is Outcome.ANSWER
    fact = letters.see(lambda unit: unit.routings.history(queued.id))[-1].fact
    assert fact.signed


def test_a_signed_mail_counts_without_encryption_too(letters):
    """As multipart/signed; a changed byte undoes it."""
    secret, _, case, queued, told = keyed(letters)
    inner = f"Content-Type: text/plain\r\n\r\naccepted\r\n\r\n> {case}\r\n"
    signature = bytes(
        sign(secret.signer(), inner.encode(), mode=SignatureMode.DETACHED)
    ).decode()
    head = (
        f"From: sec@example.org\r\nTo: {told['Reply-To']}\r\n"
        f"Message-ID: <{secrets.token_hex(8)}@example.org>\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/signed; boundary=xx;\r\n"
        ' protocol="application/pgp-signature"; micalg=pgp-sha512\r\n\r\n'
    )
    tail = f"\r\n--xx\r\nContent-Type: application/pgp-signature\r\n\r\n{signature}\r\n--xx--\r\n"
    changed = inner.replace("accepted", "not security")
    bad = f"{head}--xx\r\n{changed}{tail}".replace("<", "<b", 1)
    assert letters.take(bad.encode()).outcome is Outcome.FOR_A_PERSON
    good = f"{head}--xx\r\n{inner}{tail}"
    assert letters.take(good.encode()).outcome is Outcome.ANSWER
    assert letters.routing(queued.id).answer is Answer.ACCEPTED


def test_a_mail_that_does_not_decrypt_here_is_for_a_person(letters):
    """It was encrypted for somebody else."""
    secret, _, _, _, told = keyed(letters)
    message = reply(told, "x")
    stranger = Tsk.generate("x@example.net").extract_certificate()
    content = encrypt(b"accepted", recipients=[stranger], signer=secret.signer())
    message.set_content(bytes(content).decode())
    assert letters.take(message).why == "it cannot be decrypted here"


# --- About the owner itself -------------------------------------------------------------------


def asked(letters, **named):
    owner = letters.owner(Target(host="www.example.org"), verified=False, **named)
    letters.work()
    return owner, letters.mails()[-1]


def test_an_owner_confirms_by_mail_and_says_what_it_can_bear(letters):
    """One line a wish; it is told what was noted."""
    owner, told = asked(letters)
    letters.take(reply(told, "confirm"))
    assert letters.see(lambda unit: unit.owners.get(owner.id)).confirmed
    letters.work()
    letters.mails()
    text = "5 a week\nevery 14 days, 3 at a time\nonly with a reproducer\nnot vendor/\n"
    taken = letters.take(reply(told, text + "pause until 2026-09-01\nThanks"))
    assert taken.outcome is Outcome.WISHES
    wishes = letters.see(lambda unit: unit.owners.get(owner.id)).wishes
    assert (wishes.a_week, wishes.every_days, wishes.batch) == (5, 14, 3)
    assert (wishes.not_parts, wishes.only_with_reproducer) == (("vendor/",), True)
    letters.work()
    (standing,) = letters.mails()
    assert "At most 5 a week" in standing.get_content()
    letters.take(reply(told, "no limits"))
    assert letters.see(lambda u: u.owners.get(owner.id)).wishes.a_week is None


def test_a_key_by_mail_is_a_change_of_contact(letters):
    """So all is shown again, for a challenge that names the key."""
    owner = letters.owner()
    letters.work()
    told = letters.mails()[0]
    secret = Tsk.generate("sec@example.org")
    message = reply(told, "key")
    message.add_attachment(
        str(secret.extract_certificate()).encode(),
        maintype="application",
        subtype="pgp-keys",
        filename="key.asc",
    )
    assert letters.take(message).outcome is Outcome.KEY
    now = letters.see(lambda unit: unit.owners.get(owner.id))
    assert not now.confirmed
    assert now.contact.fingerprint in now.challenge
    letters.work()
    assert "openpgp4fpr:" in letters.mails()[-1].get_content()


@pytest.mark.parametrize("text", ["confirm", "5 a week", "key", "next"])
def test_wishes_and_keys_from_elsewhere_count_nothing(letters, text):
    """But for the word that the mail was read, which the token alone shows."""
    owner, told = asked(letters)
    before = letters.see(lambda unit: unit.owners.get(owner.id))
    letters.take(reply(told, text, sender="evil@example.net"))
    after = letters.see(lambda unit: unit.owners.get(owner.id))
    assert (after.wishes, after.contact) == (before.wishes, before.contact)
    assert after.confirmed == (text == "confirm")


def test_an_owner_in_plain_mail_is_told_nothing_of_others(letters):
    """What goes to one owner is about its own cases alone."""
    with_rules(letters, without_key=WithoutKey.FULL)
    letters.owner()
    letters.owner(Target(purl="pkg:pypi/other"), mail="other@example.net")
    mine, theirs = letters.case(), letters.case("other")
    letters.route(mine)
    letters.route(theirs)
    letters.work()
    for told in letters.mails():
        if told["To"] == "sec@example.org":
            assert theirs not in told.as_string()
            assert "other@example.net" not in told.as_string()
