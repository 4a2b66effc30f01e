"""No sequence of published figures tells an exact count that is protected."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.programme import bands
from fairlead.programme.bands import EDGES, Count, Figure, Shown

sizes = st.one_of(st.integers(0, 6), st.integers(0, 60), st.integers(0, 3000))


@st.composite
def histories(draw, months=12, size=sizes):
    """What happened: each window that is used was asked for in that month or before."""
    spare, found = 0, []
    for _ in range(draw(st.integers(1, months))):
        asked = draw(size)
        spare += asked
        used = min(spare, draw(size))
        spare -= used
        agreed = [draw(st.booleans()) for _ in range(2)]
        found.append(
            (
                Count(number=asked, consented=agreed[0] and asked > 0),
                Count(number=used, consented=agreed[1] and used > 0),
            )
        )
    return found


def publish_all(history):
    published = []
    for asked, used in history:
        published.append(bands.publish(published, asked, used))
    return published


def cells(history, published):
    """Return each count that is protected: its place, figure, and what it is."""
    for place, ((asked, used), month) in enumerate(
        zip(history, published, strict=True)
    ):
        for figure, count, shown in (
            (Figure.ASKED, asked, month.asked),
            (Figure.USED, used, month.used),
        ):
            if count.number and not (count.consented and shown.exact):
                yield place, figure, count.number


def is_possible(numbers):
    """Tell whether every window used was asked for."""
    spare = 0
    for asked, used in numbers:
        spare += asked - used
        if spare < 0:
            return False
    return True


def again(history, numbers):
    """Return another history with the same consents as far as anyone is counted."""
    return [
        (
            Count(number=a, consented=old_a.consented and a > 0),
            Count(number=u, consented=old_u.consented and u > 0),
        )
        for (old_a, old_u), (a, u) in zip(history, numbers, strict=True)
    ]


@settings(max_examples=15)
@given(histories(months=2, size=st.integers(0, 6)))
def test_who_replays_every_possible_past_is_left_in_doubt(history):
    """The strongest reader knows the rules and tries all pasts: two or more fit."""
    published = publish_all(history)
    reach = range(10)
    fits = [
        numbers
        for flat in product(reach, repeat=2 * len(history))
        if is_possible(numbers := list(zip(flat[::2], flat[1::2], strict=True)))
        and all(
            held(month, pair) for month, pair in zip(published, numbers, strict=True)
        )
        and publish_all(again(history, numbers)) == published
    ]
    for place, figure, _ in cells(history, published):
        column = 0 if figure is Figure.ASKED else 1
        assert len({numbers[place][column] for numbers in fits}) > 1


def held(month, pair):
    return all(
        shown.withheld or (shown.least <= n and (shown.most is None or n <= shown.most))
        for shown, n in zip((month.asked, month.used), pair, strict=True)
    )


@settings(max_examples=40)
@given(histories())
def test_however_long_it_goes_on_two_pasts_fit_each_protected_count(history):
    """Bounds are what a reader can know at best; two pasts at them are published alike."""
    published = publish_all(history)
    for place, figure, number in cells(history, published):
        least, most = bands.known(published, figure)[place]
        assert least <= number <= most
        assert least < most
        witnesses = [witness(published, place, figure, at) for at in (least, most)]
        for numbers in witnesses:
            assert is_possible(numbers)
            assert publish_all(again(history, numbers)) == published


def witness(published, place, figure, wanted):
    """Return a past in which one count is *wanted*, and the others make room for it."""
    found = []
    for at, month in enumerate(published):
        asked, used = (_ends(shown) for shown in (month.asked, month.used))
        pair = [asked[1], used[0]]
        if at == place:
            pair[0 if figure is Figure.ASKED else 1] = wanted
        found.append(tuple(pair))
    return found


def _ends(shown):
    if shown.withheld:
        return 0, bands.ENDLESS
    return shown.least, bands.ENDLESS if shown.most is None else shown.most


@given(histories())
def test_what_is_published_is_true(history):
    """A figure is a band that holds the count, the count by consent, or withheld."""
    for (asked, used), month in zip(history, publish_all(history), strict=True):
        for count, shown in ((asked, month.asked), (used, month.used)):
            assert held(bands.Month(asked=shown), (count.number, 0))
            if shown.exact and count.number:
                assert count.consented


@given(histories(), histories())
def test_a_published_month_never_changes(history, more):
    """What comes later adds months; it changes none."""
    assert publish_all([*history, *more])[: len(history)] == publish_all(history)


def test_bands_are_those_that_are_promised():
    """They begin at 1, 5, 10, 20 and so on; nobody counted is none."""
    said = [str(bands.band(n)) for n in (0, 1, 4, 5, 9, 10, 19, 20, 1000, 10**6)]
    assert said == [
        "none",
        "1–4",
        "1–4",
        "5–9",
        "5–9",
        "10–19",
        "10–19",
        "20–49",
        "1000 or more",
        "1000 or more",
    ]
    assert EDGES[0] == 1


def test_what_differences_would_tell_is_withheld():
    """Two asked bands, and four used ones that together leave no room: one is withheld."""
    few, none = Count(number=4), Count(number=0)
    published = publish_all(
        [(few, Count(number=1)), (few, Count(number=5)), (none, Count(number=1))]
    )
    assert [str(m.used) for m in published] == ["1–4", "5–9", "1–4"]
    fourth = bands.publish(published, none, Count(number=1))
    assert fourth.used.withheld
    # It is decided without looking: nothing used is withheld just the same.
    assert bands.publish(published, none, none).used.withheld
    told = [*published, bands.Month(asked=fourth.asked, used=Shown(least=1, most=4))]
    assert bands.tells(told)


def test_an_exact_figure_by_consent_does_not_give_another_away():
    """One window asked for, said exactly: how many were used is withheld."""
    month = bands.publish([], Count(number=1, consented=True), Count(number=1))
    assert str(month.asked) == "1"
    assert month.used.withheld
