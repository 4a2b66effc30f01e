"""Tokens of blind claims: asked for without showing what is scanned."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence

from msgspec import Struct

from fairlead.clearinghouse.claims import targets
from fairlead.clearinghouse.claims.matching import combined
from fairlead.clearinghouse.claims.targets import Named, Target
from fairlead.client.connection import Connection
from fairlead.errors import Invalid, Refused, Violation
from fairlead.sealing import oprf

PATH = "/v1/claims/blind"


class _Offer(Struct, frozen=True):
    holders: tuple[str, ...]


class _Elements(Struct, frozen=True):
    elements: tuple[str, ...]


def tokens(
    target: Target,
    names: Mapping[str, Named],
    first: Connection,
    second: Connection | None,
) -> Sequence[str]:
    """Return the tokens of *target*'s place, then of what contains it.

    Each holder sees points of a curve that tell it nothing, not even that two questions
    are about the same.

    Raises:
        Refused: blind claims are not offered, or a second holder is needed.

    """
    ground = targets.read(
        target, lambda places: {p: names[p] for p in places if p in names}
    )
    places = [ground.place, *ground.containers]
    holders = first.ask("GET", PATH, _Offer).holders
    if not holders:
        raise Refused("blind claims are not offered there")
    connections = [first]
    if len(holders) > 1:
        if second is None:
            raise Refused(f"the key is held by two; name a token for {holders[1]} too")
        connections.append(second)
    parts = [_evaluated(places, connection) for connection in connections]
    return [combined(of_place) for of_place in zip(*parts, strict=True)]


def _evaluated(places: Sequence[str], holder: Connection) -> Sequence[bytes]:
    blinded = [oprf.blind(place.encode(), secrets.token_bytes) for place in places]
    body = {"elements": [one.element.hex() for one in blinded]}
    answers = holder.ask("POST", PATH, _Elements, body=body).elements
    if len(answers) != len(blinded):
        raise Invalid(
            "the holder answered something else",
            [Violation("invalid_element", "elements", "one for each")],
        )
    return [
        one.finish(bytes.fromhex(answer))
        for one, answer in zip(blinded, answers, strict=True)
    ]
