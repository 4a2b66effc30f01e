"""Nobody becomes the owner of something without showing it, whatever is tried."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.base.ids import OwnerId
from fairlead.clearinghouse.claims.targets import Target
from fairlead.clearinghouse.owners import owner as rules_of
from fairlead.clearinghouse.owners import verifying
from fairlead.clearinghouse.owners.owner import OWNERS, Proof
from fairlead.clearinghouse.owners.rules import Rules
from fairlead.clearinghouse.owners.verifying import Placed
from fairlead.errors import Error, Invalid, NotAllowed, Refused
from fairlead.formats.registries import Listing
from fairlead.record.events import Event

NOW = datetime(2026, 8, 18, 14, tzinfo=UTC)
RULES = Rules()
REPOSITORY = Target(repository="https://git.example.org/one/two")
HOST = Target(host="www.example.org")
PACKAGE = Target(purl="pkg:pypi/example")


class World:
    """An owner, and the events that led to it."""

    def __init__(self, *places: Target, mail: str = "sec@example.org") -> None:
        self.state = None
        self.at = NOW
        contact = rules_of.contact(mail)
        self.do(rules_of.entered(None, "Example", contact, places, "n" * 26))

    def do(self, facts, by="system/owners"):
        for fact in facts:
            version = self.state.version + 1 if self.state else 1
            event = Event(
                stream="ownership/onr-a",
                version=version,
                actor=by,
                at=self.at,
                fact=fact,
            )
            self.state = OWNERS.evolve(self.state, event)
        return self.state

    def verified(self, number=1):
        one = next(h for h in self.state.holdings if h.number == number)
        return self.state.verified(one, RULES, self.at)


class Outside:
    """An outside in which somebody placed things."""

    def __init__(self):
        self.files: dict[tuple[str, str], str] = {}
        self.txt: dict[str, list[str]] = {}
        self.security: dict[str, str] = {}
        self.listings: dict[str, Listing] = {}

    def file(self, repository, name):
        text = self.files.get((repository, name))
        return None if text is None else Placed("c" * 40, text)

    def records(self, name):
        return self.txt.get(name, [])

    def security_txt(self, host):
        return self.security.get(host)

    def listing(self, purl):
        return self.listings.get(purl)


def look(world, outside, number=1):
    asked = verifying.question(world.state, world.state.holding(number))
    return verifying.look(asked, outside)


def prove(world, outside, number=1):
    shown = look(world, outside, number).shown
    if shown is not None:
        facts = rules_of.proved(
            world.state, number, shown.proof, shown.seen, epoch=shown.epoch
        )
        world.do(facts)
    return shown


def confirmed(world):
    world.do(rules_of.contact_confirmed(world.state, world.state.epoch))


@pytest.mark.parametrize(
    ("target", "place"),
    [
        (
            REPOSITORY,
            lambda o, c: o.files.__setitem__(
                ("https://git.example.org/one/two", ".fairlead-owner"), f"# us\n{c}\n"
            ),
        ),
        (
            HOST,
            lambda o, c: o.txt.__setitem__(
                "_fairlead-owner.www.example.org", ["v=1", c]
            ),
        ),
        (
            HOST,
            lambda o, c: o.security.__setitem__(
                "www.example.org", f"Contact: mailto:sec@example.org\n# {c}\n"
            ),
        ),
        (
            PACKAGE,
            lambda o, c: o.listings.__setitem__(
                "pkg:pypi/example", Listing(texts=(c,))
            ),
        ),
        (
            PACKAGE,
            lambda o, c: (
                o.listings.__setitem__(
                    "pkg:pypi/example",
                    Listing(repository="https://github.com/one/two/tree/main"),
                ),
                o.files.__setitem__(
                    ("https://github.com/one/two", ".fairlead-owner"), c
                ),
            ),
        ),
    ],
    ids=["commit", "dns", "security.txt", "release", "repository of the registry"],
)
def test_the_challenge_where_only_the_owner_can_place_it_shows_it(target, place):
    """And only with a contact at which mail is read."""
    world, outside = World(target), Outside()
    place(outside, world.state.challenge)
    assert prove(world, outside) is not None
    assert not world.verified()
    confirmed(world)
    assert world.verified()


def test_a_challenge_counts_as_a_whole_line_only():
    """What quotes it, or says more, is not it."""
    world, outside = World(REPOSITORY), Outside()
    where = ("https://git.example.org/one/two", ".fairlead-owner")
    for text in (
        f"do not place {world.state.challenge}",
        f"{world.state.challenge}.evil.example",
        world.state.challenge.replace("mailto:sec@", "mailto:evil@"),
        world.state.nonce,
    ):
        outside.files[where] = text
        assert prove(world, outside) is None
    assert not world.verified()


def test_an_account_that_the_registry_names_shows_it_but_not_words_of_a_publisher():
    """An author's address may be a list that everybody reads; an account is one's own."""
    npm = Target(purl="pkg:npm/%40one/two")
    world, outside = World(npm), Outside()
    outside.listings["pkg:npm/%40one/two"] = Listing(texts=("sec@example.org",))
    assert prove(world, outside) is None
    outside.listings["pkg:npm/%40one/two"] = Listing(accounts=("Sec@Example.org",))
    assert prove(world, outside).proof is Proof.REGISTRY


def test_after_a_change_of_contact_all_is_shown_again():
    """And what was placed for the old contact is worth nothing."""
    world, outside = World(HOST), Outside()
    outside.txt["_fairlead-owner.www.example.org"] = [world.state.challenge]
    prove(world, outside)
    confirmed(world)
    assert world.verified()
    late = look(world, outside).shown
    new = rules_of.contact("evil@example.net")
    world.do(rules_of.contact_changed(world.state, new, "m" * 26))
    assert not world.verified()
    confirmed(world)
    assert prove(world, outside) is None
    with pytest.raises(Refused):
        rules_of.proved(world.state, 1, late.proof, late.seen, epoch=late.epoch)
    assert not world.verified()


def test_a_key_is_part_of_the_contact():
    """Whoever swaps the key alone shows everything again too."""
    world = World(HOST)
    key = rules_of.contact("sec@example.org", "-----BEGIN", "AB" * 20)
    world.do(rules_of.contact_changed(world.state, key, "m" * 26))
    assert "openpgp4fpr:" + "AB" * 20 in world.state.challenge
    assert world.state.epoch == 2


def test_it_takes_two_coordinators_by_name():
    """One alone, twice, or a program does not do."""
    world = World(Target(product="example/thing"))
    confirmed(world)
    with pytest.raises(NotAllowed):
        rules_of.vouched(world.state, 1, "token/tok-a", "I know")
    with pytest.raises(Invalid):
        rules_of.vouched(world.state, 1, "person/per-a", " ")
    world.do(
        rules_of.vouched(world.state, 1, "person/per-a", "met them"), "person/per-a"
    )
    assert not world.verified()
    with pytest.raises(NotAllowed):
        rules_of.vouched(world.state, 1, "person/per-a", "again")
    world.do(rules_of.vouched(world.state, 1, "person/per-b", "called"), "person/per-b")
    assert world.verified()
    world.at += RULES.verified_for
    assert not world.verified()
    facts = rules_of.vouched(world.state, 1, "person/per-a", "called again")
    world.do(facts, "person/per-a")
    assert not world.verified()


def test_a_host_does_not_speak_for_those_below_it_nor_a_forge_for_its_users():
    """What shows one place shows no other."""
    wide = World(Target(host="*.example.org"))
    outside = Outside()
    outside.security["example.org"] = f"# {wide.state.challenge}"
    assert prove(wide, outside) is None
    assert verifying.ways(Target(repository="https://github.com/one")) == (
        Proof.COORDINATORS,
    )
    assert verifying.ways(Target(product="a/b")) == (Proof.COORDINATORS,)


acts = st.lists(
    st.one_of(
        st.tuples(
            st.just("contact"), st.sampled_from(["sec@example.org", "x@evil.net"])
        ),
        st.tuples(st.just("confirm"), st.integers(1, 4)),
        st.tuples(st.just("place"), st.sampled_from(["victim", "attacker"])),
        st.tuples(st.just("look"), st.none()),
        st.tuples(st.just("vouch"), st.sampled_from(["person/per-a", "person/per-b"])),
        st.tuples(st.just("late"), st.integers(0, 3)),
        st.tuples(st.just("wait"), st.integers(1, 400)),
    ),
    max_size=25,
)


@given(acts)
def test_whatever_is_done_it_is_verified_only_by_what_was_shown_for_this_contact(  # noqa: C901, PLR0912 - one an act
    done,
):
    """The promise itself: a model that knows who placed what, beside the rules."""
    world, outside = World(REPOSITORY), Outside()
    where = ("https://git.example.org/one/two", ".fairlead-owner")
    contacts, shown_at, seen = 1, None, []
    read, vouchers = False, set()
    for kind, value in done:
        try:
            match kind:
                case "contact":
                    facts = rules_of.contact_changed(
                        world.state, rules_of.contact(value), f"nonce{contacts}"
                    )
                    world.do(facts)
                    if facts:
                        contacts, shown_at, read, vouchers = (
                            contacts + 1,
                            None,
                            False,
                            set(),
                        )
                case "confirm":
                    world.do(rules_of.contact_confirmed(world.state, value))
                    read = True
                case "place":
                    # The attacker can write anywhere but into the victim's repository.
                    told = world.state.challenge
                    if value == "victim":
                        outside.files[where] = told
                    else:
                        outside.files["https://git.example.org/evil/two", where[1]] = (
                            told
                        )
                case "look":
                    found = look(world, outside).shown
                    if found is not None:
                        seen.append(found)
                        world.do(
                            rules_of.proved(
                                world.state, 1, found.proof, "s", epoch=found.epoch
                            )
                        )
                        assert outside.files[where] == world.state.challenge
                        shown_at = world.at
                case "late":
                    found = seen[value % len(seen)] if seen else None
                    if found is not None:
                        facts = rules_of.proved(
                            world.state, 1, found.proof, "s", epoch=found.epoch
                        )
                        world.do(facts)
                        shown_at = world.at
                case "vouch":
                    world.do(rules_of.vouched(world.state, 1, value, "said"), value)
                    vouchers.add(value)
                    if len(vouchers) == 2:
                        shown_at, vouchers = world.at, set()
                case "wait":
                    world.at += timedelta(days=value)
        except Error:
            continue
        if kind in {"look", "late"} and shown_at == world.at:
            vouchers = set()
    fresh = shown_at is not None and world.at < shown_at + RULES.verified_for
    assert world.verified() == (fresh and read)


@pytest.mark.parametrize(
    "mail",
    [
        "a@b.c\r\nBcc: d@e.f",
        "Name <a@b.org>",
        "a@b.org,c@d.org",
        "a@localhost",
        '"a b"@c.org',
        "",
        "a@b.org\n",
        "a@b..org",
    ],
)
def test_a_contact_is_one_plain_address(mail):
    """Nothing of it can end a header or name a second receiver."""
    if mail.strip() == "a@b.org":
        assert rules_of.contact(mail).mail == "a@b.org"
        return
    with pytest.raises(Invalid):
        rules_of.contact(mail)


def test_its_name_is_kept():
    """The state says whose it is."""
    assert World(HOST).state.id == OwnerId("onr-a")
