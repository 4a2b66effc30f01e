"""The log over HTTP, as monitors of any make fetch it."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import replace

import httpx
import pytest
from litestar.testing import TestClient

from fairlead.record import proofs, tree
from fairlead.record.notes import Checkpoint, new_signer
from fairlead.record.tree import Tile
from fairlead.store.public import PublicLog
from fairlead.store.tiles import TileFolder
from fairlead.web.app import create_app

SIGNER = new_signer("log.example/record", secrets.token_bytes)
SHOWN, GROWN = 600, 1000


def entries(start, end):
    return [hashlib.sha256(b"%d" % n).digest() for n in range(start, end)]


def signed(size, root):
    return SIGNER.sign(Checkpoint(origin=SIGNER.name, size=size, root=root).text())


@pytest.fixture
def folder(tmp_path):
    """A log that has grown by 400 entries since others were shown it."""
    tiles = TileFolder(tmp_path / "log")
    note = signed(SHOWN, tiles.append(entries(0, SHOWN), start=0))
    tiles.publish(note)
    tiles.publish_to_all(note)
    tiles.publish(signed(GROWN, tiles.append(entries(SHOWN, GROWN), start=SHOWN)))
    return tiles


@pytest.fixture
def http(sqlite_world, folder):
    context = replace(sqlite_world.context, log=PublicLog(folder))
    with TestClient(create_app(context)) as client:
        yield client


class Fetched:
    """The tiles as a client has them."""

    def __init__(self, http):
        self.http = http

    def hashes(self, tile):
        answer = self.http.get(f"/log/{tile.path}")
        assert answer.status_code == 200, tile.path
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        content = answer.content
        assert len(content) == 32 * tile.width
        return [content[i : i + 32] for i in range(0, len(content), 32)]


def test_a_monitor_verifies_the_log_from_what_it_fetches(http):
    answer = http.get("/log/checkpoint")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["cache-control"] == "no-cache"
    checkpoint = SIGNER.verifier().checkpoint(answer.text)
    assert checkpoint.size == SHOWN
    assert proofs.root(Fetched(http), SHOWN) == checkpoint.root
    found = []
    for index, width in ((0, 256), (1, 256), (2, 88)):
        answer = http.get(f"/log/{Tile(-1, index, width).path}")
        found += tree.unbundle(answer.content)
    assert found == entries(0, SHOWN)
    path = proofs.inclusion(Fetched(http), 590, SHOWN)
    proofs.check_inclusion(found[590], 590, SHOWN, checkpoint.root, path)


def test_narrower_partial_tiles_are_cut_from_wider_ones(http):
    for width in (1, 40, 88):
        assert len(http.get(f"/log/tile/0/002.p/{width}").content) == 32 * width
        assert len(http.get(f"/log/tile/entries/002.p/{width}").content) == 34 * width


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/002.p/89",  # is there, but not public yet
        "tile/entries/002.p/89",
        "tile/0/002",
        "tile/1/000.p/3",
        "tile/1/000",
        "tile/2/000.p/1",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/",
        "tile/00/000",
        "tile/-1/000",
        "tile/64/000",
        "tile/0/0",
        "tile/0/x000/000",
        "tile/0/000/",
        "tile/0//000",
        "tile/0/%30%30%30",
        "tile/0/..%2f..%2fcheckpoint",
        "tile/../checkpoint.public",
        "tile/%2e%2e/checkpoint.public",
        "tile/entries/000%00",
        "tile/0/000%0a",
        "tile/0/٠٠٠",
        "tile/",
        "tile",
        "checkpoint.public",
        "checkpoint/",
        "tile/0/x999/x999/x999/x999/x999/x999/999",
    ],
)
def test_whatever_is_not_public_gets_the_same_answer(http, path):
    missing = http.get("/log/tile/0/999")
    answer = http.get(f"/log/{path}")
    if path == "checkpoint/":  # the router takes it for the same address
        assert answer.status_code in {200, 404}
        return
    assert missing.status_code == answer.status_code == 404
    assert answer.content == missing.content
    assert answer.headers == missing.headers


def test_where_nothing_was_shown_yet_nothing_is_there(sqlite_world, tmp_path):
    tiles = TileFolder(tmp_path / "log")
    tiles.publish(signed(3, tiles.append(entries(0, 3), start=0)))
    context = replace(sqlite_world.context, log=PublicLog(tiles))
    with TestClient(create_app(context)) as http:
        for path in ("checkpoint", "tile/0/000.p/1", "tile/entries/000.p/3"):
            assert http.get(f"/log/{path}").status_code == 404


def test_the_real_server_gives_the_same_bytes(serving, folder):
    world, address = serving
    # The server holds the context of the world, whose log is the folder from here on.
    object.__setattr__(world.context, "log", PublicLog(folder))
    with httpx.Client(base_url=address) as http:
        assert proofs.root(Fetched(http), SHOWN)
        assert http.get("/log/tile/0/002.p/89").status_code == 404
        assert http.get("/log/tile/0/000?x=1").status_code == 200
        assert http.get("/log/tile/0/%30%30%30").status_code == 404
