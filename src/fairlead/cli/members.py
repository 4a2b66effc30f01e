"""`fairlead organisation`, `fairlead person`, `fairlead token`."""

from __future__ import annotations

import getpass
import secrets
from datetime import timedelta
from pathlib import Path

import click

from fairlead.access.members import Person
from fairlead.access.roles import Asker, Role, Scope, operator
from fairlead.base import instants
from fairlead.base.ids import PersonId, TokenId
from fairlead.cli.output import command, lines, show, system
from fairlead.wiring import now


def _operator() -> Asker:
    return operator(getpass.getuser())


@click.group()
def organisation() -> None:
    """Organisations that take part."""


@organisation.command("add")
@click.argument("name")
@command
def add_organisation(name: str, home: Path | None, *, as_json: bool) -> None:
    """Make NAME a member."""
    from fairlead.access import membership

    with system(home, create=True) as opened:
        with opened.store.begin() as unit:
            added = membership.join(
                unit, _operator(), name, at=now(), randomness=secrets.token_bytes
            )
        opened.publish_record()
    show(
        {"organisation": added.id, "name": added.name},
        as_json=as_json,
        text=f"{added.id}  {added.name}",
    )


@organisation.command("list")
@command
def list_organisations(home: Path | None, *, as_json: bool) -> None:
    """List all organisations."""
    with system(home) as opened, opened.store.read() as unit:
        found = unit.organisations.all()
    show(
        {
            "organisations": [
                {"organisation": o.id, "name": o.name, "active": o.active}
                for o in found
            ]
        },
        as_json=as_json,
        text=lines(
            [(o.id, "yes" if o.active else "left", o.name) for o in found],
            ("ORGANISATION", "ACTIVE", "NAME"),
        ),
    )


@organisation.command("end")
@click.argument("name")
@command
def end_organisation(name: str, home: Path | None, *, as_json: bool) -> None:
    """End the membership of NAME: its people and tokens open nothing any more."""
    from fairlead.programme import leaving

    with system(home) as opened:
        with opened.store.begin() as unit:
            desk = opened.claim_desk()
            ended = leaving.end_membership(unit, _operator(), name, desk, at=now())
        opened.publish_record()
    show(
        {"organisation": ended.id, "active": ended.active},
        as_json=as_json,
        text=f"{ended.name} has left",
    )


@click.group()
def person() -> None:
    """People who sign in."""


@person.command("add")
@click.argument("organisation")
@click.argument("name")
@click.option(
    "--role",
    "roles",
    multiple=True,
    required=True,
    type=click.Choice([role.value for role in Role]),
    help="What the person acts as; may be given several times.",
)
@command
def add_person(
    organisation: str,
    name: str,
    roles: tuple[str, ...],
    home: Path | None,
    *,
    as_json: bool,
) -> None:
    """Enrol NAME for ORGANISATION and print a code to sign in with, once."""
    from fairlead.access import membership

    with system(home) as opened:
        with opened.store.begin() as unit:
            added = membership.enrol(
                unit,
                _operator(),
                organisation,
                name,
                tuple(Role(role) for role in roles),
                at=now(),
                randomness=secrets.token_bytes,
            )
            code = membership.hand_out_code(
                unit, _operator(), added.id, at=now(), randomness=secrets.token_bytes
            )
        opened.publish_record()
        address = opened.settings.public_address
    _show_code(added.id, code, address, as_json=as_json)


@person.command("code")
@click.argument("person")
@click.option(
    "--operator-recovery",
    "reason",
    metavar="REASON",
    help="Let in somebody who lost its passkeys, without two administrators. It ends"
    " the sessions of that person, and stands on the record with REASON.",
)
@command
def person_code(
    person: str, reason: str | None, home: Path | None, *, as_json: bool
) -> None:
    """Print a new code with which PERSON can sign in, once, within 15 minutes.

    A person who has a passkey gets none: two administrators recover its account on the
    page People.
    """
    from fairlead.access import membership, recovery

    who, at = PersonId(person), now()
    with system(home) as opened:
        with opened.store.begin() as unit:
            if reason is None:
                code = membership.hand_out_code(
                    unit, _operator(), who, at=at, randomness=secrets.token_bytes
                )
            else:
                code = recovery.by_operator(
                    unit,
                    _operator(),
                    who,
                    reason,
                    at=at,
                    randomness=secrets.token_bytes,
                )
        opened.publish_record()
        address = opened.settings.public_address
    _show_code(person, code, address, as_json=as_json)


@person.command("lock")
@click.argument("person")
@command
def lock_person(person: str, home: Path | None, *, as_json: bool) -> None:
    """Sign PERSON out everywhere at once, and let nothing open anything for it."""
    from fairlead.access import recovery

    with system(home) as opened:
        with opened.store.begin() as unit:
            recovery.lock(unit, _operator(), PersonId(person), at=now())
        opened.publish_record()
    show(
        {"person": person, "locked": True}, as_json=as_json, text=f"{person} is locked"
    )


@person.command("unlock")
@click.argument("person")
@command
def unlock_person(person: str, home: Path | None, *, as_json: bool) -> None:
    """Let PERSON sign in again."""
    from fairlead.access import recovery

    with system(home) as opened:
        with opened.store.begin() as unit:
            recovery.unlock(unit, _operator(), PersonId(person), at=now())
        opened.publish_record()
    show(
        {"person": person, "locked": False},
        as_json=as_json,
        text=f"{person} may sign in again",
    )


@person.command("list")
@command
def list_people(home: Path | None, *, as_json: bool) -> None:
    """List all people."""
    with system(home) as opened, opened.store.read() as unit:
        names = {o.id: o.name for o in unit.organisations.all()}
        found = unit.people.all()
    rows = [
        {
            "person": p.id,
            "name": p.name,
            "organisation": names[p.organisation],
            "roles": list(p.roles),
            "active": p.active,
            "locked": p.locked,
            "passkeys": len(p.passkeys),
        }
        for p in found
    ]
    show(
        {"people": rows},
        as_json=as_json,
        text=lines(
            [(p.id, _standing(p), ", ".join(p.roles), p.name or "") for p in found],
            ("PERSON", "ACTIVE", "ROLES", "NAME"),
        ),
    )


@person.command("end")
@click.argument("person")
@command
def end_person(person: str, home: Path | None, *, as_json: bool) -> None:
    """End what PERSON may do, everywhere and at once."""
    from fairlead.access import membership

    with system(home) as opened:
        with opened.store.begin() as unit:
            membership.end_person(unit, _operator(), PersonId(person), at=now())
        opened.publish_record()
    show(
        {"person": person, "active": False}, as_json=as_json, text=f"{person} has left"
    )


@person.command("erase")
@click.argument("person")
@command
def erase_person(person: str, home: Path | None, *, as_json: bool) -> None:
    """Destroy what is personal about PERSON, who has left; what they did stays."""
    from fairlead.access import membership

    with system(home) as opened:
        with opened.store.begin() as unit:
            erased = membership.erase_person(
                unit, _operator(), PersonId(person), at=now()
            )
        opened.store.destroy_keys()
        opened.store.wipe_journal()
        opened.publish_record()
    show(
        {"person": erased.id, "erased": erased.erased},
        as_json=as_json,
        text=f"{erased.id} is erased",
    )


@click.group()
def token() -> None:
    """Tokens with which programs act."""


@token.command("issue")
@click.argument("organisation")
@click.option("--label", default="command line", help="What the token is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What it may do; may be given several times.",
)
@click.option("--days", default=90, show_default=True, help="How long it lasts.")
@command
def issue_token(  # noqa: PLR0913 - one parameter an option
    organisation: str,
    label: str,
    scopes: tuple[str, ...],
    days: int,
    home: Path | None,
    *,
    as_json: bool,
) -> None:
    """Hand out a token that acts for ORGANISATION; it is shown this once."""
    from fairlead.access import membership

    with system(home) as opened:
        with opened.store.begin() as unit:
            issued = membership.issue_token(
                unit,
                _operator(),
                organisation,
                label=label,
                scopes=frozenset(Scope(scope) for scope in scopes),
                lasts=timedelta(days=days),
                at=now(),
                randomness=secrets.token_bytes,
            )
        opened.publish_record()
    expires = instants.text(issued.token.expires_at)
    show(
        {"token": issued.token.id, "secret": issued.secret, "expires_at": expires},
        as_json=as_json,
        text=f"{issued.secret}\n{issued.token.id}, until {expires}; shown this once",
    )


@token.command("list")
@command
def list_tokens(home: Path | None, *, as_json: bool) -> None:
    """List all tokens; never their secrets."""
    with system(home) as opened, opened.store.read() as unit:
        names = {o.id: o.name for o in unit.organisations.all()}
        found = unit.tokens.all()
    at = now()
    rows = [
        {
            "token": t.id,
            "organisation": names[t.organisation],
            "label": t.label,
            "scopes": list(t.scopes),
            "expires_at": instants.text(t.expires_at),
            "valid": t.valid(at),
        }
        for t in found
    ]
    show(
        {"tokens": rows},
        as_json=as_json,
        text=lines(
            [
                (t.id, "yes" if t.valid(at) else "no", names[t.organisation], t.label)
                for t in found
            ],
            ("TOKEN", "VALID", "ORGANISATION", "LABEL"),
        ),
    )


@token.command("revoke")
@click.argument("token")
@command
def revoke_token(token: str, home: Path | None, *, as_json: bool) -> None:
    """Make TOKEN open nothing any more."""
    from fairlead.access import membership

    with system(home) as opened:
        with opened.store.begin() as unit:
            membership.revoke_token(unit, _operator(), TokenId(token), at=now())
        opened.publish_record()
    show({"token": token, "valid": False}, as_json=as_json, text=f"{token} is revoked")


def _standing(person: Person) -> str:
    if not person.active:
        return "left"
    return "locked" if person.locked else "yes"


def _show_code(person: str, code: str, address: str, *, as_json: bool) -> None:
    show(
        {"person": person, "code": code, "address": f"{address}/sign-in"},
        as_json=as_json,
        text=f"{person}\nSign in at {address}/sign-in with {code} (15 minutes, once)",
    )
