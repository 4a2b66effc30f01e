"""What owners publish about scanning: `security.txt` (RFC 9116) and `SECURITY.md`.

The first is read field by field. The second is prose: only a contact and a few plain
sentences are recognised, and a person reads the rest. Nothing of it binds anybody.
"""

from __future__ import annotations

import re
from datetime import datetime

from fairlead.base import instants
from fairlead.clearinghouse.claims.owners import Source, Word
from fairlead.errors import Invalid, Violation

LARGEST = 64 * 1024
"""Characters that are read."""

_FIELD = re.compile(r"^([A-Za-z-]{1,40}):[ \t]*(\S[^\r\n]{0,500})", re.MULTILINE)
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}", re.ASCII)
_ADDRESS = re.compile(r"https://[\w./#?=&%~-]{1,300}", re.ASCII)
_NO_AI = re.compile(
    r"(?:do not|don't|no|not accept|reject(?:s|ed)?|ban(?:s|ned)?)\b[^.\n]{0,60}"
    r"\b(?:ai|llm)\b(?:[- ](?:generated|found|written|assisted))?",
    re.IGNORECASE,
)
_NO_SCAN = re.compile(
    r"(?:do not|don't|no|never)\b[^.\n]{0,30}\b(?:automated scan\w*|scan(?:s|ning)?)\b",
    re.IGNORECASE,
)
_REPRODUCER = re.compile(
    r"(?:must|require[sd]?|only)\b[^.\n]{0,80}"
    r"\b(?:reproducer|proof[- ]of[- ]concept|poc|steps to reproduce)\b",
    re.IGNORECASE,
)


def read_policy(source: Source, text: str, *, at: datetime) -> Word:
    """Return what *text* says, as far as it is recognised.

    Raises:
        Invalid: it is too large, no such file, or its time is over.

    """
    if len(text) > LARGEST:
        raise _invalid(f"more than {LARGEST} characters")
    if source is Source.SECURITY_TXT:
        return _security_txt(text, at)
    return _security_md(text)


def _security_txt(text: str, at: datetime) -> Word:
    found: dict[str, list[str]] = {}
    for name, value in _FIELD.findall(text):
        found.setdefault(name.lower(), []).append(value.strip())
    if "contact" not in found or "expires" not in found:
        raise _invalid("security.txt needs Contact and Expires (RFC 9116, 2.5)")
    if instants.parse(found["expires"][0].upper(), field="text") <= at:
        raise _invalid("its Expires is over; it counts no more (RFC 9116, 2.5.5)")
    return Word(
        contact=found["contact"][0][:500], policy=found.get("policy", [""])[0][:500]
    )


def _security_md(text: str) -> Word:
    mail, address = _MAIL.search(text), _ADDRESS.search(text)
    contact = mail[0] if mail else address[0] if address else ""
    return Word(
        scanning=_NO_SCAN.search(text) is None,
        ai_welcome=_NO_AI.search(text) is None,
        only_with_reproducer=_REPRODUCER.search(text) is not None,
        contact=contact,
    )


def _invalid(reason: str) -> Invalid:
    return Invalid(f"text: {reason}", [Violation("invalid_policy", "text", reason)])
