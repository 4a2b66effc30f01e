"""What a CSAF provider serves beside its documents (CSAF 2.0, section 7.1)."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from fairlead.formats.advisory import Publisher
from fairlead.formats.csaf import csaf_file_name, instant
from fairlead.formats.schemas import CSAF_2_0

Json = dict[str, Any]

FEED = "feed-tlp-white.json"
"""The file of the ROLIE feed."""


class Entry(Struct, frozen=True, kw_only=True):
    """One document of the feed."""

    id: str
    title: str
    published: datetime
    revised: datetime
    withdrawn: bool

    @property
    def path(self) -> str:
        """Return where its document is, below the folder of the feed."""
        return f"{self.published.year:04}/{csaf_file_name(self.id)}"


class Key(Struct, frozen=True, kw_only=True):
    """The OpenPGP key that signs the documents."""

    fingerprint: str


def provider_metadata(
    base: str, publisher: Publisher, key: Key | None, updated: datetime
) -> bytes:
    """Return `provider-metadata.json` (7.1.7) of the provider at *base*.

    *base* is the address of `/.well-known/csaf`. One who signs is a trusted provider.
    """
    who = {
        "category": publisher.category,
        "name": publisher.name,
        "namespace": publisher.namespace,
        **({"contact_details": publisher.contact} if publisher.contact else {}),
    }
    metadata: Json = {
        "canonical_url": f"{base}/provider-metadata.json",
        "distributions": [
            {
                "rolie": {
                    "feeds": [
                        {
                            "summary": "All advisories, for everybody",
                            "tlp_label": "WHITE",
                            "url": f"{base}/white/{FEED}",
                        }
                    ]
                }
            },
            {"directory_url": f"{base}/white"},
        ],
        "last_updated": instant(updated),
        "list_on_CSAF_aggregators": True,
        "metadata_version": "2.0",
        "mirror_on_CSAF_aggregators": True,
        "publisher": who,
        "role": "csaf_trusted_provider" if key else "csaf_provider",
    }
    if key is not None:
        url = f"{base}/openpgp/{key.fingerprint}.asc"
        metadata["public_openpgp_keys"] = [{"fingerprint": key.fingerprint, "url": url}]
    return _json(metadata)


def rolie_feed(
    base: str, name: str, entries: Sequence[Entry], updated: datetime, *, signed: bool
) -> bytes:
    """Return the ROLIE feed (7.1.15) of *entries*, the one that changed last first."""
    at = f"{base}/white/{FEED}"
    feed = {
        "category": [
            {
                "scheme": "urn:ietf:params:rolie:category:information-type",
                "term": "csaf",
            }
        ],
        "entry": [_entry(f"{base}/white", one, signed=signed) for one in entries],
        "id": "csaf-feed-tlp-white",
        "link": [{"href": at, "rel": "self"}],
        "title": f"Advisories of {name} (TLP:WHITE)",
        "updated": instant(updated),
    }
    return _json({"feed": feed})


def _entry(folder: str, one: Entry, *, signed: bool) -> Json:
    document = f"{folder}/{one.path}"
    links = [
        {"href": document, "rel": "self"},
        {"href": f"{document}.sha256", "rel": "hash"},
        {"href": f"{document}.sha512", "rel": "hash"},
    ]
    if signed:
        links.append({"href": f"{document}.asc", "rel": "signature"})
    return {
        "content": {"src": document, "type": "application/json"},
        "format": {"schema": CSAF_2_0, "version": "2.0"},
        "id": one.id,
        "link": links,
        "published": instant(one.published),
        "title": _withdrawn(one) + one.title,
        "updated": instant(one.revised),
    }


def changes(entries: Sequence[Entry]) -> str:
    """Return `changes.csv` (7.1.13): each document and when it changed, newest first."""
    written = io.StringIO()
    writer = csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n")
    for one in entries:
        writer.writerow([one.path, instant(one.revised)])
    return written.getvalue()


def index(entries: Sequence[Entry]) -> str:
    """Return `index.txt` (7.1.12): the name of each document."""
    return "".join(f"{one.path}\n" for one in entries)


def _withdrawn(one: Entry) -> str:
    return "Withdrawn: " if one.withdrawn else ""


def _json(value: Json) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2)
