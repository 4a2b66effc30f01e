"""Members join by published criteria, verified, and leave freely."""

from __future__ import annotations

import re
import secrets
import socketserver
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import dns.message
import dns.rrset
import pytest
from aiosmtpd.controller import Controller
from litestar.testing import TestClient

from fairlead.access import joining, membership
from fairlead.access.applications import Criteria, Proof
from fairlead.access.roles import Role, operator
from fairlead.base.letters import Letter
from fairlead.errors import Unavailable
from fairlead.remote.dns import Resolver
from fairlead.remote.mail import Mailer
from fairlead.web.app import create_app
from fairlead.web.server import free_port

ASKED = {
    "name": "Example Lab",
    "domain": "Example.ORG",
    "mail": "ada@example.org",
    "contact": "Ada Lovelace",
    "purpose": "We find bugs.",
}


# --- A real DNS server, and a real SMTP server -------------------------------------------


@contextmanager
def dns_server(records):
    """Answer TXT questions from *records*; a name with None is never answered."""

    class Answering(socketserver.BaseRequestHandler):
        def handle(self):
            data, socket = self.request
            asked = dns.message.from_wire(data)
            name = asked.question[0].name.to_text(omit_final_dot=True)
            if name in records and records[name] is None:
                return
            answer = dns.message.make_response(asked)
            if name in records:
                answer.answer.append(
                    dns.rrset.from_text_list(
                        asked.question[0].name, 60, "IN", "TXT", records[name]
                    )
                )
            else:
                answer.set_rcode(dns.rcode.NXDOMAIN)
            socket.sendto(answer.to_wire(), self.client_address)

    with socketserver.ThreadingUDPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class Post:
    """Keeps every mail that comes."""

    def __init__(self):
        self.mails = []

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802 - aiosmtpd's
        self.mails.append(envelope)
        return "250 kept"


@pytest.fixture
def post():
    kept = Post()
    kept.port = free_port("127.0.0.1")
    controller = Controller(kept, hostname="127.0.0.1", port=kept.port)
    controller.start()
    yield kept
    controller.stop()


def test_records_are_found_and_what_is_not_there_is_nothing():
    with dns_server({"_c.example.org": ['"one" "more"', '"two"']}) as address:
        resolver = Resolver(address)
        assert sorted(resolver.text_records("_c.example.org")) == ["onemore", "two"]
        assert resolver.text_records("_c.nothing.example") == ()


def test_dns_that_does_not_answer_is_said(monkeypatch):
    monkeypatch.setattr("fairlead.remote.dns.PATIENCE", 0.3)
    with (
        dns_server({"_c.slow.example": None}) as address,
        pytest.raises(Unavailable, match="no answer"),
    ):
        Resolver(address).text_records("_c.slow.example")


def test_a_mail_arrives_as_it_was_written(post):
    mailer = Mailer(f"smtp://127.0.0.1:{post.port}", "fairlead@programme.example")
    mailer.send(Letter("ada@example.org", "Code", "It is 123.\n"))
    (mail,) = post.mails
    assert mail.rcpt_tos == ["ada@example.org"]
    assert b"It is 123." in mail.content


@pytest.mark.parametrize(
    ("address", "to"),
    [
        ("", "ada@example.org"),
        ("smtp://127.0.0.1:1", "ada@example.org"),
        ("smtp://127.0.0.1:{port}", "ada@example.org\nBcc: eve@example.org"),
    ],
)
def test_a_mail_that_cannot_be_sent_is_an_error_and_goes_to_nobody(post, address, to):
    mailer = Mailer(address.replace("{port}", str(post.port)), "fairlead@p.example")
    with pytest.raises(Unavailable):
        mailer.send(Letter(to, "Code", "x"))
    assert not post.mails


# --- Applying --------------------------------------------------------------------------------


@pytest.fixture
def records():
    return {}


@pytest.fixture
def applicant(world, records):
    """A browser of an applicant; the world looks for DNS records in `records`."""
    context = replace(world.context, text_records=lambda name: records.get(name, ()))
    with TestClient(create_app(context)) as client:
        yield client


def apply(client, **changed):
    answer = client.post("/join", data=ASKED | changed, follow_redirects=False)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def sign_in(client, code):
    client.cookies.clear()
    answer = client.post("/sign-in", data={"code": code}, follow_redirects=False)
    assert answer.status_code == 303


def as_role(client, world, organisation, role):
    sign_in(client, world.code(organisation, role, name=f"{role} of {organisation}"))


def prove_all(world, client, address, records):
    """Show the domain, read the mail, and have one member vouch."""
    page = client.get(address).text
    name, challenge = re.search(r"(_fairlead\S+)\. IN TXT \"(\S+)\"", page).groups()
    records[name] = [challenge]
    assert "Look now" in page
    client.post(f"{address}/domain")
    world.runner.send = (letters := []).append
    world.work()
    (letter,) = letters
    code = re.search(r"code is (\S+)", letter.text)[1]
    client.post(f"{address}/mail", data={"code": code})
    world.join("Friend")
    as_role(client, world, "Friend", Role.ORGANISATION_ADMINISTRATOR)
    listed = client.get("/applications").text
    application = re.search(r"Application (app-\w+)", listed)[1]
    client.post(f"/applications/{application}/vouch")
    return application


def test_from_the_form_to_the_first_report(world, applicant, records):
    client = applicant
    assert "Whoever means well." in client.get("/join").text
    address = apply(client)
    application = prove_all(world, client, address, records)
    world.join("Programme")
    as_role(client, world, "Programme", Role.ADMINISTRATOR)
    assert client.post(f"/applications/{application}/admit").status_code == 200
    client.cookies.clear()
    assert "Welcome" in client.get(address).text
    code = re.search(r"fl-code\">([^<]+)", client.post(f"{address}/enter").text)[1]
    sign_in(client, code)
    home = client.get("/organisation").text
    assert "Example Lab" in home
    assert "Ada Lovelace" in home
    issued = client.post("/organisation/tokens", data={"label": "CI", "days": "30"})
    token = re.search(r"fl-code\">([^<]+)", issued.text)[1]
    sent = client.post(
        "/v1/reports",
        json={"purl": "pkg:pypi/x@1"},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert sent.status_code == 202


def test_who_does_not_meet_the_criteria_is_not_admitted_and_told_what_lacks(
    world, applicant
):
    client = applicant
    address = apply(client)
    world.join("Programme")
    as_role(client, world, "Programme", Role.ADMINISTRATOR)
    application = re.search(r"app-\w+", client.get("/applications").text)[0]
    refused = client.post(f"/applications/{application}/admit")
    assert refused.status_code == 403
    for lacking in ("TXT record", "code that was sent", "1 more of the members"):
        assert lacking in refused.text
    client.post(f"/applications/{application}/decline", data={"reason": "Not yet."})
    client.cookies.clear()
    assert "Not yet." in client.get(address).text
    assert client.post(f"{address}/enter").status_code == 409


def test_a_wrong_record_or_code_proves_nothing(applicant, records):
    address = apply(applicant)
    records["_fairlead-challenge.example.org"] = ["fairlead-of-another"]
    for path, data in (("domain", {}), ("mail", {"code": "aaaaa-aaaaa"})):
        answer = applicant.post(f"{address}/{path}", data=data)
        assert answer.status_code == 400
    page = applicant.get(address).text
    assert "Look now" in page
    assert "Code from the mail" in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "a\x00b"),
        ("domain", "localhost"),
        ("domain", "exa mple.org"),
        ("domain", "example.org."),
        ("mail", "ada@other.example"),
        ("mail", 'ada"\r\nBcc: eve@example.org'),
        ("contact", "x" * 201),
        ("purpose", " "),
        ("purpose", "x" * 2001),
    ],
)
def test_what_makes_no_sense_is_named_and_what_was_typed_is_kept(
    applicant, field, value
):
    answer = applicant.post(
        "/join", data=ASKED | {field: value}, follow_redirects=False
    )
    if (field, value) == ("domain", "example.org."):
        assert answer.status_code == 303  # the same domain, written out
        return
    assert answer.status_code == 400
    assert "We find bugs." in answer.text or field == "purpose"
    assert "usa-error-message" in answer.text


def test_nothing_says_whether_a_name_or_domain_takes_part(world, applicant):
    world.join("Example Lab")
    address = apply(applicant)
    assert "open" in applicant.get(address).text


def test_one_organisation_vouches_once_and_nobody_for_itself_alone(
    world, applicant, records
):
    client = applicant
    address = apply(client)
    application = prove_all(world, client, address, records)
    again = client.post(f"/applications/{application}/vouch")
    assert again.status_code == 409
    as_role(client, world, "Friend", Role.REPORTER)
    assert client.post(f"/applications/{application}/vouch").status_code == 403


def test_an_application_ends_and_what_it_said_is_destroyed(world, applicant):
    address = apply(applicant)
    world.clock.pass_time(days=31)
    world.work()
    page = applicant.get(address).text
    assert "_fairlead-challenge.example.org" not in page
    assert applicant.post(f"{address}/withdraw").status_code == 409
    with world.store.read() as unit:
        (application,) = unit.applications.newest()
    assert application.applicant is None
    assert application.erased


def test_withdrawing_is_one_action(applicant):
    address = apply(applicant)
    applicant.post(f"{address}/withdraw")
    assert "withdrawn" in applicant.get(address).text


def test_a_flood_of_applications_ends_somewhere(world, monkeypatch):
    monkeypatch.setattr(joining, "OPEN_AT_MOST", 2)
    with TestClient(create_app(world.context)) as client:
        for _ in range(2):
            apply(client)
        full = client.post("/join", data=ASKED)
    assert full.status_code == 503
    assert "try again later" in full.text


def test_mail_that_fails_is_tried_again_and_holds_nothing_up(world):
    def fail(_letter):
        raise Unavailable("down")

    world.runner.send = fail
    with TestClient(create_app(world.context)) as client:
        apply(client)
    world.work()
    world.runner.send = (letters := []).append
    world.clock.pass_time(minutes=5)
    world.work()
    assert len(letters) == 1
    assert "Example Lab" not in letters[0].text  # nothing that a stranger typed


def test_without_mail_among_the_criteria_none_is_sent(world):
    criteria = Criteria(text="x", needs=frozenset({Proof.DOMAIN}))
    world.runner.send = (letters := []).append
    with TestClient(create_app(replace(world.context, criteria=criteria))) as client:
        apply(client)
    world.work()
    assert not letters


# --- One's own organisation, and leaving ---------------------------------------------------


@pytest.fixture
def own(world, client):
    world.join("Lab")
    world.join("Other")
    as_role(client, world, "Lab", Role.ORGANISATION_ADMINISTRATOR)
    return client


def test_an_organisation_keeps_its_people_itself(world, own):
    shown = own.post(
        "/organisation/people", data={"name": "Bea", "role": "finder"}
    ).text
    code = re.search(r"fl-code\">([^<]+)", shown)[1]
    with world.store.read() as unit:
        bea = next(p for p in unit.people.all() if p.name == "Bea")
    assert bea.roles == (Role.FINDER,)
    own.post(f"/organisation/people/{bea.id}/end")
    own.cookies.clear()
    late = own.post("/sign-in", data={"code": code})
    assert late.status_code == 401


@pytest.mark.parametrize("role", ["coordinator", "administrator", "auditor", ""])
def test_it_gives_nobody_a_role_of_the_programme(own, world, role):
    answer = own.post("/organisation/people", data={"name": "Eve", "role": role})
    assert answer.status_code == 400
    with world.store.read() as unit:
        assert "Eve" not in {p.name for p in unit.people.all()}


def test_people_and_tokens_of_others_are_as_if_there_were_none(world, own):
    world.code("Other", Role.FINDER, name="Oda")
    world.token("Other")
    with world.store.read() as unit:
        oda = next(p for p in unit.people.all() if p.name == "Oda").id
        token = next(iter(unit.tokens.all())).id
    assert "Oda" not in own.get("/organisation").text
    for path, name, none in (
        ("people/{}/end", oda, "per-none"),
        ("tokens/{}/revoke", token, "tok-none"),
    ):
        there, missing = (
            own.post("/organisation/" + path.format(n)) for n in (name, none)
        )
        assert there.status_code == missing.status_code == 404
        assert there.content == missing.content


def test_leaving_is_one_action_and_ends_everything_at_once(world, own):
    token = world.token("Lab")
    assert own.post("/organisation/leave", data={"typed": "x"}).status_code == 400
    left = own.post(
        "/organisation/leave", data={"typed": "leave"}, follow_redirects=False
    )
    assert left.headers["location"] == "/"
    assert own.get("/organisation", follow_redirects=False).headers["location"] == (
        "/sign-in"
    )
    refused = own.get("/v1/submissions", headers={"Authorization": f"Bearer {token}"})
    assert refused.status_code == 401


def test_an_administrator_of_the_programme_is_not_one_of_an_organisation(world, client):
    world.join("Programme")
    as_role(client, world, "Programme", Role.ADMINISTRATOR)
    assert client.get("/organisation").status_code == 403
    with world.store.begin() as unit:
        person = membership.enrol(
            unit,
            operator("x"),
            "Programme",
            "Bo",
            (Role.ORGANISATION_ADMINISTRATOR,),
            at=world.clock() - timedelta(days=1),
            randomness=secrets.token_bytes,
        )
    assert person.roles == (Role.ORGANISATION_ADMINISTRATOR,)
