"""Any inventory of software, told apart by what it looks like and what it is called."""

from __future__ import annotations

from fairlead.errors import Invalid, Malformed, TooLarge, Violation
from fairlead.formats import lockfiles, sbom
from fairlead.formats.components import Inventory

READ = (
    "CycloneDX JSON 1.4 to 1.7; SPDX 2.2 and 2.3 as JSON or tag:value; requirements.txt,"
    " Pipfile.lock, poetry.lock, uv.lock, pylock.toml; package-lock.json; Cargo.lock;"
    " go.sum, go.mod"
)
"""What can be read, for people."""


def read(name: str, document: bytes, *, max_bytes: int = sbom.MAX_BYTES) -> Inventory:
    """Return what the SBOM or lock file in *document* lists.

    Raises:
        TooLarge: more than *max_bytes*, or too many components.
        Malformed: it cannot be read at all.
        Invalid: it is none that is known, XML, or of a version that is not read.

    """
    if len(document) > max_bytes:
        raise TooLarge(f"{len(document)} bytes; at most {max_bytes} are taken")
    start = document[:1024].removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<"):
        raise _unknown("XML is not read; save the SBOM as JSON, which every tool can")
    if start.startswith(b"{"):
        found = sbom.read_json(document.removeprefix(b"\xef\xbb\xbf"))
        found = found or lockfiles.read(
            lockfiles.looks_like(document) or name, _text(document)
        )
    else:
        text = _text(document)
        found = sbom.read_tags(text) or lockfiles.read(name, text)
    if found is None:
        raise _unknown(f"no SBOM or lock file that is known; read are {READ}")
    return found


def _text(document: bytes) -> str:
    try:
        return document.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Malformed(f"not UTF-8 at byte {error.start}") from error


def _unknown(said: str) -> Invalid:
    return Invalid(said, [Violation("unsupported", "", said)])
