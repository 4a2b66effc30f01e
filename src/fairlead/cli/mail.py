"""`fairlead mail`: take what owners write, wherever a mail server hands it over."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from fairlead.cli.output import Exit, command, plain, show, system
from fairlead.errors import Invalid
from fairlead.wiring import now


@click.group()
def mail() -> None:
    """Take what owners write."""


@mail.command("take")
@click.argument("source", type=click.Path(path_type=Path, allow_dash=True))
@command
def take(source: Path, home: Path | None, *, as_json: bool) -> None:
    """Take the mails in SOURCE: one in a file or from `-`, an mbox, or a maildir.

    A mail is taken once: a command that broke off is run again. What is no answer to a
    mail of ours is said to be none, and left alone. Exit code 3 if a mail cannot be read.
    """
    from fairlead.clearinghouse.owners import answering
    from fairlead.formats import mail as mails
    from fairlead.wiring.server import Server

    told: list[dict[str, Any]] = []
    unread = 0
    with system(home) as opened:
        server = Server(opened)
        desk, keys = server.owner_desk(), server.openpgp()
        for number, content in enumerate(_contents(source), 1):
            try:
                came = mails.read(content)
                with opened.store.begin() as unit:
                    taken = answering.take(
                        unit, came, desk, keys, opened.settings.mail_from, at=now()
                    )
            except Invalid as error:
                unread += 1
                told.append(
                    {"mail": number, "outcome": "unreadable", "why": str(error)}
                )
                continue
            told.append(
                {
                    "mail": number,
                    "outcome": taken.outcome.value,
                    "about": taken.about,
                    "why": taken.why,
                }
            )
        opened.publish_record()
    lines = [
        plain(
            " ".join(
                str(one[key])
                for key in ("mail", "outcome", "about", "why")
                if one.get(key)
            )
        )
        for one in told
    ]
    show({"mails": told}, as_json=as_json, text="\n".join(lines) or "no mail")
    if unread:
        raise SystemExit(Exit.INVALID)


def _contents(source: Path) -> Iterator[bytes]:
    from fairlead.formats.mail import MAX_BYTES, mailbox

    if str(source) == "-":
        yield sys.stdin.buffer.read(MAX_BYTES + 1)
    else:
        yield from mailbox(source)
