"""The content of advisories from documents of others: CSAF, OSV, CVE, OpenVEX.

An advisory is about one vulnerability; a document about several gives several. Whatever
has no place in it is listed, never dropped in silence.
"""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.formats import (
    checking,
    csaf_reading,
    cve_reading,
    openvex_reading,
    osv_reading,
)
from fairlead.formats.advisory import Advisory, Publisher
from fairlead.formats.checking import Format


@dataclass(frozen=True, slots=True)
class Read:
    """One advisory, and what of its document is not in it."""

    advisory: Advisory
    lost: tuple[str, ...]


def read(document: bytes, publisher: Publisher) -> list[Read]:
    """Return the advisories in *document*; *publisher* where the format names none.

    What is lacking or wrong in them is for the writers to say.

    Raises:
        Malformed: it cannot be read as JSON.
        Invalid: it is of no format that is known here, or breaks its schema so that it
            cannot be understood; every fault is named.

    """
    value = checking.decode(document)
    if openvex_reading.reads(value):
        return [Read(*found) for found in openvex_reading.read(value, publisher)]
    kind = checking.format_of(value)
    checking.expect(kind, value)
    if kind is Format.OSV:
        return [Read(*osv_reading.read(value, publisher))]
    if kind is Format.CVE:
        return [Read(*cve_reading.read(value, publisher))]
    return [Read(*found) for found in csaf_reading.read(value)]
