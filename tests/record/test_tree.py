"""The Merkle tree and its tiles."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.record.tree import (
    EMPTY_ROOT,
    Frontier,
    Tile,
    bundle,
    leaf_hash,
    tiles_of,
    unbundle,
)

# The eight leaves of the test vectors that accompany RFC 6962's reference log.
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def root_of(entries):
    """RFC 6962, 2.1, word for word."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    split = 1 << (len(entries) - 1).bit_length() - 1
    left, right = root_of(entries[:split]), root_of(entries[split:])
    return hashlib.sha256(b"\x01" + left + right).digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_published_vectors(size):
    frontier = Frontier()
    frontier.extend(LEAVES[:size])
    assert frontier.root().hex() == ROOTS[size - 1]


def test_the_empty_log_has_the_hash_of_nothing():
    assert Frontier().root() == EMPTY_ROOT == hashlib.sha256(b"").digest()


@given(st.lists(st.binary(max_size=40), max_size=70))
def test_growing_leads_to_the_root_of_the_definition(entries):
    frontier = Frontier()
    frontier.extend(entries)
    assert frontier.root() == root_of(entries)


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(0, 5, 112), "tile/0/005.p/112"),
        (Tile(1, 0), "tile/1/000"),
        (Tile(-1, 1000, 1), "tile/entries/x001/000.p/1"),
    ],
)
def test_tiles_lie_where_the_specification_says(tile, path):
    assert tile.path == path


@given(st.integers(0, 70_000), st.integers(0, 70_000))
def test_growing_touches_the_edge_and_what_is_new_and_nothing_else(start, count):
    end = start + count
    for level in (0, 1):
        span = 256**level
        tiles = list(tiles_of(level, start, end))
        covered = [t.index * 256 + w for t in tiles for w in range(t.width)]
        assert (
            covered == list(range(start // span // 256 * 256, end // span)) or not tiles
        )
        assert bool(tiles) == (end // span > start // span)


@given(st.lists(st.binary(max_size=100)))
def test_bundles_are_read_back(entries):
    assert unbundle(bundle(entries)) == entries


def test_a_bundle_that_is_cut_off_is_refused():
    with pytest.raises(ValueError, match="cut off at byte 5"):
        unbundle(bundle([b"abc", b"def"])[:-1])


def test_leaves_and_nodes_are_hashed_apart():
    assert leaf_hash(b"") != EMPTY_ROOT


@given(
    st.builds(Tile, st.integers(-1, 63), st.integers(0, 10**18), st.integers(1, 256))
)
def test_the_address_of_a_tile_is_read_back(tile):
    assert Tile.parse(tile.path) == tile


@given(st.text("tile/0123456789x.pentris-", max_size=30))
def test_there_is_one_way_to_write_an_address(path):
    found = Tile.parse(path)
    assert found is None or found.path == path
