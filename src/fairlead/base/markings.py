"""Markings: how far an object may travel (FIRST TLP 2.0, https://www.first.org/tlp/)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Label(StrEnum):
    """The five labels of TLP 2.0, from the widest audience to the narrowest."""

    CLEAR = "TLP:CLEAR"
    GREEN = "TLP:GREEN"
    AMBER = "TLP:AMBER"
    AMBER_STRICT = "TLP:AMBER+STRICT"
    RED = "TLP:RED"


NARROWNESS = {label: place for place, label in enumerate(Label)}
"""Zero is the widest audience."""


@dataclass(frozen=True, slots=True)
class Marking:
    """A label, and handling caveats in words that travel with it unchanged."""

    label: Label
    caveats: tuple[str, ...] = ()

    @classmethod
    def narrowest(cls, *markings: Marking) -> Marking:
        """Return what holds for a whole: the narrowest label, every caveat."""
        label = max((m.label for m in markings), key=NARROWNESS.__getitem__)
        caveats = dict.fromkeys(c for m in markings for c in m.caveats)
        return cls(label, tuple(caveats))
