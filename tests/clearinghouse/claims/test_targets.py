"""What overlaps what: places, versions, commits, parts; and what cannot be claimed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.clearinghouse.claims.ranges import read_commits, read_versions
from fairlead.clearinghouse.claims.targets import Named, Target, read
from fairlead.errors import Invalid

NAMES = {
    "pkg/pypi/protobuf": Named("repo/github.com/protocolbuffers/protobuf", same=False),
    "pkg/conda/django": Named("pkg/pypi/django", same=True),
    "pkg/pypi/django": Named("repo/github.com/django/django", same=False),
}


def names(places):
    return {place: NAMES[place] for place in places if place in NAMES}


def ground(**named):
    return read(Target(**named), names)


OVERLAPPING = [
    ({"purl": "pkg:pypi/Django"}, {"purl": "pkg:pypi/django"}),
    ({"purl": "pkg:pypi/zope_interface"}, {"purl": "pkg:pypi/Zope.Interface"}),
    ({"purl": "pkg:conda/django"}, {"purl": "pkg:pypi/django"}),
    (
        {"purl": "pkg:conda/django"},
        {"repository": "https://github.com/django/django.git"},
    ),
    ({"purl": "pkg:pypi/django"}, {"repository": "git@github.com:Django/django"}),
    ({"purl": "pkg:pypi/django"}, {"repository": "https://github.com/django"}),
    ({"purl": "pkg:github/django/django"}, {"repository": "github.com/django/django"}),
    (
        {"purl": "pkg:golang/github.com/a/b/c"},
        {"repository": "https://github.com/a/b"},
    ),
    ({"product": "Acme/Router"}, {"product": "acme"}),
    ({"host": "www.example.org"}, {"host": "*.example.org"}),
    ({"host": "example.org"}, {"host": "*.example.org"}),
    ({"host": "*.www.example.org"}, {"host": "*.example.org"}),
    ({"purl": "pkg:pypi/a", "versions": ">=1,<3"}, {"purl": "pkg:pypi/a@2.5"}),
    ({"purl": "pkg:pypi/a", "versions": ">=1,<3"}, {"purl": "pkg:pypi/a"}),
    ({"purl": "pkg:pypi/a", "part": "src"}, {"purl": "pkg:pypi/a#src/x"}),
    (
        {"repository": "github.com/a/b", "commits": "aaaaaaa..bbbbbbb"},
        {"repository": "github.com/a/b", "commits": "ccccccc..ddddddd"},
    ),
]
APART = [
    ({"purl": "pkg:pypi/django"}, {"purl": "pkg:npm/django"}),
    ({"purl": "pkg:pypi/protobuf"}, {"purl": "pkg:pypi/django"}),
    (
        {"repository": "https://github.com/django"},
        {"repository": "https://gitlab.com/django"},
    ),
    ({"host": "a.example.org"}, {"host": "b.example.org"}),
    ({"host": "example.org"}, {"host": "*.www.example.org"}),
    ({"purl": "pkg:pypi/a", "versions": "<2"}, {"purl": "pkg:pypi/a@2"}),
    ({"purl": "pkg:pypi/a", "part": "src"}, {"purl": "pkg:pypi/a#docs"}),
    (
        {"repository": "github.com/a/b", "commits": "aaaaaaa..bbbbbbb"},
        {"repository": "github.com/a/b", "commits": "bbbbbbb..ddddddd"},
    ),
    (
        {"repository": "github.com/a/b", "commits": "aaaaaaa"},
        {"repository": "github.com/a/b", "commits": "bbbbbbb"},
    ),
]


@pytest.mark.parametrize(("one", "other"), OVERLAPPING)
def test_what_may_share_code_overlaps(one, other):
    """Whichever of the two is asked about the other."""
    assert ground(**one).overlaps(ground(**other))
    assert ground(**other).overlaps(ground(**one))


@pytest.mark.parametrize(("one", "other"), APART)
def test_what_shares_nothing_does_not(one, other):
    """Whichever of the two is asked about the other."""
    assert not ground(**one).overlaps(ground(**other))
    assert not ground(**other).overlaps(ground(**one))


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ({"purl": "pkg:pypi/djаngo"}, "confusable_name"),  # a Cyrillic letter
        ({"purl": "pkg:pypi/dj%D0%B0ngo"}, "confusable_name"),
        ({"host": "exаmple.org"}, "confusable_name"),
        ({"repository": "https://github.com/dj\u200bango/x"}, "confusable_name"),
        ({"product": "acme/\u202erouter"}, "confusable_name"),
        ({"purl": "pkg:pypi/*"}, "too_wide"),
        ({"repository": "https://github.com/"}, "too_wide"),
        ({"repository": "https://github.com"}, "too_wide"),
        ({"host": "*.org"}, "too_wide"),
        ({"product": "*"}, "too_wide"),
        ({"host": "*"}, "invalid_target"),
        ({"purl": "pkg:nosuch/x"}, "invalid_target"),
        ({"purl": "nonsense"}, "invalid_target"),
        ({"host": "-a.example.org"}, "invalid_target"),
        ({"host": "a" * 64 + ".org"}, "invalid_target"),
        ({"repository": "https://github.com/a/../b"}, "invalid_target"),
        ({"purl": "pkg:pypi/x", "part": "../../etc"}, "invalid_target"),
        ({}, "invalid_target"),
        ({"purl": "pkg:pypi/x", "host": "example.org"}, "invalid_target"),
        ({"purl": "pkg:pypi/x", "versions": ">3,<2"}, "empty_range"),
        ({"purl": "pkg:pypi/x", "versions": ">2,<2"}, "empty_range"),
        ({"purl": "pkg:pypi/x", "versions": ">=2,<2.0.0"}, "empty_range"),
        ({"purl": "pkg:pypi/x", "versions": f"<{10**30}"}, "range_overflow"),
        ({"purl": "pkg:pypi/x", "versions": ".".join("1" * 30)}, "range_overflow"),
        ({"purl": "pkg:pypi/x", "versions": ">1,>2"}, "invalid_range"),
        ({"purl": "pkg:pypi/x", "versions": "1" + "||1" * 99}, "invalid_range"),
        ({"repository": "github.com/a/b", "commits": "abc..abc"}, "invalid_range"),
        ({"repository": "github.com/a/b", "commits": "aaaaaaa.."}, "invalid_range"),
        (
            {"repository": "github.com/a/b", "commits": "aaaaaaa..aaaaaaaab"},
            "empty_range",
        ),
    ],
)
def test_what_cannot_be_claimed_is_refused_with_the_reason(target, code):
    """Empty and overflowing ranges, letters that look like others, the whole world."""
    with pytest.raises(Invalid) as caught:
        ground(**target)
    assert [v.code for v in caught.value.violations] == [code]


def test_names_that_lead_in_a_circle_end():
    """A catalogue of names that contradicts itself must not hang whoever claims."""
    circle = {
        "pkg/pypi/a": Named("pkg/pypi/b", same=True),
        "pkg/pypi/b": Named("pkg/pypi/a", same=True),
    }
    found = read(
        Target(purl="pkg:pypi/a"), lambda ps: {p: circle[p] for p in ps if p in circle}
    )
    assert found.place in circle


numbers = st.lists(st.integers(0, 20), min_size=1, max_size=3).map(
    lambda parts: ".".join(map(str, parts))
)
ranges = st.one_of(
    numbers,
    numbers.map(lambda v: f">={v}"),
    numbers.map(lambda v: f"<{v}.1"),
    st.tuples(numbers, numbers).map(
        lambda p: f">={min(p, key=key)},<={max(p, key=key)}"
    ),
)


def key(version):
    parts = [int(n) for n in version.split(".")]
    while parts and parts[-1] == 0:
        parts.pop()
    return parts


def inside(version, written):
    """Say by hand whether a version is in a range."""
    for part in written.split(","):
        bare = part.lstrip("<>=")
        sign = part[: len(part) - len(bare)] or "=="
        a, b = key(version), key(bare)
        fits = {"==": a == b, ">=": a >= b, "<=": a <= b, "<": a < b}[sign]
        if not fits:
            return False
    return True


@given(ranges, ranges, numbers)
def test_ranges_said_to_be_apart_share_no_version(one, other, version):
    """Nobody is told that two scans are apart while one version is in both."""
    a, b = read_versions(one), read_versions(other)
    assert a.overlaps(b) == b.overlaps(a)
    if inside(version, one) and inside(version, other):
        assert a.overlaps(b)


@given(st.text(max_size=60))
def test_any_text_is_a_range_or_refused(text):
    """Whatever is typed, it is read or refused, never a fault."""
    for reader in (read_versions, read_commits):
        try:
            found = reader(text)
        except Invalid as error:
            assert error.violations
        else:
            assert found.overlaps(found)


def test_vers_ranges_are_read():
    """The notation of the package-url project."""
    one = read_versions("vers:pypi/>=1.0|<2.0|>=3.0|<4.0")
    assert one.overlaps(read_versions("1.5"))
    assert not one.overlaps(read_versions("2.5"))
    assert one.overlaps(read_versions("3.9"))
