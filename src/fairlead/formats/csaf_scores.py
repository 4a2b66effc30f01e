"""CVSS objects of CSAF and CVE, from vectors and back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cvss import CVSS3, CVSS4
from cvss.exceptions import CVSSError

from fairlead.errors import Violation
from fairlead.formats.advisory import Advisory

Json = dict[str, Any]


def unreadable(advisory: Advisory) -> Iterator[Violation]:
    """Name every vector that is none of CVSS 3 or 4."""
    for i, vector in enumerate(advisory.severities):
        try:
            scored(vector)
        except CVSSError as error:
            yield Violation("invalid_cvss", f"severities[{i}]", str(error))


def scored(vector: str) -> Json:
    """Return what *vector* comes to: version, score, severity and the vector itself.

    Raises:
        CVSSError: it is no vector of CVSS 3 or 4.

    """
    if vector.startswith("CVSS:4"):
        four = CVSS4(vector)
        return _object(
            "4.0", four.base_score, four.severities()[0], four.clean_vector()
        )
    if not vector.startswith("CVSS:3"):
        message = "write a vector of CVSS 3 or 4, beginning with CVSS:"
        raise CVSSError(message)
    three = CVSS3(vector)
    version = f"3.{three.minor_version}"
    return _object(
        version, three.base_score, three.severities()[0], three.clean_vector()
    )


def ratings(advisory: Advisory) -> Iterator[Json]:
    """Yield `{"cvss_v3": …}` or `{"cvss_v4": …}`, the first of each version."""
    seen: set[str] = set()
    for vector in advisory.severities:
        name = f"cvss_v{vector[5]}"
        if name not in seen:
            seen.add(name)
            yield {name: scored(vector)}


def _object(version: str, score: Any, severity: str, vector: str) -> Json:  # noqa: ANN401 - a Decimal or a float
    return {
        "baseScore": float(score),
        "baseSeverity": severity.upper(),
        "vectorString": vector,
        "version": version,
    }
