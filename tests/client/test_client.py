"""The client and `fairlead claim`, against a server that runs."""

from __future__ import annotations

import json
import threading
import time

import httpx
import pytest
from click.testing import CliRunner

from fairlead.access.roles import Role, token_scopes
from fairlead.cli.main import main
from fairlead.client import Clearinghouse, Coverage, Retries, Target
from fairlead.errors import (
    AgainstOwner,
    Claimed,
    Invalid,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
)

DJANGO = Target(purl="pkg:pypi/django")


@pytest.fixture
def running(serving):
    """A server, its address, and a token for each of two members."""
    world, address = serving
    tokens = {}
    for name in ("Lab", "Other"):
        world.join(name)
        tokens[name] = world.token(name)
    world.join("Programme")
    tokens["Programme"] = world.token("Programme", *token_scopes(Role.COORDINATOR))
    return world, address, tokens


@pytest.fixture
def houses(running):
    """A client for each."""
    _, address, tokens = running
    opened = {name: Clearinghouse(address, token) for name, token in tokens.items()}
    yield opened
    for house in opened.values():
        house.close()


def test_five_lines_hold_a_claim_and_release_it(houses):
    """As the documentation shows it."""
    with houses["Lab"].hold(DJANGO, method="static analysis", tool="x 1") as held:
        assert held.claim.active
        with pytest.raises(Claimed, match="somebody is there"):
            houses["Other"].take(DJANGO, method="fuzzing")
        held.covered("nothing found", "standard")
    assert held.claim.state == "released"
    (found,) = houses["Other"].check([DJANGO])
    assert found.claims == ()
    assert [s.method for s in found.seen] == ["static analysis"]
    assert 0.3 < found.worth < 0.4


def test_an_exception_releases_the_claim_as_stopped(houses):
    """A scanner that crashes keeps nobody off."""
    with (
        pytest.raises(ZeroDivisionError),
        houses["Lab"].hold(DJANGO, method="model") as held,
    ):
        raise ZeroDivisionError
    assert held.claim.coverage.outcome == "stopped early"
    assert houses["Other"].take(DJANGO, method="model").active


def test_one_waits_until_the_other_is_done(houses):
    """In line, then granted by the runner."""
    first = houses["Lab"].take(DJANGO, method="model")
    second = houses["Other"].take(DJANGO, method="model", wait=True)
    assert second.state == "waiting"

    def release():
        time.sleep(0.3)
        coverage = Coverage(outcome="nothing found", depth="deep")
        houses["Lab"].release(first.id, coverage)

    thread = threading.Thread(target=release)
    thread.start()
    granted = houses["Other"].wait(second.id, patience=20, poll=0.1)
    thread.join()
    assert granted.active


def test_blind_claims_meet_without_naming_what_they_are_on(houses):
    """Neither request nor answer holds the name, and each question is counted."""
    blind = houses["Lab"].take(DJANGO, method="model", visibility="blind")
    assert blind.target is None
    with pytest.raises(NotFound):
        houses["Other"].claim(blind.id)
    with pytest.raises(Claimed, match="someone"):
        houses["Other"].take(DJANGO, method="model", visibility="blind")
    with pytest.raises(Claimed, match="someone"):
        houses["Other"].take(DJANGO, method="model")
    assert houses["Other"].someone_is_at(DJANGO)
    assert not houses["Other"].someone_is_at(Target(purl="pkg:pypi/flask"))
    assert houses["Other"].check([DJANGO])[0].claims == ()
    assert houses["Other"].claims() == ()


def test_a_blind_claim_is_kept_off_by_one_that_is_seen(houses):
    """Whichever came first."""
    houses["Lab"].take(DJANGO, method="model")
    with pytest.raises(Claimed):
        houses["Other"].take(DJANGO, method="model", visibility="blind")


def test_reports_are_sent_and_followed(houses):
    """The same report gets the same receipt."""
    report = {
        "purl": "pkg:pypi/django@4.2",
        "affected_symbol": {"file": "a.py", "function": "f", "line": 1},
        "attachments": [
            {"filename": "r.md", "content_type": "text/markdown", "data": "It fails."}
        ],
    }
    sent = houses["Lab"].report(report)
    assert houses["Lab"].report(report).receipt == sent.receipt
    assert houses["Lab"].status(sent.receipt).receipt == sent.receipt


def test_errors_are_the_ones_of_the_server(running, houses):
    """Each with its class, so that a program can tell them apart."""
    _, address, _ = running
    with pytest.raises(Invalid) as caught:
        houses["Lab"].take(Target(purl="pkg:pypi/*"), method="model")
    assert caught.value.violations[0].code == "too_wide"
    with pytest.raises(Unauthenticated), Clearinghouse(address, "wrong") as house:
        house.claims()
    with pytest.raises(Invalid):
        Clearinghouse("ftp://x", "y")


# --- Retries ------------------------------------------------------------------------------


class Flaky(httpx.BaseTransport):
    """Fails as it is told, then answers."""

    def __init__(self, *failures):
        self.failures = list(failures)
        self.keys = []

    def handle_request(self, request):
        self.keys.append(request.headers.get("Idempotency-Key"))
        failure = self.failures.pop(0) if self.failures else None
        if isinstance(failure, Exception):
            raise failure
        if failure is not None:
            status, headers = failure
            return httpx.Response(status, headers=headers)
        return httpx.Response(200, json={"claims": []})


def client(transport, **rest):
    retries = Retries(**{"first": 0.001, "longest": 0.01} | rest)
    return Clearinghouse("http://x", "t", retries=retries, transport=transport)


def test_what_failed_on_the_way_is_sent_again():
    """Unless it failed too often."""
    lost = httpx.ConnectError("gone")
    flaky = Flaky(lost, (503, {"Retry-After": "0"}), (429, {}), lost)
    assert client(flaky).claims() == ()
    assert len(flaky.keys) == 5
    with pytest.raises(Unavailable, match="cannot be reached"):
        client(Flaky(lost, lost), tries=2).claims()


def test_a_claim_is_sent_again_with_the_same_key():
    """So that an answer that was lost does no harm."""
    flaky = Flaky(httpx.ReadTimeout("slow"), (503, {}), (400, {}))
    with pytest.raises(Invalid):
        client(flaky).take(DJANGO, method="model")
    assert len(set(flaky.keys)) == 1
    assert flaky.keys[0]


def test_a_wait_longer_than_patience_is_told():
    """A day's allowance is not slept through."""
    with pytest.raises(TooMany) as caught:
        client(Flaky((429, {"Retry-After": "3600"}))).claims()
    assert caught.value.retry_after == 3600


# --- From a pipeline --------------------------------------------------------------------------


@pytest.fixture
def run(running):
    """Run `fairlead claim`, as a member."""
    _, address, tokens = running

    def call(who, *arguments):
        done = CliRunner().invoke(
            main,
            ["claim", *arguments, "--json"],
            env={"FAIRLEAD_SERVER": address, "FAIRLEAD_TOKEN": tokens.get(who, "x")},
        )
        out = done.stdout or done.stderr
        return done.exit_code, json.loads(out.strip().splitlines()[-1]) if (
            out.startswith('{"')
        ) else json.loads(out)

    return call


def test_a_pipeline_takes_extends_and_releases(run):
    """With JSON and exit codes."""
    code, taken = run("Lab", "take", "pkg:pypi/django", "--method", "fuzzing")
    assert (code, taken["state"]) == (0, "active")
    code, told = run("Other", "take", "pkg:pypi/django")
    assert (code, told["error"]) == (5, "claimed")
    code, waiting = run("Other", "take", "pkg:pypi/django", "--wait", "0.1")
    assert (code, waiting["state"]) == (8, "waiting")
    assert run("Other", "release", waiting["id"], "--outcome", "stopped early")[0] == 0
    assert run("Lab", "extend", taken["id"])[0] == 0
    code, done = run("Lab", "release", taken["id"], "--outcome", "nothing found")
    assert (code, done["state"]) == (0, "released")
    code, found = run("Lab", "coverage", "pkg:pypi/django")
    assert (code, found["seen"][0]["method"]) == (0, "fuzzing")
    assert run("Lab", "take", "pkg:pypi/*")[0] == 3
    assert run("Nobody", "next")[0] == 5
    assert run("Lab", "next")[1] == {"targets": []}


def test_a_certificate_is_verified_offline(run, tmp_path):
    """By whom it is for, with what its holder disclosed, and by nobody else."""
    path = tmp_path / "c.json"
    _, taken = run("Lab", "take", "pkg:pypi/django")
    code, told = run(
        "Lab", "certificate", taken["id"], "--audience", "Django", "--out", str(path)
    )
    assert code == 0
    assert "django" not in path.read_text().lower().replace("audience", "")

    def verify(*arguments):
        done = CliRunner().invoke(
            main, ["claim", "verify", str(path), "--key", told["key"], *arguments]
        )
        return done.exit_code, done.output

    disclosed = ("--salt", told["salt"], "--target", told["target"])
    # The server of this test has a clock of its own, so its time is over here.
    code, said = verify("--audience", "Django", *disclosed)
    assert (code, "its time was over" in said) == (5, True)


def test_an_owner_who_says_no_is_heard_before_one_begins(run, running):
    """And going against it is told to everyone."""
    world, address, tokens = running
    owner = world.token("Other", *token_scopes(Role.OWNER))
    with httpx.Client(base_url=address) as http:
        said = http.post(
            "/v1/claims/owners",
            json={
                "target": {"purl": "pkg:pypi/django"},
                "word": {"scanning": False, "contact": "security@example.org"},
            },
            headers={"Authorization": f"Bearer {owner}"},
        ).json()
        http.post(
            f"/v1/claims/owners/{said['id']}/verification",
            json={"how": "a file in the repository"},
            headers={"Authorization": f"Bearer {tokens['Programme']}"},
        ).raise_for_status()
    code, told = run("Lab", "take", "pkg:pypi/django")
    assert (code, told["error"]) == (5, AgainstOwner.code)
    assert "security@example.org" in told["detail"]
    code, taken = run("Lab", "take", "pkg:pypi/django", "--despite")
    assert (code, taken["against_owner"]) == (0, ["not at all"])
    _, seen = run("Other", "coverage", "pkg:pypi/django")
    assert seen["claims"][0]["against_owner"] == ["not at all"]
    assert seen["owner"][0]["verified"]
