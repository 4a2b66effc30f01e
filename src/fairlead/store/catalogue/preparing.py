"""From a document to what is stored of it, so far as that needs no database.

This is most of the work of an import, and is done by as many processes as there are
processors (see `readers`).
"""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Iterator

import msgspec
from msgspec import Struct

from fairlead.base import instants
from fairlead.catalogue.reading import Faulty, Read, read
from fairlead.catalogue.reading.epss import Score
from fairlead.catalogue.records import CatalogueRecord
from fairlead.store.catalogue.sources import Document

PART = 5_000
"""Things that a part of a document brings at most, so that memory is bounded."""


class Ready(Struct, frozen=True, gc=False, array_like=True):
    """A record, as the columns and keys that are stored of it."""

    source: str
    id: str
    digest: str
    title: str
    details: str
    modified: str
    """Empty where it is not said."""
    withdrawn: str | None
    band: str
    score: float | None
    content: bytes
    names: tuple[str, ...]
    keys: tuple[tuple[str, int], ...]
    """What it affects is found by, and its place in the record."""
    ecosystems: tuple[str, ...]
    exploited: bool


class Brought(Struct, array_like=True):
    """What a document brought, or a part of it."""

    digest: bytes = b""
    """SHA-256 of the document, with its first part; nothing where none could be had."""
    records: list[Ready] = []
    scores: list[Score] = []
    faulty: list[Faulty] = []
    mistake: str = ""
    """Where reading failed by a mistake of ours: the traceback."""
    last: bool = True
    """No part comes after this one."""

    @property
    def count(self) -> int:
        """Return how much it is."""
        return len(self.records) + len(self.scores) + len(self.faulty)


def bring(document: Document) -> Brought:
    """Return all that a document brings, whatever it does to the reader."""
    (found,) = bring_parts(document, size=0)
    return found


def bring_parts(document: Document, size: int = PART) -> Iterator[Brought]:
    """Yield what a document brings, in parts of *size*; in one if that is nothing."""
    if document.refused:
        yield Brought(faulty=[Faulty("", document.refused)])
        return
    found = Brought(digest=hashlib.sha256(document.content).digest())
    try:
        for item in read(document.place, document.content):
            if isinstance(item, Faulty):
                found.faulty.append(item)
            elif isinstance(item, Read):
                found.records.append(_ready(item))
            else:
                found.scores.append(item)
            if found.count == size:
                found.last = False
                yield found
                found = Brought()
    except Exception as error:  # noqa: BLE001 - one document of a million stops nothing
        kind = type(error).__name__
        said = f"it could not be read, by a mistake of ours: {kind}: {error}"
        found.faulty.append(Faulty("", said))
        found.mistake = traceback.format_exc()
    yield found


def _ready(read: Read) -> Ready:
    record = read.record
    return Ready(
        source=record.source.value,
        id=record.id,
        digest=read.digest,
        title=record.title,
        details=record.details,
        modified=instants.text(record.modified) if record.modified else "",
        withdrawn=instants.text(record.withdrawn) if record.withdrawn else None,
        band=record.band.value,
        score=record.score,
        content=msgspec.json.encode(record),
        names=record.names,
        keys=tuple(dict.fromkeys(record.affected_keys())),
        ecosystems=record.ecosystems,
        exploited=record.exploited is not None,
    )


def record_of(content: bytes) -> CatalogueRecord:
    """Return a record of which the content is stored."""
    return msgspec.json.decode(content, type=CatalogueRecord)
