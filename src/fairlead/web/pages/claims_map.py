"""The map of claims as tiles: which shade, which frame, how much of a name."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fairlead.clearinghouse.claims.seeing import Spot
from fairlead.web.pages.treemap import Box, squarified

MAPS = {"wide": Box(0, 0, 1080, 380), "narrow": Box(0, 0, 358, 520)}
"""The map in the shapes of a desk and of a phone."""
LETTER = 7.4
"""How wide a letter on the map is, about."""
NAMED = 64
"""How wide a tile must be to bear a name."""


@dataclass(frozen=True, slots=True)
class Tile:
    """One target as it is drawn."""

    spot: Spot
    box: Box

    @property
    def shade(self) -> int:
        """Return in which of five shades it is drawn: 0 where nothing was seen."""
        return min(4, math.ceil(self.spot.worth * 5))

    @property
    def label(self) -> str:
        """Return as much of its name as there is room for."""
        if self.box.width < NAMED or self.box.height < NAMED / 2:
            return ""
        name = self.spot.name.removeprefix("pkg:").rpartition("://")[2]
        room = int((self.box.width - 16) / LETTER)
        last = name.rpartition("/")[2]
        if len(name) <= room:
            return name
        return last if len(last) <= room else f"{last[: room - 1]}…"


def drawn(spots: Sequence[Spot]) -> Mapping[str, Sequence[Tile]]:
    """Return the tiles of each shape of the map."""
    weights = [spot.weight for spot in spots]
    return {
        name: [
            Tile(spot, box)
            for spot, box in zip(spots, squarified(weights, whole), strict=True)
        ]
        for name, whole in MAPS.items()
    }
