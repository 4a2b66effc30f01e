"""tus 1.0, resumable uploads over HTTP: what requests say and what answers must.

Source: https://tus.io/protocols/resumable-upload, version 1.0.0, with the extensions
creation, expiration, checksum and termination. No framework here: headers in, values out.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from msgspec import Struct

from fairlead.errors import Invalid, Violation

VERSION = "1.0.0"
EXTENSIONS = "creation,expiration,checksum,termination"
CONTENT = "application/offset+octet-stream"
MISMATCH = 460
"""The status of a chunk that is not what its checksum says (Checksum)."""
ALGORITHMS = ("sha1", "sha256")
"""Checksums that are taken; the protocol asks for SHA-1. Against faults, not attacks."""
_METADATA = 4096
_DIGITS = 19


@dataclass(frozen=True, slots=True)
class Checksum:
    """What a chunk must be."""

    algorithm: str
    digest: bytes

    def hasher(self) -> hashlib._Hash:
        """Return what hashes the chunk."""
        return hashlib.new(self.algorithm, usedforsecurity=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """A request to create an upload."""

    length: int
    metadata: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A request to add bytes."""

    offset: int
    checksum: Checksum | None


class Upload(Struct, frozen=True, kw_only=True):
    """An upload, as far as it counts."""

    id: str
    asset: str
    name: str
    """The file of the asset that it will be."""
    length: int
    offset: int = 0
    """Bytes that are on disk."""
    metadata: dict[str, str]
    expires: datetime

    @property
    def finished(self) -> bool:
        """Tell whether all bytes have come."""
        return self.offset == self.length


class Mismatch(Invalid):
    """A chunk is not what its checksum says; it was discarded."""

    code = "checksum-mismatch"


def capabilities(largest: int) -> dict[str, str]:
    """Return the headers of the answer to OPTIONS."""
    return {
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Checksum-Algorithm": ",".join(ALGORITHMS),
        "Tus-Max-Size": str(largest),
    }


def speaks(headers: Mapping[str, str]) -> bool:
    """Tell whether a request is of this version; else it is answered 412."""
    return headers.get("tus-resumable") == VERSION


def read_creation(headers: Mapping[str, str]) -> Creation:
    """Read a POST (Creation).

    Raises:
        Invalid: the length is missing or deferred, or the metadata cannot be read.

    """
    if "upload-defer-length" in headers:
        raise _wrong("Upload-Defer-Length", "is not taken: say Upload-Length")
    length = _number(headers, "Upload-Length")
    return Creation(length=length, metadata=_metadata(headers))


def read_patch(headers: Mapping[str, str]) -> Patch:
    """Read the headers of a PATCH.

    Raises:
        Invalid: the offset is missing, or the checksum cannot be read.

    """
    written = headers.get("upload-checksum")
    return Patch(
        offset=_number(headers, "Upload-Offset"),
        checksum=None if written is None else _checksum(written),
    )


def instant(at: datetime) -> str:
    """Write an instant as `Upload-Expires` has it (RFC 9110, 5.6.7)."""
    return format_datetime(at.astimezone(UTC), usegmt=True)


def write_metadata(metadata: Mapping[str, str]) -> str:
    """Return the header `Upload-Metadata`."""
    return ",".join(
        f"{key} {base64.b64encode(value.encode()).decode()}"
        for key, value in metadata.items()
    )


def _number(headers: Mapping[str, str], name: str) -> int:
    written = headers.get(name.lower(), "")
    if not re.fullmatch(rf"[0-9]{{1,{_DIGITS}}}", written):
        raise _wrong(name, "must be a number of bytes, 0 or more")
    return int(written)


def _metadata(headers: Mapping[str, str]) -> dict[str, str]:
    name = "Upload-Metadata"
    written = headers.get(name.lower(), "")
    if len(written) > _METADATA:
        raise _wrong(name, f"has more than {_METADATA} characters")
    found: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in written.split(","))):
        key, _, value = pair.partition(" ")
        if key in found:
            raise _wrong(name, f"says {key!r} twice")
        try:
            found[key] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, ValueError) as error:
            raise _wrong(name, f"the value of {key!r} is no text in base64") from error
    return found


def _checksum(written: str) -> Checksum:
    name = "Upload-Checksum"
    algorithm, _, value = written.partition(" ")
    if algorithm not in ALGORITHMS:
        raise _wrong(name, f"the algorithm must be one of {', '.join(ALGORITHMS)}")
    try:
        digest = base64.b64decode(value.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _wrong(name, "is no base64") from error
    return Checksum(algorithm, digest)


def _wrong(header: str, reason: str) -> Invalid:
    return Invalid(f"{header} {reason}", [Violation("invalid_header", header, reason)])
