"""Profiles: what a programme decides, read as a whole or refused as a whole."""

from __future__ import annotations

import re
import tomllib
from dataclasses import FrozenInstanceError
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.access.roles import Role
from fairlead.base.markings import Label
from fairlead.errors import Invalid, Misconfigured
from fairlead.programme import profile, profile_keys
from fairlead.wiring import Server, Settings, System

SMALLEST = """
format = "fairlead-profile@1"
name = "mine"
title = "My programme"
run_by = "Me"
[partners]
criteria = "Whoever means well."
"""


def wrong(text):
    """Return what is wrong with a profile, by key."""
    with pytest.raises(Invalid) as raised:
        profile.read(text.encode())
    return {v.field: v.reason for v in raised.value.violations}


@pytest.mark.parametrize("name", profile.SHIPPED)
def test_profiles_that_come_along_hold(name):
    """Each is read, and says under which name it is to be set."""
    assert profile.load(name).name == name


def test_the_order_is_as_it_was_read():
    """Thirty and sixty days after 2 June 2026, seven duties, one official."""
    order = profile.load("eo-14409")
    assert {duty.due for duty in order.milestones} == {
        date(2026, 6, 2) + timedelta(days=30),
        date(2026, 6, 2) + timedelta(days=60),
    }
    assert len(order.milestones) == 7
    assert order.called(Role.OFFICIAL) == "Director of the National Security Agency"
    assert order.called(Role.AUDITOR) == "auditor"
    assert order.review.window_days == 30
    assert order.left_open


def test_the_rest_of_the_smallest_profile_is_as_documented():
    """What a profile does not say has the default of the table."""
    read = profile.read(SMALLEST.encode())
    assert read.review.reply_days == 5
    assert read.review.destroy_after == timedelta(hours=72)
    assert read.clearinghouse.marking is Label.AMBER
    assert read.milestones == ()


def test_every_violation_is_named_by_its_key():
    """Not only the first: somebody who writes a profile mends them all at once."""
    found = wrong(
        SMALLEST.replace('"mine"', '"Not Mine"')
        + "most = 3\nsmall_operators = 4\nmots = 1\n"
        + "[window]\ndays = 31\n[results]\nreply_days = true\n"
        + '[marking]\nlabel = "TLP:PINK"\ncaveats = ["", 3]\n'
        + '[[milestones]]\nid = "a"\ntitle = "t"\nwho = "w"\nsection = "1"\n'
        + 'due = "2026-08-01"\nsource = "heard"\n'
        + '[[suites]]\nname = "s"\nlink = "javascript:alert(1)"\nmore = 1\n'
    )
    assert set(found) == {
        "name",
        "partners.small_operators",
        "partners.mots",
        "window.days",
        "results.reply_days",
        "marking.label",
        "marking.caveats",
        "milestones[0].due",
        "milestones[0].source",
        "suites[0].link",
        "suites[0].more",
    }
    assert found["window.days"] == "must be 1 to 30"


def test_two_milestones_of_one_name_are_refused():
    """The register could not tell them apart."""
    row = (
        '[[milestones]]\nid = "a"\ntitle = "t"\nwho = "w"\nsection = "1"\n'
        'due = 2026-08-01\nsource = "quoted"\n'
    )
    assert set(wrong(SMALLEST + row + row)) == {"milestones[1].id"}


@pytest.mark.parametrize("text", ["", "= 1", "window = 3", "\x00", "milestones = 3"])
def test_what_is_no_profile_is_refused(text):
    """Nothing is guessed from what cannot be read."""
    assert wrong(text)


def test_a_frozen_profile_stays_as_it_was_read():
    """Nothing changes the rules while the programme runs."""
    read = profile.load("generic")
    with pytest.raises(FrozenInstanceError):
        read.title = "other"


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**6), 10**6)
    | st.text(max_size=20)
    | st.dates(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["days", "id", "x"]), inner, max_size=3)
    ),
    max_leaves=6,
)
names = st.sampled_from(
    [*(k.name.partition(".")[0] for k in profile_keys.KEYS), *profile_keys.ROWS, "zz"]
)


@given(st.dictionaries(names, values, max_size=6))
def test_whatever_stands_in_it_is_answered_by_key(found):
    """No content makes the check itself stumble."""
    _, violations = profile_keys.check(found)
    assert violations
    assert all(violation.field and violation.reason for violation in violations)


def test_the_profile_set_is_the_profile_in_force(tmp_path):
    """A path does as well as a name; what is wrong is said before anything is made."""
    path = tmp_path / "mine.toml"
    path.write_text(SMALLEST + "[clearinghouse]\nembargo_days = 45\n")
    system = System(
        Settings.read({}, home=tmp_path / "home", profile=str(path)), create=True
    )
    try:
        assert system.rules.embargo == timedelta(days=45)
        assert Server(system).runner().rules is system.rules
        assert Server(system).context(lambda: None).review is system.profile.review
    finally:
        system.close()
    path.write_text(SMALLEST + "[window]\ndays = 90\n")
    with pytest.raises(Misconfigured, match=r"window\.days: must be 1 to 30"):
        System(Settings(home=tmp_path / "other", profile=str(path)), create=True)
    assert not (tmp_path / "other").exists()
    with pytest.raises(Misconfigured, match="generic, eo-14409"):
        profile.load(str(tmp_path / "none.toml"))


@pytest.mark.parametrize("name", profile.SHIPPED)
def test_shipped_profiles_are_plain_toml(name):
    """They can be copied and changed with any editor."""
    assert tomllib.loads(profile.shipped(name).decode())["format"] == profile.FORMAT


LET_THROUGH = re.compile(
    r"\b(approv\w+|clear(s|ed|ance)?|permit\w*|licen[sc]\w+|certif(y|ied|ies)"
    r"|pass(es|ed)?|fail(s|ed)?|preclear\w*|authori[sz]\w+)\b",
    re.IGNORECASE,
)


@pytest.mark.parametrize("name", profile.SHIPPED)
def test_no_profile_says_that_a_model_is_let_through(name):
    """Such words stand only where the order itself says that there is no such thing."""
    told = profile.shipped(name).decode().replace("\\\n", "")
    denial = re.compile(r'Section 3\(c\): "Nothing in this section [^"]*"')
    assert bool(denial.search(told)) == (name == "eo-14409")
    assert not LET_THROUGH.search(denial.sub("", told))
