"""Where a report comes from, carried from hop to hop: the provenance block.

Source: Apache Magpie, RFC-AI-0008, “Provenance fields — carried across hops”
(`apache/magpie`, `docs/rfcs/RFC-AI-0008.md`, draft). The draft names no wire format. Here
the block is the member `provenance` of a TAP report's `enrichment`, which the TAP Intake
API leaves to the parties: so it travels word for word with the report.

Every member is preserved as it came, those that are not known here too; only the chain
of reporters grows, by one entry a hop, at its end.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from fairlead.errors import Invalid, Violation

MEMBER = "provenance"
"""Where it stands in `enrichment`."""
CHAIN = "reporters"


class Provenance(Struct, frozen=True, kw_only=True):
    """What a block says, as far as it is known here."""

    finders: tuple[str, ...] = ()
    """Credits, word for word; never taken from whoever sent the report."""
    reporters: tuple[str, ...] = ()
    """Who conveyed the report, the first one first; the last one is the nearest."""
    origins: tuple[str, ...] = ()
    """Addresses under which others handle it."""
    embargo: str | None = None
    """Terms that the finder or the first coordinator set; relayed, never renegotiated."""
    consolidated: int | None = None
    """From how many reports an upstream made it; a hint, no reason not to compare it."""
    tooling_confidential: bool | None = None
    """Whether the tooling it was found with must not be named."""


def read(enrichment: dict[str, Any] | None) -> Provenance | None:
    """Return the block in *enrichment*; nothing if there is none of the known shape."""
    block = (enrichment or {}).get(MEMBER)
    if not isinstance(block, dict):
        return None
    try:
        return msgspec.convert(block, Provenance)
    except msgspec.ValidationError:
        return None


def forwarded(enrichment: dict[str, Any] | None, by: str) -> dict[str, Any]:
    """Return *enrichment* as whoever is called *by* passes it on.

    Raises:
        Invalid: its block has a chain that nobody can append to.

    """
    before = dict(enrichment or {})
    block = before.get(MEMBER, {})
    chain = block.get(CHAIN, []) if isinstance(block, dict) else None
    if not isinstance(block, dict) or not isinstance(chain, list):
        said = "its chain of reporters is no list"
        raise Invalid(
            f"the provenance block cannot be passed on: {said}",
            [Violation("malformed", f"enrichment.{MEMBER}.{CHAIN}", said)],
        )
    return {**before, MEMBER: {**block, CHAIN: [*chain, by]}}
