"""`fairlead mail take` and `fairlead report plan`, as an operator and a coordinator run them."""

from __future__ import annotations

import json
import secrets
from email.message import EmailMessage

import pytest
from click.testing import CliRunner

from fairlead.access.roles import SCOPES, Asker, Role, token_scopes
from fairlead.clearinghouse.claims.targets import Target
from fairlead.clearinghouse.owners import directory
from fairlead.clearinghouse.owners.directory import Desk
from fairlead.clearinghouse.owners.owner import Proof
from fairlead.clearinghouse.owners.tokens import About
from fairlead.clearinghouse.owners.verifying import Shown
from fairlead.cli.main import main
from fairlead.wiring import Settings, System, now

COORDINATOR = Asker(actor="person/per-c", scopes=SCOPES[Role.COORDINATOR])
DESK = Desk(randomness=secrets.token_bytes)


def entered(store, at, *places):
    with store.begin() as unit:
        return directory.enter(
            unit, COORDINATOR, "Example", "sec@example.org", places, DESK, at=at
        )


@pytest.fixture
def home(tmp_path):
    """Return a home folder with one owner, and a mail that confirms its contact."""
    system = System(Settings(home=tmp_path / "home"), create=True)
    found = entered(system.store, now(), Target(host="www.example.org"))
    with system.store.read() as unit:
        token = unit.owners.token(About.OWNER, found.id, 1).text
    system.close()
    message = EmailMessage()
    message["From"] = "Sec <sec@example.org>"
    message["To"] = f"fairlead+{token}@localhost"
    message["Message-ID"] = "<1@example.org>"
    message.set_content("confirm\n")
    return tmp_path / "home", found.id, message.as_bytes()


def take(home, source, **rest):
    command = ["mail", "take", str(source), "--home", str(home), "--json"]
    return CliRunner().invoke(main, command, **rest)


def outcomes(result):
    return [one["outcome"] for one in json.loads(result.stdout)["mails"]]


def confirmed(home, name):
    system = System(Settings(home=home), create=False)
    with system.store.read() as unit:
        found = unit.owners.get(name)
    system.close()
    return found.confirmed


def test_a_mail_server_hands_over_one_mail_at_a_time(home):
    """From standard input, as in a line of `.forward` or a transport."""
    folder, name, mail = home
    result = take(folder, "-", input=mail)
    assert result.exit_code == 0, result.output
    assert outcomes(result) == ["contact confirmed"]
    assert confirmed(folder, name)
    assert outcomes(take(folder, "-", input=mail)) == ["was taken before"]


@pytest.mark.parametrize("kind", ["file", "mbox", "maildir"])
def test_mails_are_read_where_they_lie(home, tmp_path, kind):
    """One in a file, many in a mailbox, or a folder of them."""
    folder, name, mail = home
    stranger = (
        b"From: x@example.net\nTo: fairlead@localhost\nMessage-ID: <2@x>\n\nhello\n"
    )
    place = tmp_path / kind
    if kind == "file":
        place.write_bytes(mail)
    elif kind == "mbox":
        parts = [
            b"From x@example.net Tue Aug 18\n" + m + b"\n" for m in (stranger, mail)
        ]
        place.write_bytes(b"".join(parts))
    else:
        for part in ("new", "cur", "tmp"):
            (place / part).mkdir(parents=True)
        (place / "cur" / "1:2,S").write_bytes(stranger)
        (place / "new" / "2").write_bytes(mail)
    result = take(folder, place)
    assert result.exit_code == 0, result.output
    assert "contact confirmed" in outcomes(result)
    if kind != "file":
        assert "answers nothing" in outcomes(result)
    assert confirmed(folder, name)


@pytest.mark.parametrize("broken", [b"", b"\x00\xff" * 99, b"no header at all"])
def test_what_is_no_mail_is_said_and_the_rest_taken(home, broken):
    """Exit code 3 tells the mail server to keep it."""
    folder, _, _ = home
    result = take(folder, "-", input=broken)
    assert result.exit_code in {0, 3}
    assert outcomes(result)[0] in {"unreadable", "answers nothing"}


def test_a_batch_is_forecast_as_a_table_and_in_json(serving, tmp_path):
    """Per owner, with what is ahead; nothing is handed in."""
    world, address = serving
    world.join("Programme")
    token = world.token("Programme", *token_scopes(Role.COORDINATOR))
    found = entered(world.store, world.clock(), Target(purl="pkg:pypi/example"))
    entered(world.store, world.clock(), Target(purl="pkg:pypi/other"))
    with world.store.begin() as unit:
        owner = directory.confirm(unit, unit.owners.get(found.id), 1, at=world.clock())
        shown = Shown(number=1, epoch=1, proof=Proof.COMMIT, seen="c")
        directory.take_shown(unit, owner.id, [shown], at=world.clock())
    batch = tmp_path / "batch.jsonl"
    names = ["example"] * 25 + ["other", "nobodys"]
    batch.write_text("".join(f'{{"purl":"pkg:pypi/{n}@1.0"}}\n' for n in names))

    def plan(*more):
        return CliRunner().invoke(
            main,
            ["report", "plan", str(batch), "--to", address, *more],
            env={"FAIRLEAD_TOKEN": token},
        )

    told = json.loads(plan("--json").stdout)
    example, other, nobody = told["owners"]
    assert (example["reports"], example["last"]) == (25, "2026-09-01")
    assert (other["verified"], other["last"]) == (False, None)
    assert nobody["owner"] is None
    table = plan().stdout
    assert "2026-09-01" in table
    assert "not verified" in table
    with world.store.read() as unit:
        query = "select count(*) from submissions"
        assert unit.connection.exec_driver_sql(query).scalar() == 0
