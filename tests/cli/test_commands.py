"""The commands as an operator types them."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from fairlead.access import membership, passkeys
from fairlead.cli.main import COMMANDS, main
from fairlead.wiring import Settings, System, now


@pytest.fixture
def run(tmp_path, monkeypatch):
    for name in ("FAIRLEAD_HOME", "FAIRLEAD_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    runner = CliRunner()

    def call(*arguments, code=0):
        home = ["--home", str(tmp_path / "home")]
        result = runner.invoke(main, [*arguments, *home])
        assert result.exit_code == code, result.output + result.stderr
        return result

    return call


def told(result):
    return json.loads(result.stdout)


def leaves(command, path=()):
    """Return every command that does something, with the words that call it."""
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from leaves(command.get_command(context, name), (*path, name))
    else:
        yield path, command


@pytest.mark.parametrize(("path", "command"), list(leaves(main)), ids=str)
def test_every_command_has_home_json_and_help(path, command):
    names = {option for p in command.params for option in p.opts}
    # Claims are made over HTTP, from machines without a home; verifying needs neither.
    where = "--home" if path[0] != "claim" else "--server"
    if path != ("claim", "verify"):
        assert where in names
    assert "--json" in names
    result = CliRunner().invoke(main, [*path, "--help"])
    assert result.exit_code == 0
    assert command.help or command.short_help


def test_help_names_every_command_and_loads_none_of_them():
    program = (
        "import sys; from fairlead.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "heavy = {'litestar', 'sqlalchemy', 'granian', 'alembic', 'httpx', 'rich'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert all(name in done.stdout for name in COMMANDS)


def test_an_operator_sets_up_a_clearinghouse(run):
    run("organisation", "add", "Finder")
    person = told(run("person", "add", "Finder", "Ada", "--role", "reporter", "--json"))
    assert person["address"].endswith("/sign-in")
    token = told(
        run(
            "token",
            "issue",
            "Finder",
            "--scope",
            "report:submit",
            "--json",
            "--days",
            "7",
        )
    )
    listed = run("token", "list")
    assert token["token"] in listed.stdout
    assert token["secret"] not in listed.stdout
    assert told(run("person", "list", "--json"))["people"][0]["name"] == "Ada"
    run("token", "revoke", token["token"])
    assert told(run("token", "list", "--json"))["tokens"][0]["valid"] is False
    run("person", "end", person["person"])
    run("person", "code", person["person"], code=5)
    run("organisation", "end", "Finder")
    assert "left" in run("organisation", "list").stdout
    checked = told(run("record", "check", "--json"))
    assert checked["holds"]
    assert checked["size"] == checked["events"] == 6
    assert told(run("status", "--json"))["organisations"] == 1


def test_an_operator_locks_people_out_and_in(run):
    run("organisation", "add", "Finder")
    ada = told(run("person", "add", "Finder", "Ada", "--role", "reporter", "--json"))
    run("person", "lock", ada["person"])
    assert "locked" in run("person", "list").stdout
    assert (
        "unlock the person first" in run("person", "code", ada["person"], code=5).stderr
    )
    run("person", "lock", ada["person"], code=5)
    run("person", "unlock", ada["person"])
    assert told(run("person", "code", ada["person"], "--json"))["code"]
    assert told(run("record", "check", "--json"))["holds"]


def test_an_operator_recovers_an_account_alone_only_with_a_reason(run, tmp_path):
    run("organisation", "add", "Finder")
    ada = told(run("person", "add", "Finder", "Ada", "--role", "reporter", "--json"))
    alone = ("person", "code", ada["person"], "--operator-recovery")
    assert "a code does" in run(*alone, "Lost", code=5).stderr
    give_passkey(tmp_path / "home", ada["code"])
    assert "two administrators" in run("person", "code", ada["person"], code=5).stderr
    assert "say why" in run(*alone, " ", code=3).stderr
    assert told(run(*alone, "Nobody else is there.", "--json"))["code"]
    assert told(run("record", "check", "--json"))["holds"]
    with System(
        Settings.read({}, home=tmp_path / "home"), create=False
    ).store.read() as unit:
        (*_, last) = unit.people.history(ada["person"])
    assert last.actor.startswith("operator/")
    assert last.fact.body.reason == "Nobody else is there."


def give_passkey(home, code):
    """Sign in with *code* and add a passkey, as the page of the account does."""
    opened = System(Settings.read({}, home=home), create=False)
    key = passkeys.NewKey(credential="AAAA", public_key="AAAA", count=0)
    with opened.store.begin() as unit:
        rest = {"at": now(), "randomness": secrets.token_bytes}
        session = membership.sign_in(unit, code, **rest)
        me = membership.whose_session(unit, session, at=now())
        passkeys.add(unit, me, key, "phone", **rest)
    opened.close()


def test_what_is_wrong_is_said_in_one_line_with_its_exit_code(run):
    run("organisation", "add", "Finder")
    again = run("organisation", "add", "finder", code=3)
    assert again.stderr.startswith("Error: there is an organisation called 'finder'")
    missing = run("token", "issue", "Nobody", "--scope", "report:submit", code=4)
    assert "fairlead organisation list" in missing.stderr
    wrong = json.loads(run("organisation", "add", " ", "--json", code=3).stderr)
    assert wrong["errors"][0]["field"] == "name"
    assert run("person", "add", "Finder", "A", "--role", "king", code=2)


def test_a_setting_that_makes_no_sense_is_named(run, monkeypatch):
    monkeypatch.setenv("FAIRLEAD_PORT", "http")
    assert "port: 'http' is no port" in run("status", code=3).stderr
    monkeypatch.setenv("FAIRLEAD_PORT", "80")
    monkeypatch.setenv("FAIRLEAD_LIMIT_STATUS", "often")
    assert "limit_status: 'often' is no limit" in run("serve", code=3).stderr
    monkeypatch.delenv("FAIRLEAD_LIMIT_STATUS")
    monkeypatch.setenv("FAIRLEAD_TRUSTED_PROXIES", "10.0.0.1/8")
    assert "trusted_proxies: 10.0.0.1/8" in run("serve", code=3).stderr
    monkeypatch.delenv("FAIRLEAD_TRUSTED_PROXIES")
    monkeypatch.setenv("FAIRLEAD_OIDC_ISSUER", "http://login.example")
    assert "oidc_issuer" in run("serve", code=3).stderr
    monkeypatch.delenv("FAIRLEAD_OIDC_ISSUER")
    monkeypatch.setenv("FAIRLEAD_PROXY_SECRET_FILE", "nowhere")
    assert "proxy_secret_file" in run("serve", code=3).stderr
    monkeypatch.delenv("FAIRLEAD_PROXY_SECRET_FILE")
    monkeypatch.setenv("FAIRLEAD_DATABASE", "mongodb://x")
    assert "postgresql+psycopg://" in run("organisation", "add", "A", code=3).stderr


def test_a_damaged_record_is_told_and_ends_with_its_exit_code(run, tmp_path):
    run("organisation", "add", "Finder")
    checkpoint = tmp_path / "home" / "record" / "checkpoint"
    checkpoint.write_text(checkpoint.read_text().replace("\n1\n", "\n2\n"))
    result = run("record", "check", code=7)
    assert "the note was changed" in result.stdout


def test_a_lost_key_is_said(run, tmp_path):
    run("organisation", "add", "Finder")
    (tmp_path / "home" / "keys" / "record.key").write_text("nonsense")
    assert "does not hold a private key" in run("status", code=7).stderr


def test_the_key_is_for_its_owner_only(run, tmp_path):
    run("organisation", "add", "Finder")
    key = tmp_path / "home" / "keys" / "record.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.parent.stat().st_mode & 0o777 == 0o700


def test_the_catalogue_takes_good_documents_and_puts_faulty_ones_aside(run, tmp_path):
    folder = tmp_path / "feed"
    folder.mkdir()
    good = {"id": "PYSEC-2026-1", "modified": "2026-01-02T03:04:05Z", "summary": "Bad"}
    aliased = {**good, "id": "PYSEC-2026-2", "aliases": ["CVE-2026-9999"]}
    (folder / "a.json").write_text(json.dumps(good))
    (folder / "b.jsonl").write_text(
        json.dumps(aliased) + "\n{}\n" + json.dumps({**good, "modified": "yesterday"})
    )
    result = told(run("catalogue", "import", str(folder), "--json"))
    assert (result["taken"], result["quarantined"]) == (2, 2)
    assert result["faulty"][1]["place"].endswith("b.jsonl")
    assert result["faulty"][1]["pointer"] == "line 3 /modified"
    kept = told(run("catalogue", "quarantine", "--json"))
    assert [f["pointer"] for f in kept["quarantined"]] == ["line 2", "line 3 /modified"]
    again = told(run("catalogue", "import", str(folder), "--json"))
    assert (again["taken"], again["unchanged"]) == (0, 2)
    found = told(run("catalogue", "find", "cve-2026-9999", "--json"))
    assert [r["id"] for r in found["records"]] == ["PYSEC-2026-2"]
    assert told(run("record", "check", "--json"))["events"] == 2


def test_the_demo_shows_the_main_job_and_leaves_a_record_that_holds(
    run, monkeypatch, tmp_path
):
    # Nothing of the demo goes to the database that the operator works with.
    with monkeypatch.context() as patch:
        patch.setenv("FAIRLEAD_DATABASE", f"sqlite:///{tmp_path}/real.db")
        shown = told(run("demo", "--once", "--no-bench", "--json"))
    assert not (tmp_path / "real.db").exists()
    run("record", "check")
    assert shown["reports"] > 0


def test_the_demo_goes_from_a_question_to_a_certificate_that_anyone_verifies(run):
    """One engagement ends in a certificate, one was withdrawn, one is left open."""
    shown = told(run("demo", "--once", "--no-bench", "--json"))
    review = shown["review"]
    assert review["broker_calls"] == 4
    assert review["broker_chunks"] > 0
    assert review["broker_tokens"] > 0
    assert len(set(review["engagements"])) == 3
    key = run("record", "key").stdout.strip()
    signer = run("record", "certificate-key").stdout.strip()
    proven = told(
        run(
            *("verify", review["certificate"], "--json"),
            *("--key", key, "--signer", signer),
        )
    )
    assert proven["engagement"] == review["engagements"][0]
    assert len(proven["shows"]) == review["certificate_shows"]
    assert proven["not_in_it"] == []
    roles = {who.partition(" of ")[0] for who in shown["codes"]}
    assert {"Developer", "Evaluator", "Official", "Partner"} <= roles


def test_the_demo_gives_figures_that_agree_with_each_other(run):
    shown = told(run("demo", "--once", "--no-bench", "--json"))
    assert shown["resubmissions_recognised"] == 1
    assert shown["findings"] == shown["reports"] - 1
    assert shown["duplicates_spared"] == shown["findings"] - shown["cases"]
    assert shown["duplicates_spared"] > 0
    assert len(shown["advisories"]) == 1
    assert shown["catalogue_records"] == 97
    checked = told(run("record", "check", "--json"))
    assert checked["holds"]
    assert checked["size"] == checked["events"] == shown["record_size"]
    assert "is not empty" in run("demo", "--once", code=6).stderr


def test_a_second_server_on_one_folder_is_refused(run, tmp_path):
    run("organisation", "add", "Programme")
    command = [sys.executable, "-m", "fairlead", "serve", "--port", "0", "--home"]
    command.append(str(tmp_path / "home"))
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as first:
        assert "serves" in first.stdout.readline()
        second = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=30
        )
        assert second.returncode == 6
        assert "another server works on" in second.stderr
        # Commands of an operator go on beside a server.
        run("organisation", "add", "Finder")
        first.terminate()
        assert first.wait(20) == 0


@pytest.mark.parametrize(
    "command", [("record", "check"), ("status",), ("token", "list"), ("person", "list")]
)
def test_a_folder_in_which_nothing_is_is_said_and_stays_as_it_is(
    run, tmp_path, command
):
    assert "there is no clearinghouse in" in run(*command, code=4).stderr
    assert not (tmp_path / "home").exists()


# --- The record, handed out ---------------------------------------------------------------


@pytest.fixture
def held(run):
    """A home with a person who has left, and the key of its record."""
    run("organisation", "add", "Example")
    added = told(
        run("person", "add", "Example", "Ada Lovelace", "--role", "finder", "--json")
    )
    run("person", "end", added["person"])
    key = run("record", "key").stdout.strip()
    return added["person"], key


def test_a_disclosed_event_is_verified_with_the_key_alone(run, held, tmp_path):
    person, key = held
    document = run("record", "disclose", f"person/{person}@1", "--body").stdout
    path = tmp_path / "disclosed.json"
    path.write_text(document)
    verified = told(run("record", "verify", str(path), "--key", key, "--json"))
    (event,) = verified["events"]
    assert event["type"] == "person.enrolled@1"
    assert "Ada Lovelace" in event["body"]
    bare = run("record", "disclose", f"person/{person}@1").stdout
    assert "Ada" not in bare
    path.write_text(bare)
    (event,) = told(run("record", "verify", str(path), "--key", key, "--json"))[
        "events"
    ]
    assert event["body"] is None
    assert event["data"]["roles"] == ["finder"]


@pytest.mark.parametrize(
    "field", ["header", "body", "header_salt", "body_hash", "proof"]
)
def test_a_disclosure_that_was_changed_is_refused(run, held, tmp_path, field):
    person, key = held
    document = told(run("record", "disclose", f"person/{person}@1", "--body"))
    value = document["events"][0][field]
    place = len(value) // 2
    other = "b" if value[place] != "b" else "c"
    document["events"][0][field] = value[:place] + other + value[place + 1 :]
    path = tmp_path / "disclosed.json"
    path.write_text(json.dumps(document))
    result = CliRunner().invoke(main, ["record", "verify", str(path), "--key", key])
    assert result.exit_code in {3, 7}, result.output


def test_taking_a_body_is_seen_by_those_concerned(run, held):
    person, _ = held
    run("record", "disclose", f"person/{person}@1")
    before = told(run("record", "check", "--json"))["events"]
    run("record", "disclose", f"person/{person}@1", "--body")
    assert told(run("record", "check", "--json"))["events"] == before + 1


def test_an_export_is_verified_without_the_home_and_can_be_continued(
    run, held, tmp_path
):
    _, key = held
    folder = str(tmp_path / "exported")
    first = told(run("record", "export", folder, "--json"))
    run("organisation", "add", "Another")
    # As if the first export had been killed in the middle of a line.
    events = tmp_path / "exported" / "events.ndjson"
    events.write_bytes(events.read_bytes()[:-20])
    second = told(run("record", "export", folder, "--json"))
    assert second["already"] == first["events"] - 1
    assert second["events"] > first["events"]
    assert "Ada Lovelace" not in events.read_text()
    run("record", "verify", folder, "--key", key)
    lines = events.read_bytes().splitlines(keepends=True)
    events.write_bytes(b"".join([*lines[:1], *lines[2:]]))
    run("record", "verify", folder, "--key", key, code=7)


@pytest.mark.usefixtures("held")
def test_a_rebuild_leaves_a_record_that_holds(run):
    rebuilt = told(run("record", "rebuild", "--json"))
    checked = told(run("record", "check", "--json"))
    assert checked["holds"]
    assert checked["subjects"] == rebuilt["subjects"]


def test_an_erased_person_has_no_name_any_more(run, held, tmp_path):
    person, _ = held
    run("person", "erase", person)
    assert "Ada Lovelace" not in run("person", "list").stdout
    checked = told(run("record", "check", "--json"))
    assert checked["holds"]
    assert checked["destroyed_by"] == {f"person/{person}@3": 1}
    run("person", "erase", person, code=5)
    held = b"".join(f.read_bytes() for f in (tmp_path / "home").glob("fairlead.db*"))
    assert b"Ada Lovelace" not in held
