"""A report of the TAP Intake API as a typed value; see `fairlead.formats.tap`."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Symbol(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where in the source the fault lies."""

    file: str | None = None
    function: str | None = None
    line: int | None = None
    """Shown only; never compared."""


class TapAttachment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file; binary content types carry padded standard base64 in `data`."""

    filename: str = ""
    data: str = ""
    content_type: str = ""
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

    @property
    def folded(self) -> tuple[TapAttachment, ...]:
        """Return the deprecated payloads as the attachments they are stored as."""
        payloads = (
            (
                "exploit",
                self.exploit,
                self.exploit_content_type,
                "exploit-proof-of-concept",
            ),
            ("raw", self.raw, self.raw_content_type, "other"),
        )
        return tuple(
            TapAttachment(filename=name, data=data, content_type=kind or "", type=what)
            for name, data, kind, what in payloads
            if data
        )
