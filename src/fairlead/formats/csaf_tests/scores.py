"""Tests of CVSS and other ratings."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from cvss import CVSS2, CVSS3, CVSS4
from cvss.exceptions import CVSSError

from fairlead.formats.csaf_tests.view import (
    Finding,
    Json,
    View,
    in_groups,
    objects,
    part,
    strings,
    text,
)
from fairlead.formats.schemas import violations

_SCHEMAS = {
    "cvss_v2": "https://www.first.org/cvss/cvss-v2.0.json",
    "3.0": "https://www.first.org/cvss/cvss-v3.0.json",
    "3.1": "https://www.first.org/cvss/cvss-v3.1.json",
    "cvss_v4": "https://www.first.org/cvss/cvss-v4.0.json",
}
_KINDS: dict[str, Any] = {"cvss_v2": CVSS2, "cvss_v3": CVSS3, "cvss_v4": CVSS4}
_WITH_ALL = (
    "threatScore",
    "threatSeverity",
    "environmentalScore",
    "environmentalSeverity",
)
"""Properties of an earlier schema: in CVSS 4 one score takes all metrics in."""


def contents(vulnerability: Json, at: str) -> Iterator[tuple[str, Json, Json]]:
    """Yield (pointer, item, the object that holds its ratings)."""
    for pointer, item in objects(vulnerability, "scores", at):
        yield pointer, item, item
    for pointer, item in objects(vulnerability, "metrics", at):
        yield f"{pointer}/content", item, part(item, "content")


def ratings(vulnerability: Json, at: str) -> Iterator[tuple[str, str, Json, Json]]:
    """Yield (pointer, `cvss_v…`, the rating, the item it stands in)."""
    for pointer, item, content in contents(vulnerability, at):
        for name, rating in content.items():
            if name.startswith("cvss_v") and isinstance(rating, dict):
                yield f"{pointer}/{name}", name, rating, item


def every_rating(view: View) -> Iterator[tuple[str, str, Json]]:
    """Yield (pointer, `cvss_v…`, the rating) of a whole document."""
    for at, vulnerability in view.vulnerabilities:
        for pointer, name, rating, _ in ratings(vulnerability, at):
            yield pointer, name, rating


def several_scores(view: View) -> Iterator[Finding]:
    """6.1.7: one source rates a product once by each version of CVSS."""
    for at, vulnerability in view.vulnerabilities:
        seen: set[tuple[str, str, str]] = set()
        for pointer, name, rating, item in ratings(vulnerability, at):
            version = text(rating, "version") or name
            for _, product in strings(item, "products"):
                key = (text(item, "source"), version, product)
                if key in seen:
                    yield Finding(
                        pointer, f"{product!r} is rated by CVSS {version} already"
                    )
                seen.add(key)


def invalid_cvss(view: View) -> Iterator[Finding]:
    """6.1.8: every CVSS object fits the schema that FIRST gives for it."""
    for pointer, name, rating in every_rating(view):
        version = text(rating, "version")
        schema = _SCHEMAS.get(name) or _SCHEMAS.get(version)
        if schema is not None:
            for fault in violations(schema, rating):
                yield Finding(pointer + fault.pointer, fault.message)
        if name == "cvss_v4":
            for key in _WITH_ALL:
                if key in rating:
                    yield Finding(f"{pointer}/{key}", "is no property of CVSS 4.0")


@lru_cache(maxsize=4096)
def _scored(name: str, vector: str) -> Any:  # noqa: ANN401 - of a library without types
    """Return *vector* as the library reads it; nothing where it cannot."""
    try:
        return _KINDS[name](vector)
    except (CVSSError, KeyError, ValueError, IndexError, AttributeError):
        return None


def _expected(name: str, vector: str) -> Iterator[tuple[str, float | None, str | None]]:
    scored = _scored(name, vector)
    if scored is None:
        return
    severities: list[str | None] = [None, None, None]
    if name != "cvss_v2":
        found = scored.severities()
        severities = [*found] if isinstance(found, tuple | list) else [found]
    yield "base", float(scored.base_score), severities[0]
    if name == "cvss_v4":
        return
    for place, which in enumerate(("temporal", "environmental"), 1):
        score = getattr(scored, f"{which}_score")
        yield which, None if score is None else float(score), severities[place]


def wrong_score(view: View) -> Iterator[Finding]:
    """6.1.9: scores and severities are what the vector comes to."""
    for pointer, name, rating in every_rating(view):
        for which, score, severity in _expected(name, text(rating, "vectorString")):
            given = rating.get(f"{which}Score")
            if isinstance(given, int | float) and score is not None and given != score:
                yield Finding(
                    f"{pointer}/{which}Score", f"is {given}, the vector gives {score}"
                )
            said = rating.get(f"{which}Severity")
            if isinstance(said, str) and severity and said != severity.upper():
                yield Finding(
                    f"{pointer}/{which}Severity",
                    f"is {said}, the vector gives {severity.upper()}",
                )


def contradicting_properties(view: View) -> Iterator[Finding]:
    """6.1.10: properties of a CVSS object do not contradict its vector."""
    for pointer, name, rating in every_rating(view):
        expected = _properties(name, text(rating, "vectorString"))
        for key, value in expected.items():
            given = rating.get(key)
            if isinstance(given, str) and given != value:
                yield Finding(
                    f"{pointer}/{key}", f"is {given}, the vector says {value}"
                )


@lru_cache(maxsize=4096)
def _properties(name: str, vector: str) -> dict[str, str]:
    scored = _scored(name, vector)
    if scored is None:
        return {}
    said = scored.as_json()
    return {
        key: value
        for key, value in said.items()
        if isinstance(value, str)
        and key not in {"version", "vectorString"}
        and not key.endswith("Severity")
    }


def rated_twice(view: View) -> Iterator[Finding]:
    """6.1.56: one source gives a product a CVSS rating or one in words, not both."""
    for at, vulnerability in view.vulnerabilities:
        by_cvss: set[tuple[str, str]] = set()
        in_words: list[tuple[str, str, str]] = []
        for pointer, item, content in contents(vulnerability, at):
            keys = [(text(item, "source"), p) for _, p in strings(item, "products")]
            if any(name.startswith("cvss_v") for name in content):
                by_cvss.update(keys)
            if "qualitative_severity_rating" in content:
                in_words += [(pointer, *key) for key in keys]
        for pointer, source, product in in_words:
            if (source, product) in by_cvss:
                yield Finding(
                    f"{pointer}/qualitative_severity_rating",
                    f"{product!r} has a CVSS rating of the same source",
                )


def missing_rating(view: View) -> Iterator[Finding]:
    """6.2.3: whatever is affected is rated."""
    for at, vulnerability in view.vulnerabilities:
        rated = {
            product
            for _, item, _ in contents(vulnerability, at)
            for _, product in strings(item, "products")
        }
        for product, pointer in in_groups(vulnerability, "affected").items():
            if product not in rated:
                yield Finding(at + pointer, f"{product!r} is not rated")


def rated_though_fixed(view: View) -> Iterator[Finding]:
    """6.2.19: what is fixed has no environmental score above 0."""
    for at, vulnerability in view.vulnerabilities:
        fixed = in_groups(vulnerability, "fixed")
        for pointer, name, rating, item in ratings(vulnerability, at):
            if _ends_at_nought(name, rating):
                continue
            for _, product in strings(item, "products"):
                if product in fixed:
                    yield Finding(pointer, f"{product!r} is fixed, but rated")


def _ends_at_nought(name: str, rating: Json) -> bool:
    """Tell whether the score that takes the environment in is 0."""
    if name == "cvss_v4":
        scored = _scored(name, text(rating, "vectorString"))
        return rating.get("baseScore") == 0 or (
            scored is not None and not scored.base_score
        )
    if "environmentalScore" in rating:
        return not rating["environmentalScore"]
    if name == "cvss_v2":
        return rating.get("targetDistribution") == "NONE" or "/TD:N" in text(
            rating, "vectorString"
        )
    modified = ("Confidentiality", "Integrity", "Availability")
    if all(rating.get(f"modified{which}Impact") == "NONE" for which in modified):
        return True
    vector = text(rating, "vectorString")
    return all(f"/{metric}:N" in vector for metric in ("MC", "MI", "MA"))


def rated_in_words(view: View) -> Iterator[Finding]:
    """6.2.47: who publishes rates by more than a word."""
    own = {
        text(reference, "url")
        for _, reference in objects(view.document, "references")
        if text(reference, "category") == "self"
    }
    for at, vulnerability in view.vulnerabilities:
        for pointer, item, content in contents(vulnerability, at):
            source = text(item, "source")
            if "qualitative_severity_rating" in content and (
                not source or source in own
            ):
                yield Finding(f"{pointer}/qualitative_severity_rating", "use CVSS")


def word_of_others(view: View) -> Iterator[Finding]:
    """6.3.18: nobody rates by a mere word."""
    for at, vulnerability in view.vulnerabilities:
        for pointer, _, content in contents(vulnerability, at):
            if "qualitative_severity_rating" in content:
                yield Finding(f"{pointer}/qualitative_severity_rating", "use CVSS")


def only_cvss_2(view: View) -> Iterator[Finding]:
    """6.3.1: CVSS 2 is not the only rating of a product."""
    for at, vulnerability in view.vulnerabilities:
        old: dict[str, str] = {}
        newer: set[str] = set()
        for pointer, name, _, item in ratings(vulnerability, at):
            for _, product in strings(item, "products"):
                if name == "cvss_v2":
                    old.setdefault(product, pointer)
                else:
                    newer.add(product)
        for product, pointer in old.items():
            if product not in newer:
                yield Finding(
                    pointer, f"is the only rating of {product!r}; add a newer one"
                )


def cvss_3_0(view: View) -> Iterator[Finding]:
    """6.3.2: CVSS 3.0 is not used."""
    for pointer, name, rating in every_rating(view):
        if name == "cvss_v3" and text(rating, "version") == "3.0":
            yield Finding(f"{pointer}/version", "use CVSS 3.1 or 4.0")


def missing_cvss_4(view: View) -> Iterator[Finding]:
    """6.3.12: there is a CVSS 4.0 rating wherever there is another, for all affected."""
    for at, vulnerability in view.vulnerabilities:
        covered: set[str] = set()
        for pointer, item, content in contents(vulnerability, at):
            names = {name for name in content if name.startswith("cvss_v")}
            if names:
                covered |= {product for _, product in strings(item, "products")}
            if names and "cvss_v4" not in names:
                yield Finding(pointer, "there is no CVSS 4.0 rating")
        for product, pointer in in_groups(vulnerability, "affected").items():
            if product not in covered:
                yield Finding(at + pointer, f"{product!r} has no CVSS rating")
