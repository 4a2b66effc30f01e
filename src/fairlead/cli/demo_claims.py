"""The members of the demo say who scans what, and what they have seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import httpx

from fairlead.errors import Unavailable


class Scan(NamedTuple):
    """One scan of the demo; without an outcome somebody is at it now."""

    package: str
    method: str
    depth: str
    outcome: str = ""


SCANS = (
    Scan("requests", "model", "deep", "found"),
    Scan("requests", "static analysis", "standard", "found"),
    Scan("requests", "manual review", "exhaustive"),
    Scan("numpy", "fuzzing", "deep", "nothing found"),
    Scan("numpy", "model", "exhaustive", "found"),
    Scan("pillow", "fuzzing", "exhaustive", "found"),
    Scan("pillow", "model", "deep", "nothing found"),
    Scan("pillow", "static analysis", "standard", "nothing found"),
    Scan("lxml", "fuzzing", "standard", "nothing found"),
    Scan("lxml", "model", "standard"),
    Scan("babel", "static analysis", "surface", "found"),
    Scan("setuptools", "static analysis", "standard", "nothing found"),
    Scan("paramiko", "manual review", "deep", "nothing found"),
    Scan("django", "model", "standard", "nothing found"),
    Scan("django", "static analysis", "deep", "found"),
    Scan("sqlparse", "static analysis", "surface", "nothing found"),
    Scan("rsa", "model", "deep"),
    Scan("aiohttp", "fuzzing", "surface"),
)
RUN = ("requests", "numpy", "pillow", "certifi", "pyyaml", "cryptography")
"""Packages that every member of the demo tells that it runs."""


def claim(http: httpx.Client, tokens: Mapping[str, str]) -> int:
    """Take every claim of the demo, give free what was finished; return how many."""
    finders: Sequence[str] = sorted(tokens)
    for finder in finders:
        purls = [f"pkg:pypi/{name}" for name in RUN]
        body: dict[str, object] = {"purls": purls}
        _checked(
            http.put("/v1/claims/inventory", json=body, headers=_as(tokens, finder))
        )
    for number, scan in enumerate(SCANS):
        headers = _as(tokens, finders[number % len(finders)])
        asked = {
            "target": {"purl": f"pkg:pypi/{scan.package}"},
            "method": scan.method,
            "depth": scan.depth,
            "visibility": "all",
        }
        taken = _checked(http.post("/v1/claims", json=asked, headers=headers))
        if scan.outcome:
            covered = {"coverage": {"outcome": scan.outcome, "depth": scan.depth}}
            address = f"/v1/claims/{taken['id']}/release"
            _checked(http.post(address, json=covered, headers=headers))
    return len(SCANS)


def _as(tokens: Mapping[str, str], finder: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens[finder]}"}


def _checked(answer: httpx.Response) -> dict[str, str]:
    if answer.is_error:
        raise Unavailable(f"{answer.request.url}: {answer.status_code} {answer.text}")
    told: dict[str, str] = answer.json() if answer.content else {}
    return told
