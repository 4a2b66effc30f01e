"""The map of claims: tiles fill it, as large as what they stand for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.clearinghouse.claims.seeing import Spot
from fairlead.web.pages.claims_map import Tile
from fairlead.web.pages.treemap import Box, squarified

WHOLE = Box(3, 5, 1000, 400)
weights = st.lists(st.integers(1, 500), min_size=1, max_size=60).map(
    lambda found: sorted(found, reverse=True)
)


@given(weights)
def test_tiles_are_as_large_as_their_weights_and_fill_the_picture(given_weights):
    boxes = squarified(given_weights, WHOLE)
    whole = WHOLE.width * WHOLE.height
    for weight, box in zip(given_weights, boxes, strict=True):
        share = box.width * box.height / whole
        assert share == pytest.approx(weight / sum(given_weights), rel=1e-6)
        assert box.x >= WHOLE.x - 1e-6
        assert box.y >= WHOLE.y - 1e-6
        assert box.x + box.width <= WHOLE.x + WHOLE.width + 1e-6
        assert box.y + box.height <= WHOLE.y + WHOLE.height + 1e-6


@given(weights)
def test_no_two_tiles_overlap(given_weights):
    boxes = squarified(given_weights, WHOLE)
    for n, a in enumerate(boxes):
        for b in boxes[:n]:
            apart = (
                a.x + a.width <= b.x + 1e-6
                or b.x + b.width <= a.x + 1e-6
                or a.y + a.height <= b.y + 1e-6
                or b.y + b.height <= a.y + 1e-6
            )
            assert apart


def test_equal_tiles_are_nearly_square():
    for box in squarified([1] * 12, Box(0, 0, 400, 300)):
        assert 0.5 < box.width / box.height < 2


@pytest.mark.parametrize("wrong", [[0], [-1], [1, 2]])
def test_weights_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="weight"):
        squarified(wrong, WHOLE)


def spot(name, worth=0.0):
    return Spot(name=name, worth=worth, scans=1, found=0, last=None, active=0)


def test_a_label_never_leaves_its_tile_and_the_darkest_shade_is_the_most_seen():
    wide, narrow = Box(0, 0, 400, 100), Box(0, 0, 80, 40)
    assert Tile(spot("pkg:pypi/requests"), wide).label == "pypi/requests"
    assert Tile(spot("pkg:pypi/" + "x" * 90), narrow).label.endswith("…")
    assert Tile(spot("pkg:pypi/requests"), Box(0, 0, 20, 200)).label == ""
    assert [Tile(spot("x", w), wide).shade for w in (0, 0.1, 0.35, 0.6, 1)] == [
        0,
        1,
        2,
        3,
        4,
    ]
