"""Blind claims whose key is split: two clearinghouses, neither of which knows a token."""

from __future__ import annotations

import secrets
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from litestar.testing import TestClient

from fairlead.clearinghouse.claims.matching import Holder
from fairlead.client import Clearinghouse, Connection, Target
from fairlead.errors import Claimed, Refused
from fairlead.sealing import oprf
from fairlead.web.app import create_app

sys.path.insert(0, str(Path(__file__).parents[1]))
from conftest import close_store, make_world, open_store

DJANGO = Target(purl="pkg:pypi/django")
FIRST, SECOND = "http://first.local", "http://second.local"


@pytest.fixture
def split(tmp_path):
    """Two clearinghouses; a client for each of two members of both."""
    opened, clients, tokens = [], [], []
    for address, other in ((FIRST, SECOND), (SECOND, FIRST)):
        folder = tmp_path / address.removeprefix("http://")
        folder.mkdir()
        store = open_store(f"sqlite:///{folder}/world.db", folder / "keys")
        world = make_world(store, folder / "log")
        key = oprf.derive_key(secrets.token_bytes(32), b"half")
        desk = replace(world.context.claims, matching=Holder(key, address, other))
        context = replace(world.context, claims=desk)
        client = TestClient(create_app(context), base_url=address)
        client.__enter__()
        opened.append(store)
        clients.append(client)
        for name in ("Lab", "Other"):
            world.join(name)
        tokens.append({n: world.token(n) for n in ("Lab", "Other")})
    one, two = (client._transport for client in clients)  # noqa: SLF001 - no socket

    def house(name, *, alone=False):
        second = Connection(SECOND, tokens[1][name], transport=two)
        return Clearinghouse(
            FIRST, tokens[0][name], transport=one, second=None if alone else second
        )

    yield house, opened
    for client, store in zip(clients, opened, strict=True):
        client.__exit__(None, None, None)
        close_store(store)


def test_two_blind_claims_meet_although_no_holder_can_compute_their_token(split):
    """And each holder counts who asked it."""
    house, stores = split
    held = house("Lab").take(DJANGO, method="model", visibility="blind")
    assert held.active
    with pytest.raises(Claimed, match="someone"):
        house("Other").take(DJANGO, method="model", visibility="blind")
    flask = Target(purl="pkg:pypi/flask")
    assert house("Other").take(flask, method="model", visibility="blind").active
    for store in stores:
        with store.read() as unit:
            homes = {o.name: o.id for o in unit.organisations.all()}
            assert unit.allowances.get(homes["Lab"]).used >= 1
            assert unit.allowances.get(homes["Other"]).used >= 2


def test_with_one_holder_only_there_is_no_token(split):
    """The client says which other one is needed."""
    house, _ = split
    with pytest.raises(Refused, match=SECOND):
        house("Lab", alone=True).take(DJANGO, method="model", visibility="blind")


def test_a_claim_in_the_clear_is_not_compared_with_blind_ones(split):
    """This server alone cannot: it is what the split is for, and the page says so."""
    house, _ = split
    house("Lab").take(DJANGO, method="model", visibility="blind")
    assert house("Other").take(DJANGO, method="model").active
