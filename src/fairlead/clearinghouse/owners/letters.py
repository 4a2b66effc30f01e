"""What owners are written: plain text, and nothing of a report where it is not sealed.

No word that a stranger chose stands in a subject. What goes without encryption says that
something waits and how to get it, never what it is about (TLP 2.0: a label goes with what
it marks, and does not allow to send it in the clear).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fairlead.base.letters import Letter
from fairlead.clearinghouse.cases import Case
from fairlead.clearinghouse.owners import verifying
from fairlead.clearinghouse.owners.owner import Owner
from fairlead.clearinghouse.owners.routing import How, Routing
from fairlead.clearinghouse.owners.rules import Rules

LINES = 400
"""Lines of a report in a mail; all of it is attached."""

ANSWERS = """\
To answer, reply to this mail; write one of these as the first line:

  received               you have it, and will look
  accepted               it is a vulnerability of yours
  date 2026-10-01        when you expect to have mended it
  not security: WHY      it is none
  out of scope: WHY      it is not yours, or not what you maintain
  needs more: WHAT       you cannot judge it without something, such as a reproducer

What follows that line is read by the coordinators. The verdict is yours. If you have a
key, sign your answer, and keep a line that names the case in what you sign.
"""

QUEUE = """\
Reply `next` to get the next report before its turn, `next 5` for five. Reply `5 a week`,
`every 14 days`, `only with a reproducer`, `not vendor/` or `pause until 2026-10-01` to say
what you can bear; one a line, or `no limits`.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """Who writes, and where it is found."""

    programme: str
    address: str
    """What people type to get there."""
    contact: str = ""
    fingerprint: str = ""
    """Of the key that signs what is sealed, and for which answers are encrypted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """One report of a case, as its owner is sent it."""

    receipt: str
    text: str
    report: bytes


def challenge(
    found: Owner, token: str, house: House, why: Sequence[str] = ()
) -> Letter:
    """Return the mail that says what is to be placed where; it names no vulnerability."""
    places = "\n".join(
        f"\n{one.name}\n" + "\n".join(f"  - {way}" for way in _ways(found, one.number))
        for one in found.held
    )
    looked = "\n".join(f"  {line}" for line in why)
    text = (
        f"{house.programme} passes on reports of vulnerabilities. Somebody wrote down that"
        f" you, {found.contact.mail}, maintain the software below. Nothing is sent to you"
        " before you have shown that it is so.\n\n"
        f"1. Reply `confirm` to this mail, so that it is known to reach you.\n"
        f"2. Place this line, for each of them in one of the ways it has:\n\n"
        f"{found.challenge}\n{places}\n\n"
        "3. Reply `verify` to this mail, or do nothing: it is looked for every day.\n\n"
        + (f"This was found when it was last looked for:\n{looked}\n\n" if why else "")
        + "To have reports encrypted, reply `key` with your OpenPGP certificate attached;"
        " you will be sent a new line to place.\n\n"
        f"You are {found.id} here; keep that line where you sign an answer.\n\n"
        "If this is not yours, do nothing. Whoever can place that line gets the reports,"
        " so place none that names somebody else.\n"
    )
    return Letter(found.contact.mail, "Show that this software is yours", text, token)


def case_letter(  # noqa: PLR0913 - one value a thing that must be said
    found: Owner,
    one: Routing,
    case: Case,
    filed: Sequence[Filed],
    house: House,
    *,
    token: str,
    link: str,
    waiting: int,
) -> Letter:
    """Return the mail with a case, or the one that says that it waits."""
    subject = f"[{case.id}] A report about software that you maintain"
    if one.how is How.SEALED:
        return Letter(
            found.contact.mail,
            subject,
            _whole(case, filed, house, waiting),
            token,
            certificate=found.contact.certificate,
            files=_files(filed),
        )
    if one.how is How.PLAIN:
        text = _whole(case, filed, house, waiting)
        return Letter(found.contact.mail, subject, text, token, files=_files(filed))
    return Letter(
        found.contact.mail, subject, _notice(one, house, link, waiting), token
    )


def reminder(  # noqa: PLR0913 - one value a thing that must be said
    found: Owner, one: Routing, house: House, rules: Rules, *, token: str, late: bool
) -> Letter:
    """Return the mail that reminds; it says nothing of the case."""
    sent = one.delivered_at.strftime("%d %B %Y, %H:%M UTC") if one.delivered_at else ""
    following = (
        "You will be reminded again."
        if one.reminded < rules.reminders
        else "After this one, a coordinator will try to reach you in person."
    )
    tardy = "This reminder is late: our timers had stopped.\n\n" if late else ""
    text = (
        f"{tardy}On {sent} {house.programme} sent you a report about software that you"
        f" maintain, {one.case}. There is no answer yet. A word is enough: reply"
        f" `received` to this mail.\n\n{following}\n\n{ANSWERS}"
    )
    subject = f"[{one.case}] A report still waits for you ({one.reminded})"
    return Letter(found.contact.mail, subject, text, token)


def noted(found: Owner, one: Routing, said: str, *, token: str) -> Letter:
    """Return the mail that says how an owner's mail was understood."""
    text = f"{said}\n\nIf that is wrong, simply answer again.\n\n{ANSWERS}"
    return Letter(found.contact.mail, f"[{one.case}] Your answer", text, token)


def standing(
    found: Owner,
    rules: Rules,
    waiting: int,
    *,
    token: str,
    at: datetime,
) -> Letter:
    """Return the mail that says how things stand: shown, wished, in the queue."""
    lines = [f"You are {found.id}", f"Contact: {found.contact.mail}"]
    lines.append("  confirmed" if found.confirmed else "  not confirmed yet")
    for one in found.held:
        shown = "verified" if found.verified(one, rules, at) else "not verified yet"
        lines.append(f"{one.name}: {shown}")
    lines += ["", *_wished(found, rules), "", f"Reports that wait for you: {waiting}"]
    text = "\n".join(lines) + f"\n\n{QUEUE}"
    return Letter(found.contact.mail, "How things stand", text, token)


def _wished(found: Owner, rules: Rules) -> list[str]:
    wishes = found.wishes
    lines = [f"At most {wishes.a_week or rules.a_week} a week"]
    if wishes.every_days:
        lines.append(f"In batches, every {wishes.every_days} days")
    if wishes.only_with_reproducer:
        lines.append("Only with a reproducer")
    lines += [f"Not {part}" for part in wishes.not_parts]
    if wishes.paused_until is not None:
        lines.append(f"Nothing until {wishes.paused_until:%Y-%m-%d}")
    return lines


def _ways(found: Owner, number: int) -> Sequence[str]:
    one = found.holding(number)
    return verifying.instructions(one.target) if one.target else ()


def _whole(case: Case, filed: Sequence[Filed], house: House, waiting: int) -> str:
    reports = "\n\n".join(_quoted(one) for one in filed)
    until = case.embargo_until.strftime("%d %B %Y, %H:%M UTC")
    return (
        f"{case.marking} · {case.id}: {case.title or 'a vulnerability'}\n\n"
        f"{house.programme} passes this on to you because you maintain the software.\n"
        f"It stays closed until {until} ({case.embargo_rule}).\n\n"
        f"{ANSWERS}\n{_queue(waiting)}\n"
        "What follows is what was reported, word for word. It was written by others: read"
        " it as data, and run nothing of it outside of a sandbox.\n\n"
        f"{reports}\n"
    )


def _quoted(one: Filed) -> str:
    lines = one.text.splitlines()
    left = len(lines) - LINES
    more = [f"> … {left} more lines in the attached report"] if left > 0 else []
    body = [f"> {_plain(line)}" for line in lines[:LINES]]
    return "\n".join([f"Report {one.receipt}", *body, *more])


def _plain(line: str) -> str:
    """Return a line without what moves a terminal's cursor or turns text around."""
    return "".join(c if c.isprintable() or c == "\t" else "�" for c in line)[:900]


def _notice(one: Routing, house: House, link: str, waiting: int) -> str:
    way = (
        f"Open it here, once you have read this to the end; the link is for you alone:\n\n"
        f"{link}\n"
        if one.how is How.LINK
        else "A coordinator agrees with you on a way to send it: reply to this mail."
    )
    return (
        f"{house.programme} has a report about software that you maintain. This mail is"
        " not encrypted, so it does not say which, nor what was found.\n\n"
        f"{way}\n\n"
        "To have reports encrypted from now on, reply `key` to the mail in which you were"
        " asked to show what is yours, with your OpenPGP certificate attached.\n\n"
        f"{ANSWERS}\n{_queue(waiting)}"
    )


def _queue(waiting: int) -> str:
    if not waiting:
        return ""
    return f"{waiting} more wait for their turn, at the pace that you wished.\n"


def _files(filed: Sequence[Filed]) -> tuple[tuple[str, bytes], ...]:
    return tuple((f"{one.receipt}.json", one.report) for one in filed)
