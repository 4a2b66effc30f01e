"""Cases to send, owners to send them to, and the mail that comes and goes."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field, replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from fairlead.access.roles import SCOPES, Asker, Role
from fairlead.base.ids import OrganisationId
from fairlead.clearinghouse import coordinating, reporting
from fairlead.clearinghouse.cases import Rules as CaseRules
from fairlead.clearinghouse.cases import State
from fairlead.clearinghouse.claims.targets import Target
from fairlead.clearinghouse.owners import answering, directory, sending
from fairlead.clearinghouse.owners.directory import Desk
from fairlead.clearinghouse.owners.owner import Proof
from fairlead.clearinghouse.owners.rules import Rules
from fairlead.clearinghouse.owners.verifying import Shown
from fairlead.formats import mail as mails
from fairlead.remote.mail import Mailer
from fairlead.store.openpgp import OpenPGPKey, read_certificate
from fairlead.worker.owners import OwnerWork

COORDINATOR = Asker(
    actor="person/per-coordinator",
    organisation=OrganisationId("org-programme"),
    scopes=SCOPES[Role.COORDINATOR],
)
OURS = "fairlead@programme.example"


class Post:
    """Keeps every mail that comes; refuses or fails where a test says so."""

    def __init__(self):
        self.mails = []
        self.answer = "250 kept"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's
        if self.answer.startswith("250"):
            self.mails.append(envelope)
        return self.answer


@dataclass
class Letters:
    """A world that writes to owners."""

    world: object
    post: Post
    mailer: Mailer
    key: OpenPGPKey
    desk: Desk
    cases: int = 0
    homes: dict = field(default_factory=dict)

    def do(self, use, *args, **named):
        with self.world.store.begin() as unit:
            return use(unit, *args, at=self.world.clock(), **named)

    def see(self, use, *args, **named):
        with self.world.store.read() as unit:
            return use(unit, *args, **named)

    def owner(self, *places, mail="sec@example.org", verified=True, **named):
        """Enter an owner; its contact confirmed and its places shown, unless not."""
        places = places or (Target(purl="pkg:pypi/example"),)
        found = self.do(
            directory.enter, COORDINATOR, "Example", mail, places, self.desk, **named
        )
        return self.verify(found.id) if verified else found

    def verify(self, name):
        with self.world.store.begin() as unit:
            found = unit.owners.get(name)
            at = self.world.clock()
            directory.confirm(unit, found, found.epoch, at=at)
            shown = [
                Shown(number=h.number, epoch=found.epoch, proof=Proof.COMMIT, seen="c")
                for h in found.held
            ]
            return directory.take_shown(unit, name, shown, at=at)

    def case(self, package="example", *, triaged=True, **fields):
        """Hand in a report of its own, and return the case it opened."""
        self.cases += 1
        number = self.cases
        document = {
            "purl": f"pkg:pypi/{package}@1.0",
            "affected_symbol": {
                "file": fields.pop("file", f"src/m{number}.py"),
                "function": f"function_{secrets.token_hex(4)}",
                "line": number,
            },
            "enrichment": {"cwe": f"CWE-{100 + number}"},
            "attachments": [
                {
                    "filename": "r.md",
                    "content_type": "text/markdown",
                    "data": f"It overflows <script>alert({number})</script>",
                },
                *fields.pop("attachments", []),
            ],
        } | fields
        receipt = self.submit(document)
        self.world.work()
        with self.world.store.read() as unit:
            name = unit.submissions.get(receipt).case
        if triaged:
            self.do(
                coordinating.move, COORDINATOR, name, State.TRIAGED, reason="it is one"
            )
        return name

    def submit(self, document):
        if "finder" not in self.homes:
            self.homes["finder"] = self.world.join("Finder").id
        finder = Asker(
            actor="token/tok-finder",
            organisation=self.homes["finder"],
            scopes=SCOPES[Role.REPORTER],
        )
        written = json.dumps(document).encode()
        return self.do(
            reporting.submit, finder, written, randomness=secrets.token_bytes
        ).submission.id

    def route(self, case, **named):
        return self.do(sending.route, COORDINATOR, case, self.desk, **named)

    def work(self):
        self.world.work()

    def mails(self):
        """Return the mails that came, parsed, and forget them."""
        found = [message_from_bytes(e.content, policy=default) for e in self.post.mails]
        self.post.mails.clear()
        return found

    def routing(self, name):
        return self.see(lambda unit: unit.routings.get(name))

    def take(self, message, sender=OURS):
        content = message if isinstance(message, bytes) else message.as_bytes()
        with self.world.store.begin() as unit:
            return answering.take(
                unit,
                mails.read(content),
                self.desk,
                self.key,
                sender,
                at=self.world.clock(),
            )


def reply(to, text, *, sender="sec@example.org", subtype="plain", **headers):
    """Return a mail that answers *to*, as somebody's program writes it."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = to["Reply-To"]
    message["Subject"] = f"Re: {to['Subject']}"
    message["In-Reply-To"] = to["Message-ID"]
    message["Message-ID"] = f"<{secrets.token_hex(8)}@example.org>"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text, subtype=subtype)
    return message


def written(world, tmp_path, post, port, rules=None):
    (tmp_path / "pgp").mkdir(exist_ok=True)
    key = OpenPGPKey(tmp_path / "pgp", "Test Clearinghouse")
    mailer = Mailer(f"smtp://127.0.0.1:{port}", OURS, key.seal)
    desk = Desk(
        randomness=secrets.token_bytes,
        rules=rules or Rules(),
        read_certificate=read_certificate,
    )
    world.runner.send = mailer.send
    world.runner.owners = OwnerWork(
        store=world.store,
        clock=world.clock,
        randomness=secrets.token_bytes,
        send=mailer.send,
        rules_of_cases=CaseRules(),
        programme="Test Clearinghouse",
        address="https://programme.example",
        desk_of=desk,
    )
    return Letters(world, post, mailer, key, desk)


def with_rules(letters, **changed):
    """Have other rules of the programme count."""
    rules = replace(letters.desk.rules, **changed)
    letters.desk = replace(letters.desk, rules=rules)
    letters.world.runner.owners = replace(
        letters.world.runner.owners, desk_of=letters.desk
    )
