"""The CSAF provider: metadata, ROLIE feeds, folders, hashes, signatures (CSAF, 7).

CSAF 2.0 is what clients find at the well-known place; 2.1 is served beside it, as its
section on the transition recommends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from litestar import Response, Router
from litestar.di import NamedDependency
from litestar.params import FromPath

from fairlead.base.ids import AdvisoryId
from fairlead.clearinghouse import publishing
from fairlead.clearinghouse.advisories import PublishedAdvisory
from fairlead.errors import NotFound
from fairlead.formats import csaf_feed
from fairlead.formats.csaf import Version, csaf_file_name
from fairlead.formats.csaf_feed import FEEDS, Entry, Key, Provider
from fairlead.web.context import Context
from fairlead.web.feeds.answers import entries, file, served

ROOT = "/.well-known/csaf"
JSON = "application/json"
TEXT = "text/plain; charset=utf-8"
_HASHES = {".sha256": hashlib.sha256, ".sha512": hashlib.sha512}
_KINDS = {Version.V2_0: "csaf", Version.V2_1: "csaf-2.1"}


def _provider(context: Context) -> Provider:
    signer = context.signer
    return Provider(
        base=context.address + ROOT,
        name=context.programme,
        publisher=context.publisher,
        key=Key(fingerprint=signer.fingerprint) if signer else None,
    )


def _changed(context: Context) -> Sequence[Entry]:
    with context.store.read() as unit:
        return entries(publishing.list_changes(unit))


def _updated(context: Context, listed: Sequence[Entry]) -> datetime:
    """Return when the feed changed last; that of an empty one is now."""
    return listed[0].revised if listed else context.clock()


def _metadata(context: Context, version: Version) -> Response[bytes]:
    updated = _updated(context, _changed(context))
    written = csaf_feed.provider_metadata(_provider(context), version, updated)
    return file(written, JSON)


@served("/provider-metadata.json")
def metadata(context: NamedDependency[Context]) -> Response[bytes]:
    """Say who publishes CSAF 2.0, where, and with which key."""
    return _metadata(context, Version.V2_0)


@served("/v2.0/provider-metadata.json")
def metadata_2_0(context: NamedDependency[Context]) -> Response[bytes]:
    """Say the same at the place that stays when 2.1 takes over."""
    return _metadata(context, Version.V2_0)


@served("/v2.1/provider-metadata.json")
def metadata_2_1(context: NamedDependency[Context]) -> Response[bytes]:
    """Say the same of CSAF 2.1."""
    return _metadata(context, Version.V2_1)


@served("/openpgp/{name:str}")
def key(name: FromPath[str], context: NamedDependency[Context]) -> Response[bytes]:
    """Return the public key that documents are signed with."""
    signer = context.signer
    if signer is None or name != f"{signer.fingerprint}.asc":
        raise NotFound(f"no key {name!r}")
    return file(signer.certificate, "application/pgp-keys")


def _listing(context: Context, version: Version, name: str) -> Response[bytes]:
    """Return the file called *name* that lists the documents of *version*."""
    listed = _changed(context)
    if name == "index.txt":
        return file(csaf_feed.index(listed), TEXT)
    if name == "changes.csv":
        return file(csaf_feed.changes(listed), "text/csv; charset=utf-8")
    if name == FEEDS[version]:
        updated = _updated(context, listed)
        feed = csaf_feed.rolie_feed(_provider(context), version, listed, updated)
        return file(feed, JSON)
    raise NotFound(f"no list {name!r}")


@served("/white/{name:str}")
def listing(name: FromPath[str], context: NamedDependency[Context]) -> Response[bytes]:
    """List every document: as ROLIE feed, index.txt or changes.csv."""
    return _listing(context, Version.V2_0, name)


@served("/v2.1/clear/{name:str}")
def listing_2_1(
    name: FromPath[str], context: NamedDependency[Context]
) -> Response[bytes]:
    """List every document of CSAF 2.1."""
    return _listing(context, Version.V2_1, name)


def _document(
    context: Context, version: Version, year: str, name: str
) -> Response[bytes]:
    stem, dot, suffix = name.partition(".json")
    found = _find(context, stem)
    plain, kind = csaf_file_name(found.id), _KINDS[version]
    content = found.documents.find(kind) if found.documents else None
    if f"{stem}{dot}" != plain or found.file_year != year or content is None:
        raise NotFound(f"no document {name!r}")
    if not suffix:
        return file(content, JSON)
    if suffix in _HASHES:
        digest = _HASHES[suffix](content.encode()).hexdigest()
        return file(f"{digest}  {plain}\n", TEXT)
    if suffix == ".asc" and context.signer is not None:
        kept = found.documents.signatures.get(kind) if found.documents else None
        signature = kept or context.signer.sign(content.encode())
        return file(signature, "application/pgp-signature")
    raise NotFound(f"no document {name!r}")


def _find(context: Context, stem: str) -> PublishedAdvisory:
    """Return the advisory whose file has this name: ids are written FL-, files fl-."""
    head, dash, rest = stem.partition("-")
    with context.store.read() as unit:
        return publishing.find_advisory(unit, AdvisoryId(head.upper() + dash + rest))


@served("/white/{year:str}/{name:str}")
def document(
    year: FromPath[str], name: FromPath[str], context: NamedDependency[Context]
) -> Response[bytes]:
    """Return a document, its hash or its signature."""
    return _document(context, Version.V2_0, year, name)


@served("/v2.1/clear/{year:str}/{name:str}")
def document_2_1(
    year: FromPath[str], name: FromPath[str], context: NamedDependency[Context]
) -> Response[bytes]:
    """Return a document of CSAF 2.1, its hash or its signature."""
    return _document(context, Version.V2_1, year, name)


router = Router(
    ROOT,
    route_handlers=[
        metadata,
        metadata_2_0,
        metadata_2_1,
        key,
        listing,
        listing_2_1,
        document,
        document_2_1,
    ],
)
