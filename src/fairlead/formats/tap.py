"""TAP Intake API reports: strict JSON to a typed value.

Source: Akrites Foundation, `docs/TAP-API-Spec.md` in `Akrites-Foundation/SIRT`, commit
911320ecba25c3308d7251ea5724141cd88a973a.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct


class Symbol(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where in the source the fault lies."""

    file: str | None = None
    function: str | None = None
    line: int | None = None


class TapAttachment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file; binary content types carry padded standard base64 in `data`."""

    filename: str
    data: str
    content_type: str
    description: str | None = None
    type: str = "other"


class TapReport(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A report as the TAP Intake API takes it; field names are the specification's."""

    purl: str | None = None
    software: str | None = None
    ecosystem: str | None = None
    versions: tuple[str, ...] = ()
    code_path: str | None = None
    exploit: str | None = None
    exploit_content_type: str | None = None
    raw: str | None = None
    raw_content_type: str | None = None
    attachments: tuple[TapAttachment, ...] = ()
    affected_symbol: Symbol | None = None
    references: tuple[str, ...] = ()
    upstream_ids: tuple[str, ...] = ()
    introduced_commit: str | None = None
    fixed_commit: str | None = None
    package_repo_url: str | None = None
    discovery_method: str | None = None
    discovery_tooling: str | None = None
    email: str | None = None
    notify: str | None = None
    enrichment: dict[str, Any] | None = None


def decode(document: bytes) -> TapReport:
    """Return the report in *document*."""
    return msgspec.json.decode(document, type=TapReport)
