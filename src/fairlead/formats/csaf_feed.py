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
from fairlead.formats.csaf import FOLDERS, Version, csaf_file_name, instant
from fairlead.formats.schemas import CSAF_2_0, CSAF_2_1, CSAF_PROVIDER_2_1

Json = dict[str, Any]

LABELS = {Version.V2_0: "WHITE", Version.V2_1: "CLEAR"}
"""How each version writes the label of what is for everybody."""
FEEDS = {version: f"feed-tlp-{label.lower()}.json" for version, label in LABELS.items()}
"""The file of the ROLIE feed."""
_SCHEMAS = {Version.V2_0: CSAF_2_0, Version.V2_1: CSAF_2_1}


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


class Provider(Struct, frozen=True, kw_only=True):
    """Who publishes, and where."""

    base: str
    """The address of `/.well-known/csaf`."""
    name: str
    publisher: Publisher
    key: Key | None = None
    """One who signs is a trusted provider."""


def provider_metadata(provider: Provider, version: Version, updated: datetime) -> bytes:
    """Return `provider-metadata.json` (7.1.7); that of 2.0 is at the well-known place."""
    base, publisher, key = provider.base, provider.publisher, provider.key
    old = version is Version.V2_0
    metadata: Json = {
        "canonical_url": f"{base}/{'' if old else 'v2.1/'}provider-metadata.json",
        "distributions": _distributions(base, version, updated),
        "last_updated": instant(updated),
        "list_on_CSAF_aggregators": True,
        "metadata_version": version.value,
        "mirror_on_CSAF_aggregators": True,
        "publisher": {
            "category": publisher.category,
            "name": publisher.name,
            "namespace": publisher.namespace,
            **({"contact_details": publisher.contact} if publisher.contact else {}),
        },
        "role": "csaf_trusted_provider" if key else "csaf_provider",
    }
    if not old:
        metadata["$schema"] = CSAF_PROVIDER_2_1
    if key is not None:
        url = f"{base}/openpgp/{key.fingerprint}.asc"
        metadata["public_openpgp_keys"] = [{"fingerprint": key.fingerprint, "url": url}]
    return _json(metadata)


def _distributions(base: str, version: Version, updated: datetime) -> list[Json]:
    folder = f"{base}/{FOLDERS[version]}"
    feed = {
        "summary": "All advisories, for everybody",
        "tlp_label": LABELS[version],
        "url": f"{folder}/{FEEDS[version]}",
    }
    if version is Version.V2_0:
        return [{"rolie": {"feeds": [feed]}}, {"directory_url": folder}]
    feed["last_updated"] = instant(updated)
    directory = {"tlp_label": LABELS[version], "url": folder}
    return [{"rolie": {"feeds": [feed]}}, {"directory": directory}]


def rolie_feed(
    provider: Provider, version: Version, entries: Sequence[Entry], updated: datetime
) -> bytes:
    """Return the ROLIE feed (7.1.15) of *entries*, the one that changed last first."""
    folder = f"{provider.base}/{FOLDERS[version]}"
    label = LABELS[version]
    signed = provider.key is not None
    feed = {
        "category": [
            {
                "scheme": "urn:ietf:params:rolie:category:information-type",
                "term": "csaf",
            }
        ],
        "entry": [_entry(folder, version, one, signed=signed) for one in entries],
        "id": f"csaf-feed-tlp-{label.lower()}",
        "link": [{"href": f"{folder}/{FEEDS[version]}", "rel": "self"}],
        "title": f"Advisories of {provider.name} (TLP:{label})",
        "updated": instant(updated),
    }
    return _json({"feed": feed})


def _entry(folder: str, version: Version, one: Entry, *, signed: bool) -> Json:
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
        "format": {"schema": _SCHEMAS[version], "version": version.value},
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
