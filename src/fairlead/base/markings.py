"""Markings: how far an object may travel (FIRST TLP 2.0, https://www.first.org/tlp/)."""

from __future__ import annotations

from enum import StrEnum


class Label(StrEnum):
    """The five labels of TLP 2.0, from the widest audience to the narrowest."""

    CLEAR = "TLP:CLEAR"
    GREEN = "TLP:GREEN"
    AMBER = "TLP:AMBER"
    AMBER_STRICT = "TLP:AMBER+STRICT"
    RED = "TLP:RED"
