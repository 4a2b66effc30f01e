"""Reports as people write them: Markdown with front matter, in a file or in a mail.

Front matter stands between two lines of `---`. A line is `key: value`; a list is
`key: [a, b]`, or `key:` with a line `- value` for each. Keys are those of a TAP report
and of the provenance block; nothing else of YAML is read. The sender of a mail is not
taken for the finder: whoever conveys a report is not whoever found it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

from fairlead.errors import Invalid
from fairlead.formats.incoming.reading import TYPES, Draft, Hints, Reading, line_of
from fairlead.formats.tap_attachments import DATA, TEXT

SINGLE = {
    "purl": 512,
    "software": 256,
    "ecosystem": 128,
    "code_path": 1024,
    "introduced_commit": 64,
    "fixed_commit": 64,
    "package_repo_url": 512,
    "discovery_method": 32,
    "discovery_tooling": 128,
    "email": 256,
    "notify": 16,
}
LISTS = {"versions": (64, 64), "references": (16, 512)}
SYMBOL = ("file", "function", "line")
PROVENANCE = ("finders", "reporters", "origins")
ASSESSED = ("cwe", "cvss_vector", "severity")

_KEY = re.compile(r"([A-Za-z_][A-Za-z0-9_-]{0,40}):[ \t]*(.*)")
_ITEM = re.compile(r"[ \t]*-[ \t]+(.*)")
_LINE = re.compile(r"[0-9]{1,9}")
_MAIL = re.compile(rb"[A-Za-z][A-Za-z0-9-]{0,60}:[ \t]")
LINES = 500
"""Lines of front matter, at most."""

Matter = dict[str, str | list[str]]


def read(name: str, content: bytes, hints: Hints) -> Sequence[Reading]:
    """Return the one report of a Markdown file or a mail."""
    if not content.startswith(b"---") and _MAIL.match(content):
        return [_from_mail(content, hints)]
    if b"\0" in content or not content.strip():
        return [Reading(why="no format that is read here")]
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return [Reading(why=f"not UTF-8 at byte {error.start}")]
    return [_reading(name.rpartition("/")[2], text, hints, ())]


def _from_mail(content: bytes, hints: Hints) -> Reading:
    message = message_from_bytes(content, policy=default)
    body = message.get_body(("markdown", "plain")) if _is_mail(message) else None
    if body is None:
        return Reading(why="a mail without a text that could be read")
    try:
        text = body.get_content()
        files = [part for part in message.walk() if part.get_filename()]
        subject = line_of(str(message.get("subject", "")))
    except (LookupError, ValueError, KeyError, TypeError) as error:
        return Reading(why=f"a mail that cannot be read: {type(error).__name__}")
    return _reading(subject, str(text), hints, files)


def _is_mail(message: object) -> bool:
    return isinstance(message, EmailMessage)


def _reading(
    title: str, text: str, hints: Hints, files: Sequence[EmailMessage]
) -> Reading:
    text = text.replace("\r\n", "\n").lstrip("\n")
    try:
        matter, body = parted(text)
    except Invalid as error:
        return Reading(title=title, why=str(error))
    draft = Draft(hints)
    _fill(draft, matter)
    draft.attach("report.md", body)
    for file in files:
        _attach(draft, file)
    heading = next((x for x in body.splitlines() if x.startswith("#")), "")
    return draft.reading("", heading.strip("# ") or title)


def parted(text: str) -> tuple[Matter, str]:
    """Return front matter and the rest.

    Raises:
        Invalid: a line of it cannot be read, a key stands twice, or it does not end.

    """
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return {}, text
    matter: Matter = {}
    key = ""
    for number, line in enumerate(lines[1 : LINES + 2], 2):
        if line.rstrip() == "---":
            return matter, "\n".join(lines[number:]).lstrip("\n")
        item, named = _ITEM.fullmatch(line), _KEY.fullmatch(line)
        if item is not None and key and isinstance(matter[key], list):
            values = matter[key]
            if isinstance(values, list):
                values.append(_plain(item.group(1)))
        elif named is not None:
            key = named.group(1).lower().replace("-", "_")
            if key in matter:
                raise Invalid(f"line {number}: {key} stands there twice")
            matter[key] = _value(named.group(2))
        elif line.strip() and not line.lstrip().startswith("#"):
            raise Invalid(f"line {number} of the front matter cannot be read")
    raise Invalid("the front matter does not end with a line of ---")


def _value(written: str) -> str | list[str]:
    written = written.strip()
    if not written:
        return []
    if written.startswith("[") and written.endswith("]"):
        return [_plain(part) for part in written[1:-1].split(",") if part.strip()]
    return _plain(written)


def _plain(written: str) -> str:
    written = written.strip()
    quoted = len(written) > 1 and written[0] == written[-1] and written[0] in "\"'"
    return written[1:-1] if quoted else written


def _fill(draft: Draft, matter: Matter) -> None:
    symbol: dict[str, object] = {}
    for key, value in matter.items():
        values = value if isinstance(value, list) else [value]
        one = values[0] if len(values) == 1 else ""
        if key in SYMBOL and one:
            symbol[key] = int(one) if key == "line" and _LINE.fullmatch(one) else one
        elif not (_fill_list(draft, key, values) or _fill_one(draft, key, one)):
            draft.left_out.append(f"{key} in the front matter")
    draft.put("affected_symbol", symbol)
    if "purl" not in draft.fields and "software" not in draft.fields:
        draft.name_package(None, "", "")


def _fill_list(draft: Draft, key: str, values: Sequence[str]) -> bool:
    """Set what is a list; tell whether *key* is one."""
    if key in LISTS:
        most, size = LISTS[key]
        draft.put_list(key, values, most=most, size=size)
    elif key == "upstream_ids":
        draft.identify(values)
    elif key in PROVENANCE:
        draft.provenance[key] = [line_of(v) for v in values]
    else:
        return False
    return True


def _fill_one(draft: Draft, key: str, value: str) -> bool:
    """Set what is a single value; tell whether *key* is one and there is a value."""
    if not value:
        return False
    if key in SINGLE:
        draft.put(key, value, SINGLE[key])
    elif key in ASSESSED:
        draft.enrichment[key] = line_of(value)
    elif key == "embargo":
        draft.provenance[key] = line_of(value)
    elif key == "tooling_confidential" and value in {"true", "false"}:
        draft.provenance[key] = value == "true"
    else:
        return False
    return True


def _attach(draft: Draft, file: EmailMessage) -> None:
    """Attach a file of the mail as it is; it is not looked into."""
    name = line_of(file.get_filename() or "")
    kind = file.get_content_type()
    content = file.get_payload(decode=True)
    if not isinstance(content, bytes) or not content or not name:
        draft.left_out.append(f"attachment {name[:100]}: it is empty")
        return
    if len(base64.b64encode(content)) > DATA:
        draft.left_out.append(f"attachment {name[:100]}: too large")
        return
    if kind not in TYPES - TEXT:
        kind = "application/octet-stream"  # text may be in any encoding
    data = base64.b64encode(content).decode("ascii")
    files = draft.fields.setdefault("attachments", [])
    files.append({"filename": name, "content_type": kind, "data": data})
