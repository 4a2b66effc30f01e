"""The page on which anybody verifies the record."""

from __future__ import annotations

import html
import re
import sys
from pathlib import Path

import pytest

from fairlead.access.roles import Role
from fairlead.record.notes import Verifier
from fairlead.record.tlog_proof import TlogProof
from fairlead.store.tiles import TileFolder

sys.path.insert(0, str(Path(__file__).parents[1] / "properties"))
import worlds


@pytest.fixture
def filled(world, client, tmp_path):
    """Two organisations with a report each, in a log that is signed."""
    homes = {name: world.join(name) for name in ("Finder", "Other")}
    for home in homes.values():
        worlds.do(world, ("submit", home.id, "one", 0, f"`parse` of {home.name}"))
    world.work()
    # The runner of the world keeps the log; it was not shown to everyone yet.
    tiles = TileFolder(tmp_path / "world-log")
    tiles.publish_to_all(tiles.checkpoint())
    with world.store.read() as unit:
        mine = {
            name: worlds.reporting.list_submissions(
                unit, worlds.reporter(home.id), worlds.Page(), world.context.moment
            )[0].id
            for name, home in homes.items()
        }
    return world, client, mine


def sign_in(world, client, organisation, role):
    client.post("/sign-in", data={"code": world.code(organisation, role)})


def shown_in(page, label):
    """Return the text of the box with this label."""
    found = re.search(rf'aria-label="{label}">(.*?)</pre>', page, re.DOTALL)
    return html.unescape(found[1]) if found else None


def test_anybody_sees_the_checkpoint_and_the_key_and_needs_nothing_else(filled):
    _, client, _ = filled
    page = client.get("/record").text
    note = shown_in(page, "The public checkpoint")
    key = Verifier.read(html.unescape(re.search(r"<code.*?>(.+?)</code>", page)[1]))
    assert key.checkpoint(note).size > 0
    assert note == client.get("/log/checkpoint").text


def test_the_proof_that_the_page_shows_verifies_with_what_it_shows(filled):
    world, client, mine = filled
    sign_in(world, client, "Finder", Role.REPORTER)
    page = client.get(f"/record?of={mine['Finder']}").text
    assert "submission.received@2" in page
    page = client.get(f"/record?of=submission/{mine['Finder']}%401").text
    proof = TlogProof.parse(shown_in(page, "The proof"))
    entry = shown_in(page, "The entry")
    assert proof.verify(bytes.fromhex(entry), world.key).size > 0
    command = shown_in(page, "The command that verifies it")
    assert entry in command
    assert world.key.text() in command


def test_nothing_is_said_of_what_one_may_not_see(filled):
    world, client, mine = filled
    assert client.get(f"/record?of={mine['Other']}").url.path == "/sign-in"
    sign_in(world, client, "Finder", Role.REPORTER)
    hidden = client.get(f"/record?of={mine['Other']}")
    missing = client.get("/record?of=SUB-aaaaaaaaaaaaaaaaaa")
    assert hidden.status_code == missing.status_code == 404
    same = [a.text.replace(mine["Other"], "X") for a in (hidden, missing)]
    assert same[0] == same[1].replace("SUB-aaaaaaaaaaaaaaaaaa", "X")
    with world.store.read() as unit:
        case = unit.submissions.get(mine["Finder"]).case
    for name in (case, f"case/{case}@1", "FL-aaaaaaaaaa", "org-x@1", "%2e%2e/x"):
        assert client.get(f"/record?of={name}").status_code == 404


def test_looking_up_leaves_a_trace_that_the_finder_sees(filled):
    world, client, mine = filled
    sign_in(world, client, "Other", Role.COORDINATOR)
    client.get(f"/record?of={mine['Finder']}")
    with world.store.read() as unit:
        (trace,) = unit.traces.of(f"submission/{mine['Finder']}")
    assert trace.how == "listed"
