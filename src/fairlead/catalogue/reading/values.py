"""What every format shares: instants as feeds write them, scores, names, text."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache

from cvss import CVSS2, CVSS3, CVSS4
from cvss.exceptions import CVSSError

from fairlead.catalogue.reading.documents import invalid
from fairlead.catalogue.records import MAX_NAME, Severity

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MAX_DETAILS = 4_000
MAX_TITLE = 300
MAX_REFERENCES = 50


def instant(written: str, place: str) -> datetime:
    """Read an instant; one without a zone is in UTC, as the CVE format says.

    Raises:
        Invalid: it is none.

    """
    try:
        at = datetime.fromisoformat(written)
    except ValueError as error:
        raise invalid(place, f"{written[:40]!r} is no instant") from error
    if at.year < EPOCH.year:
        # Some feeds write the year 1 for what they do not know.
        return EPOCH
    if at.tzinfo is None:
        return at.replace(tzinfo=UTC)
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise invalid(place, f"{written[:40]!r} is no instant in UTC") from error


def instant_or_none(written: str | None, place: str) -> datetime | None:
    """Read an instant that may be lacking."""
    return instant(written, place) if written else None


def name(written: str, place: str) -> str:
    """Return an identifier.

    Raises:
        Invalid: empty, too long, or with characters that cannot be shown.

    """
    if not written or len(written) > MAX_NAME or not written.isprintable():
        raise invalid(place, f"must be 1 to {MAX_NAME} printable characters")
    return written


def title(*candidates: str | None) -> str:
    """Return the first candidate that says something, as one short line."""
    for candidate in candidates:
        line = " ".join((candidate or "").replace("\0", " ").split())
        if line:
            return line if len(line) <= MAX_TITLE else line[: MAX_TITLE - 1] + "…"
    return ""


def text(written: str) -> str:
    """Return a description, cut where it is longer than anybody reads."""
    written = written.replace("\0", " ")  # which PostgreSQL has no place for
    if len(written) <= MAX_DETAILS:
        return written
    return written[: MAX_DETAILS - 1] + "…"


def links(urls: Iterable[str]) -> tuple[str, ...]:
    """Return web addresses, each once; what is no web address is left out."""
    found = dict.fromkeys(u for u in urls if u.startswith(("https://", "http://")))
    return tuple(found)[:MAX_REFERENCES]


def severity(vector: str, score: float | None, by: str) -> Severity:
    """Return a severity; its score is calculated where it is not given."""
    return Severity(vector, score if score is not None else score_of(vector), by)


@lru_cache(maxsize=8192)
def score_of(vector: str) -> float | None:
    """Return the base score of a CVSS vector; nothing if it cannot be read."""
    kind = CVSS4 if vector.startswith("CVSS:4") else CVSS3
    if not vector.startswith("CVSS:"):
        kind = CVSS2
    try:
        found = kind(vector)
    except CVSSError:
        return None
    score = found.base_score
    return None if score is None else float(score)
