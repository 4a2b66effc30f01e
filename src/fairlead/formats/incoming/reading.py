"""What is read from a file: a report, or why there is none."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from fairlead.errors import Invalid
from fairlead.formats import tap
from fairlead.formats.tap_attachments import DATA, EXTENSIONS

Json = dict[str, Any]

_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_UPSTREAM = re.compile(
    r"CVE-[0-9]{4}-[0-9]{4,}|GHSA(-[0-9a-zA-Z]{4}){3}|(OSV|GO|RUSTSEC|PYSEC)-[0-9A-Za-z-]+"
)
_CWE = re.compile(r"cwe[-/ ]?0*([1-9][0-9]{0,5})\b", re.IGNORECASE)
_COMMIT = re.compile(r"[0-9a-fA-F]{7,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What whoever submits knows of a file that the file itself does not say."""

    purl: str | None = None
    """The package that is meant where a result names none."""
    email: str | None = None
    """Where to write to about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One result of a file."""

    place: str = ""
    """Where in the file: `runs[0].results[3]`; empty for the whole of it."""
    title: str = ""
    report: bytes | None = None
    """A TAP report that keeps to the rules; nothing where there is none."""
    why: str = ""
    """Why there is none."""
    ignored: bool = False
    """There is nothing to report: it passed, was suppressed or was withdrawn."""
    left_out: tuple[str, ...] = ()
    """What of it a report has no place for."""


class Draft:
    """A report that is being put together; what does not fit is named, not cut."""

    def __init__(self, hints: Hints) -> None:
        """Begin with nothing."""
        self.fields: Json = {}
        self.enrichment: Json = {}
        self.provenance: Json = {}
        self.left_out: list[str] = []
        self._hints = hints
        if hints.email:
            self.fields["email"] = hints.email

    def put(self, field: str, value: object, most: int = 0) -> None:
        """Set a field, unless *value* is empty or has more than *most* bytes."""
        if isinstance(value, str):
            value = line_of(value)
        if not value:
            return
        if most and isinstance(value, str) and len(value.encode()) > most:
            self.left_out.append(f"{field}: more than {most} bytes")
            return
        self.fields[field] = value

    def put_list(
        self, field: str, values: Iterable[object], *, most: int, size: int
    ) -> None:
        """Set a list of at most *most* different strings of at most *size* bytes."""
        found = list(dict.fromkeys(line_of(v) for v in values if isinstance(v, str)))
        short = [v for v in found if v and len(v.encode()) <= size]
        kept = short[:most]
        if len(found) > len(kept):
            self.left_out.append(f"{field}: {len(found) - len(kept)} of {len(found)}")
        if kept:
            self.fields[field] = kept

    def name_package(self, purl: str | None, ecosystem: str, software: str) -> None:
        """Say which package it is about; what the file says goes before a hint."""
        if purl:
            self.put("purl", purl)
        elif ecosystem and software:
            self.put("ecosystem", ecosystem)
            self.put("software", software)
        elif self._hints.purl:
            self.put("purl", self._hints.purl)

    def identify(self, names: Iterable[object]) -> None:
        """Set the identifiers that TAP knows; others are named as left out."""
        texts = [line_of(name) for name in names if isinstance(name, str)]
        known = [name for name in texts if _UPSTREAM.fullmatch(name)]
        self.put_list("upstream_ids", known, most=16, size=128)
        for name in dict.fromkeys(texts):
            if name and name not in known:
                self.left_out.append(f"identifier {name[:80]}")

    def weigh(
        self, *, cwe: object = None, cvss: object = None, score: object = None
    ) -> None:
        """Set the assessment: a CWE, a CVSS 4 vector, the severity of a score."""
        match = _CWE.search(cwe) if isinstance(cwe, str) else None
        if match:
            self.enrichment["cwe"] = f"CWE-{match.group(1)}"
        if isinstance(cvss, str) and cvss.startswith("CVSS:4.0/"):
            self.enrichment["cvss_vector"] = cvss
        elif isinstance(cvss, str) and cvss:
            self.left_out.append(f"{cvss[:100]} (TAP takes CVSS 4.0)")
        severity = severity_of(score)
        if severity:
            self.enrichment["severity"] = severity

    def attach(self, filename: str, text: str, *, kind: str = "other") -> None:
        """Attach a text, unless it is larger than a file may be."""
        if not text.strip():
            return
        if len(text.encode()) > DATA:
            self.left_out.append(f"{filename}: more than {DATA} bytes")
            return
        suffix = filename.rpartition(".")[2]
        types = {"md": "text/markdown", "json": "application/json"}
        self.fields.setdefault("attachments", []).append(
            {
                "filename": filename,
                "content_type": types.get(suffix, "text/plain"),
                "data": text,
                "type": kind,
            }
        )

    def attach_source(self, filename: str, value: object) -> None:
        """Attach what the report was made from, so that nothing of it is lost."""
        self.attach(filename, json.dumps(value, ensure_ascii=False, indent=1))

    def commit(self, field: str, value: object) -> None:
        """Set a commit."""
        if isinstance(value, str) and _COMMIT.fullmatch(value):
            self.fields[field] = value

    def reading(self, place: str, title: str) -> Reading:
        """Return the report, or why the specification refuses it."""
        fields = dict(self.fields)
        if self.provenance:
            self.enrichment["provenance"] = self.provenance
        if self.enrichment:
            fields["enrichment"] = self.enrichment
        left_out = tuple(self.left_out)
        title = line_of(title)[:200]
        if not {"purl", "software"} & set(fields):
            why = "it does not say which package it is about; name it with --purl"
            return Reading(place=place, title=title, why=why, left_out=left_out)
        document = json.dumps(fields, ensure_ascii=False).encode("utf-8", "replace")
        try:
            tap.decode(document)
        except Invalid as error:
            why = reasons_of(error)
            return Reading(place=place, title=title, why=why, left_out=left_out)
        return Reading(place=place, title=title, report=document, left_out=left_out)


def reasons_of(error: Invalid) -> str:
    """Return what is wrong, every field of it."""
    found = [f"{v.field}: {v.reason}" for v in error.violations]
    return "; ".join(found) or str(error)


def at(value: object, *path: str | int) -> Any:  # noqa: ANN401 - any JSON
    """Return what lies at *path*; nothing where the document is shaped otherwise."""
    for step in path:
        if isinstance(step, str) and isinstance(value, dict):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list):
            value = value[step] if step < len(value) else None
        else:
            return None
    return value


def text_at(value: object, *path: str | int) -> str:
    """Return the text at *path*, or an empty one."""
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def list_at(value: object, *path: str | int) -> list[Any]:
    """Return the list at *path*, or an empty one."""
    found = at(value, *path)
    return found if isinstance(found, list) else []


def line_of(text: str) -> str:
    """Return *text* as one line without control characters."""
    return _CONTROLS.sub(" ", text).strip()


def severity_of(score: object) -> str | None:
    """Return the word for a CVSS score, or for such a word (CVSS 4.0, table 22)."""
    if isinstance(score, str):
        word = score.strip().capitalize()
        if word in {"None", "Low", "Medium", "High", "Critical"}:
            return word
        try:
            score = float(score)
        except ValueError:
            return None
    if isinstance(score, bool) or not isinstance(score, (int, float)):
        return None
    if not 0 <= score <= 10:  # noqa: PLR2004 - the range of CVSS scores
        return None
    steps = ((9.0, "Critical"), (7.0, "High"), (4.0, "Medium"), (0.1, "Low"))
    return next((word for least, word in steps if score >= least), "None")


TYPES = frozenset(EXTENSIONS)
"""Content types that an attachment may have."""
