"""The CSAF provider: metadata, ROLIE feed, folder, hashes and signatures (CSAF 2.0, 7)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from fairlead.base.ids import AdvisoryId
from fairlead.clearinghouse import publishing
from fairlead.clearinghouse.advisories import PublishedAdvisory
from fairlead.errors import NotFound
from fairlead.formats import csaf_feed
from fairlead.formats.csaf import csaf_file_name
from fairlead.formats.csaf_feed import Entry, Key
from fairlead.web.context import Context
from fairlead.web.feeds.answers import entries, file

ROOT = "/.well-known/csaf"
JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
_HASHES = {".sha256": hashlib.sha256, ".sha512": hashlib.sha512}


def _base(context: Context) -> str:
    return context.address + ROOT


def _changed(context: Context) -> Sequence[Entry]:
    with context.store.read() as unit:
        return entries(publishing.list_changes(unit))


def _updated(context: Context, listed: Sequence[Entry]) -> datetime:
    """Return when the feed changed last; that of an empty one is now."""
    return listed[0].revised if listed else context.clock()


@get("/provider-metadata.json", sync_to_thread=True, include_in_schema=False)
def metadata(context: NamedDependency[Context]) -> Response[bytes]:
    """Say who publishes, where, and with which key."""
    signer = context.signer
    key = Key(fingerprint=signer.fingerprint) if signer else None
    updated = _updated(context, _changed(context))
    written = csaf_feed.provider_metadata(
        _base(context), context.publisher, key, updated
    )
    return file(written, JSON)


@get("/openpgp/{name:str}", sync_to_thread=True, include_in_schema=False)
def key(name: FromPath[str], context: NamedDependency[Context]) -> Response[bytes]:
    """Return the public key that documents are signed with."""
    signer = context.signer
    if signer is None or name != f"{signer.fingerprint}.asc":
        raise NotFound(f"no key {name!r}")
    return file(signer.certificate, "application/pgp-keys")


@get(f"/white/{csaf_feed.FEED}", sync_to_thread=True, include_in_schema=False)
def rolie(context: NamedDependency[Context]) -> Response[bytes]:
    """List every document, the one that changed last first."""
    listed = _changed(context)
    written = csaf_feed.rolie_feed(
        _base(context),
        context.programme,
        listed,
        _updated(context, listed),
        signed=context.signer is not None,
    )
    return file(written, JSON)


@get("/white/index.txt", sync_to_thread=True, include_in_schema=False)
def index(context: NamedDependency[Context]) -> Response[bytes]:
    """Name every document."""
    return file(csaf_feed.index(_changed(context)), TEXT)


@get("/white/changes.csv", sync_to_thread=True, include_in_schema=False)
def changes(context: NamedDependency[Context]) -> Response[bytes]:
    """Say when each document changed."""
    return file(csaf_feed.changes(_changed(context)), "text/csv; charset=utf-8")


@get("/white/{year:str}/{name:str}", sync_to_thread=True, include_in_schema=False)
def document(
    year: FromPath[str], name: FromPath[str], context: NamedDependency[Context]
) -> Response[bytes]:
    """Return a document, its hash or its signature."""
    stem, dot, suffix = name.partition(".json")
    found = _find(context, stem)
    plain = csaf_file_name(found.id)
    known = f"{stem}{dot}" == plain and found.file_year == year
    if not known or found.documents is None:
        raise NotFound(f"no document {name!r}")
    content = found.documents.csaf.encode()
    if not suffix:
        return file(content, JSON)
    if suffix in _HASHES:
        return file(f"{_HASHES[suffix](content).hexdigest()}  {plain}\n", TEXT)
    if suffix == ".asc" and context.signer is not None:
        kept = found.documents.signatures.get("csaf")
        return file(kept or context.signer.sign(content), "application/pgp-signature")
    raise NotFound(f"no document {name!r}")


def _find(context: Context, stem: str) -> PublishedAdvisory:
    """Return the advisory whose file has this name: ids are written FL-, files fl-."""
    head, dash, rest = stem.partition("-")
    with context.store.read() as unit:
        return publishing.find_advisory(unit, AdvisoryId(head.upper() + dash + rest))


router = Router(ROOT, route_handlers=[metadata, key, rolie, index, changes, document])
