"""An engagement as two people live it, in two browsers at the same time."""

from __future__ import annotations

import io
import json
import os
import secrets
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner
from pypdf import PdfReader

from fairlead.access import membership
from fairlead.access.roles import Role, operator
from fairlead.cli.main import main
from fairlead.record.notes import new_signer
from fairlead.terms.agreement import BrokerTerm
from fairlead.terms.standard import Profile

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "review"))
from acts import Cast
from test_account import Device, add_passkey, open_page, use_code

pytestmark = pytest.mark.browser


def picture(page, name):
    """Keep a screenshot where somebody wants to look at the pages."""
    folder = os.environ.get("FAIRLEAD_TEST_PICTURES")
    if folder:
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)


def clean(page, name):
    """Look at a page at both widths: nothing sticks out, axe finds nothing."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, f"{name} is {wide} px wide at {width}"
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        picture(page, f"{name}-{width}")
    page.set_viewport_size({"width": 1280, "height": 900})


def enter(browser, world, address, who):
    """Have somebody sign in and add a passkey, in a browser of its own."""
    place, role, name = who
    page = open_page(browser)
    Device(page)
    use_code(page, address, world.code(place, role, name=name))
    add_passkey(page, address, "Laptop")
    return page


def test_two_sides_negotiate_and_the_developer_withdraws(serving, browser):
    """Ask, answer, offer, counter-offer, sign with passkeys, open, withdraw."""
    world, address = serving
    world.clock.at = datetime.now(UTC)
    world.join("Developer")
    programme = world.join("Programme")
    dora = enter(browser, world, address, ("Developer", Role.DEVELOPER, "Dora"))
    lia = enter(browser, world, address, ("Programme", Role.LIAISON, "Lia"))

    dora.goto(f"{address}/engagements")
    clean(dora, "engagements")
    dora.fill("#text", "A new model; is it covered?")
    dora.fill("#model", "Heron")
    dora.click("button:text-is('Ask')")
    home = dora.url
    assert "A new model" in dora.inner_text("main")

    lia.goto(home)
    lia.click("summary:text-is('Answer')")
    lia.fill("#answer-text", "It may well be.")
    lia.click("button:text-is('Answer')")
    lia.click("summary:text-is('Make an offer')")
    lia.fill("#offer-days", "31")
    lia.click("button:text-is('Offer')")
    # What is wrong is said at its field, and what was typed is kept.
    assert "1 to 30" in lia.inner_text("main")
    lia.fill("#offer-days", "21")
    lia.click("button:text-is('Offer')")
    assert "On the table, offered by the programme" in lia.inner_text("main")
    lia.click("button:text-is('Sign with your passkey')")
    lia.wait_for_selector("text=signed for the programme")

    # A counter-offer: the signature under the first one counts no more.
    dora.goto(home)
    assert "It may well be." in dora.inner_text("main")
    dora.click("summary:text-is('Make an offer')")
    dora.fill("#offer-days", "14")
    dora.click("button:text-is('Offer')")
    assert "What it changes" in dora.inner_text("main")
    clean(dora, "engagement-offer")
    dora.click("button:text-is('Sign with your passkey')")
    dora.wait_for_selector("text=signed for the developer")
    # The other side signs what it has on its screen, which is not on the table any more.
    lia.reload()
    lia.click("button:text-is('Sign with your passkey')")
    lia.wait_for_selector("text=They hold since")

    signed_with_passkeys(dora, home)
    person = world.code("Programme", Role.EVALUATOR, name="Eva")
    assert person
    with world.store.read() as unit:
        eva = next(p.id for p in unit.people.all() if p.name == "Eva")
    lia.click("summary:text-is('Name a person')")
    lia.fill("#person-person", eva)
    lia.fill("#person-attributes", "citizenship:US")
    lia.click("button:text-is('Name')")
    assert "attested: citizenship:US" in lia.inner_text("main")
    lia.click("text=May it…?")
    assert "it is for the" not in lia.inner_text("#explained")
    assert "access is not open" in lia.inner_text("#explained")

    dora.reload()
    dora.click("summary:text-is('Make an asset available')")
    dora.fill("#asset-url", "http://127.0.0.1:9/v1")
    dora.fill("#credential", "sk-secret")
    dora.click("button:text-is('Make available')")
    assert "sk-secret" not in dora.content()
    dora.click("button:text-is('Open access now')")
    assert "It ends by itself" in dora.inner_text("main")
    clean(dora, "engagement-open")

    eva_page = enter_with(browser, address, person)
    eva_page.goto(home)
    clean(eva_page, "engagement-evaluator")
    assert "yes, by clause 1" in eva_page.inner_text("#explained")
    # What the two sides said before they agreed is theirs.
    assert "is it covered?" not in eva_page.inner_text("main")
    eva_page.click("text=Make a key for your programs")
    assert "flk-" in eva_page.inner_text("main")
    assert "Withdraw" not in eva_page.inner_text("main")

    # While the programme looks at it, the developer withdraws: one click, no question.
    lia.goto(home)
    dora.click("button:text-is('Withdraw now')")
    assert "Withdrawn" in dora.inner_text("main")
    eva_page.reload()
    assert "yes, by clause" not in eva_page.inner_text("main")
    lia.reload()
    assert "The developer withdrew." in lia.inner_text("main")
    clean(lia, "engagement-withdrawn")
    assert programme
    assert [page.complaints for page in (dora, lia, eva_page)] == [[], [], []]


def signed_with_passkeys(page, home):
    """The contract on paper says how both signed, and the agreement is checked offline."""
    paper = PdfReader(io.BytesIO(page.request.get(f"{home}/contract").body()))
    told = " ".join(" ".join(p.extract_text() for p in paper.pages).split())
    assert told.count("with a passkey that verified its user") == 2
    written = page.request.get(f"{home}/agreement").body()
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        Path(file.name).write_bytes(written)
        words = ["terms", "verify", file.name, "--json"]
        checked = CliRunner().invoke(main, words)
    assert checked.exit_code == 0, checked.stderr
    signed = json.loads(checked.stdout)["signed"]
    assert signed == {"developer": "passkey", "programme": "passkey"}


def test_the_page_leads_a_developer_to_its_own_broker(serving, browser):
    """It has the commands to copy, says on whose side it runs, and what was compared."""
    world, address = serving
    world.clock.at = datetime.now(UTC)
    cast = Cast(world)
    engagement = cast.ask()
    broker = BrokerTerm(key=world.context.notes.verifier().text())
    cast.agree(engagement, profile=Profile.DEVELOPERS_BROKER, broker=broker)
    with world.store.begin() as unit:
        code = membership.hand_out_code(
            unit,
            operator("test"),
            cast.people["dora"].id,
            at=world.clock(),
            randomness=secrets.token_bytes,
        )
    page = enter_with(browser, address, code)
    page.goto(f"{address}/engagements/{engagement}")
    told = page.inner_text("main")
    assert "The broker runs at the developer's side" in told
    assert f"fairlead broker init {engagement}-agreement.json" in told
    assert page.locator("#credential").count() == 0
    page.fill("#asset-url", "http://127.0.0.1:9")
    page.fill("#asset-key", "nonsense")
    page.click("button:text-is('Make available')")
    assert "nonsense" in page.input_value("#asset-key")
    clean(page, "engagement-developers-broker")
    page.fill(
        "#asset-key", new_signer("x/broker", secrets.token_bytes).verifier().text()
    )
    page.click("button:text-is('Make available')")
    assert "endpoint (endpoint): made available" in page.inner_text("main")
    assert page.complaints == []


def enter_with(browser, address, code):
    page = open_page(browser)
    use_code(page, address, code)
    return page


def test_an_engagement_that_is_not_ones_own_is_not_there(serving, browser):
    """Another developer gets what everybody gets about nothing."""
    world, address = serving
    world.join("Developer")
    world.join("Elsewhere")
    dora = enter(browser, world, address, ("Developer", Role.DEVELOPER, "Dora"))
    dora.goto(f"{address}/engagements")
    dora.fill("#text", "Is it covered?")
    dora.click("button:text-is('Ask')")
    max_ = enter(browser, world, address, ("Elsewhere", Role.DEVELOPER, "Max"))
    max_.goto(dora.url)
    assert "There is nothing here" in max_.inner_text("main")
    max_.goto(f"{address}/engagements")
    assert "There is none that you take part in" in max_.inner_text("main")
