"""Tests of instants: 6.1.37, 45, 49, 51 to 53; 6.2.7, 6.2.33, 6.2.41."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache

from fairlead.formats.csaf_tests.view import Finding, Json, View, objects, part, text

_WRITTEN = re.compile(
    r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 24 * 60 * 60


@lru_cache(maxsize=8192)
def instant(written: str) -> Decimal | None:
    """Return the seconds since 1970 that *written* says, to any fraction.

    Nothing where it does not keep the rules of CSAF 2.1, 2.2: RFC 3339 with capital
    letters, no leap second.
    """
    found = _WRITTEN.fullmatch(written)
    if found is None:
        return None
    whole, fraction, zone = found.groups()
    try:
        at = datetime.fromisoformat(whole + ("+00:00" if zone == "Z" else zone))
    except ValueError:
        return None
    return Decimal(int((at - _EPOCH).total_seconds())) + Decimal(fraction or 0)


def _dates(view: View) -> Iterator[tuple[str, str]]:
    at = "/document/tracking"
    for name in ("current_release_date", "initial_release_date"):
        yield f"{at}/{name}", text(view.tracking, name)
    yield f"{at}/generator/date", text(part(view.tracking, "generator"), "date")
    for pointer, node in view.revisions:
        yield f"{pointer}/date", text(node, "date")
    for pointer, vulnerability in view.vulnerabilities:
        for name in ("disclosure_date", "discovery_date", "release_date"):
            yield f"{pointer}/{name}", text(vulnerability, name)
        for name in (
            "first_known_exploitation_dates",
            "flags",
            "involvements",
            "remediations",
            "threats",
        ):
            for inner, node in objects(vulnerability, name, pointer):
                for key in ("date", "exploitation_date"):
                    yield f"{inner}/{key}", text(node, key)
        yield from _stamps(vulnerability, pointer, ("epss", "ssvc_v2"))


def _stamps(
    vulnerability: Json, at: str, names: tuple[str, ...]
) -> Iterator[tuple[str, str]]:
    for pointer, node in objects(vulnerability, "metrics", at):
        content = part(node, "content")
        for name in names:
            written = text(part(content, name), "timestamp")
            yield f"{pointer}/content/{name}/timestamp", written


def invalid_time(view: View) -> Iterator[Finding]:
    """6.1.37: every instant keeps the rules of section 2.2."""
    for pointer, written in _dates(view):
        if written and instant(written) is None:
            yield Finding(
                pointer, f"{written!r} is no instant; write 2026-08-18T14:03:21Z"
            )


def newest(view: View) -> Decimal | None:
    """Return the instant of the newest revision."""
    dates = [at for _, node in view.revisions if (at := instant(text(node, "date")))]
    return max(dates, default=None)


def _later(
    view: View, places: Iterator[tuple[str, str]], what: str
) -> Iterator[Finding]:
    limit = newest(view)
    for pointer, written in places:
        at = instant(written)
        if at is not None and limit is not None and at > limit:
            yield Finding(pointer, f"{what} is after the newest revision")


def disclosed_later(view: View) -> Iterator[Finding]:
    """6.1.45: what is public says nothing of a later disclosure."""
    if view.tlp == "CLEAR" and view.released:
        yield from _later(view, _disclosures(view), "the disclosure")


def _disclosures(view: View) -> Iterator[tuple[str, str]]:
    for pointer, vulnerability in view.vulnerabilities:
        yield f"{pointer}/disclosure_date", text(vulnerability, "disclosure_date")


def ssvc_later(view: View) -> Iterator[Finding]:
    """6.1.49: no SSVC decision is later than the newest revision."""
    if view.released:
        for pointer, vulnerability in view.vulnerabilities:
            stamps = _stamps(vulnerability, pointer, ("ssvc_v2",))
            yield from _later(view, stamps, "the decision")


def epss_later(view: View) -> Iterator[Finding]:
    """6.1.51: no EPSS score is later than the newest revision."""
    if view.released:
        for pointer, vulnerability in view.vulnerabilities:
            stamps = _stamps(vulnerability, pointer, ("epss",))
            yield from _later(view, stamps, "the score")


def exploited_later(view: View) -> Iterator[Finding]:
    """6.1.52: no known exploitation is later than the newest revision."""
    if not view.released:
        return
    for pointer, node in _exploitations(view):
        places = [
            (f"{pointer}/{k}", text(node, k)) for k in ("date", "exploitation_date")
        ]
        yield from _later(view, iter(places), "the exploitation")


def _exploitations(view: View) -> Iterator[tuple[str, Json]]:
    for pointer, vulnerability in view.vulnerabilities:
        yield from objects(vulnerability, "first_known_exploitation_dates", pointer)


def known_before_exploited(view: View) -> Iterator[Finding]:
    """6.1.53: nobody knows of an exploitation before it happens."""
    for pointer, node in _exploitations(view):
        known, happened = (
            instant(text(node, k)) for k in ("date", "exploitation_date")
        )
        if known is not None and happened is not None and happened > known:
            yield Finding(
                f"{pointer}/exploitation_date", "is after the date it was known"
            )


def involvement_without_date(view: View) -> Iterator[Finding]:
    """6.2.7: every involvement has a date."""
    for at, vulnerability in view.vulnerabilities:
        for pointer, node in objects(vulnerability, "involvements", at):
            if "date" not in node:
                yield Finding(pointer, "say when")


def disclosed_since(view: View) -> Iterator[Finding]:
    """6.2.33: what was disclosed meanwhile has a revision since.

    The result depends on the day of the test, as the standard wants.
    """
    now = view.now
    if now is None:
        return
    past = ((p, w) for p, w in _disclosures(view) if (instant(w) or now + 1) <= now)
    yield from _later(view, past, "the disclosure")


def old_epss(view: View) -> Iterator[Finding]:
    """6.2.41: the youngest EPSS score is at most 15 days older than the document."""
    limit = newest(view)
    if not view.released or limit is None:
        return
    for at, vulnerability in view.vulnerabilities:
        stamps = [
            (found, pointer)
            for pointer, written in _stamps(vulnerability, at, ("epss",))
            if (found := instant(written)) is not None
        ]
        if stamps and limit - max(stamps)[0] > 15 * _DAY:
            yield Finding(max(stamps)[1], "is more than 15 days old")
