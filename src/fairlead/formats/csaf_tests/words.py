"""Tests of spelling and grammar, 6.3.8 and 6.3.16, as far as no dictionary is needed.

Spelling: a word whose letters are those of a word that every advisory uses, with two
neighbours swapped, one doubled, lost or changed, and that is none itself. Grammar: word
pairs that no English sentence has. Both find little and are hardly ever wrong; a full
dictionary cries at every product name. English documents only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from fairlead.formats.csaf_tests.languages import english
from fairlead.formats.csaf_tests.view import Finding, View, objects, text

_WORD = re.compile(r"[A-Za-z]{5,}")

VOCABULARY = frozenset(
    [
        "access",
        "account",
        "action",
        "address",
        "administrator",
        "advisory",
        "affected",
        "allow",
        "allows",
        "allowed",
        "analysis",
        "application",
        "applications",
        "arbitrary",
        "attack",
        "attacker",
        "attackers",
        "attacks",
        "authenticated",
        "authentication",
        "authorization",
        "available",
        "availability",
        "because",
        "before",
        "browser",
        "buffer",
        "bypass",
        "certificate",
        "cause",
        "causes",
        "change",
        "check",
        "client",
        "code",
        "command",
        "commands",
        "component",
        "components",
        "condition",
        "confidential",
        "confidentiality",
        "configuration",
        "configure",
        "configured",
        "connection",
        "contact",
        "contains",
        "control",
        "could",
        "crafted",
        "critical",
        "credentials",
        "database",
        "default",
        "denial",
        "description",
        "device",
        "devices",
        "disable",
        "disclosure",
        "document",
        "download",
        "earlier",
        "encryption",
        "environment",
        "error",
        "execute",
        "execution",
        "exploit",
        "exploitation",
        "exploited",
        "exposure",
        "external",
        "facility",
        "feature",
        "field",
        "file",
        "files",
        "firewall",
        "firmware",
        "following",
        "function",
        "functionality",
        "given",
        "handling",
        "hardware",
        "impact",
        "improper",
        "include",
        "includes",
        "information",
        "input",
        "installation",
        "installed",
        "integrity",
        "internal",
        "internet",
        "issue",
        "issues",
        "latest",
        "limited",
        "local",
        "machine",
        "malicious",
        "manager",
        "manufacturer",
        "may",
        "memory",
        "message",
        "mitigation",
        "mitigations",
        "modify",
        "module",
        "multiple",
        "network",
        "operating",
        "operation",
        "operator",
        "option",
        "overflow",
        "packet",
        "parameter",
        "password",
        "passwords",
        "patch",
        "permission",
        "permissions",
        "possible",
        "potential",
        "potentially",
        "privilege",
        "privileges",
        "process",
        "processing",
        "product",
        "products",
        "properties",
        "protection",
        "protocol",
        "provide",
        "provided",
        "publish",
        "published",
        "reading",
        "recommend",
        "recommendation",
        "recommended",
        "recommends",
        "reference",
        "release",
        "released",
        "remediation",
        "remote",
        "remotely",
        "report",
        "reported",
        "request",
        "requests",
        "require",
        "required",
        "requires",
        "researcher",
        "researchers",
        "resource",
        "response",
        "restricted",
        "result",
        "results",
        "risk",
        "script",
        "security",
        "sensitive",
        "server",
        "servers",
        "service",
        "services",
        "session",
        "several",
        "severity",
        "should",
        "software",
        "source",
        "specific",
        "stack",
        "successful",
        "system",
        "systems",
        "target",
        "through",
        "traffic",
        "trusted",
        "unauthenticated",
        "unauthorized",
        "update",
        "updated",
        "updates",
        "upgrade",
        "user",
        "users",
        "validation",
        "value",
        "vendor",
        "verification",
        "version",
        "versions",
        "vulnerabilities",
        "vulnerability",
        "vulnerable",
        "weakness",
        "without",
        "workaround",
        "workarounds",
        "write",
        "writing",
    ]
)

_OTHERS = frozenset(
    [
        "actin",
        "actio",
        "cases",
        "causal",
        "comment",
        "commend",
        "conferences",
        "deference",
        "denies",
        "edition",
        "excess",
        "exploits",
        "exploiter",
        "installer",
        "manger",
        "moduli",
        "packers",
        "password",
        "produces",
        "producer",
        "products",
        "projection",
        "protocols",
        "publisher",
        "reporter",
        "requester",
        "restricts",
        "resulted",
        "serves",
        "service",
        "settler",
        "systemic",
        "though",
        "updater",
        "upgrades",
        "users",
    ]
)
"""Words of their own that look like slips of one of those."""

_MISTAKES = (
    (re.compile(r"\bmust ([a-z]+ed)\b"), "“must be” is meant"),
    (
        re.compile(r"\ban? (?:products|versions|systems|users|attackers|devices)\b"),
        "one of many",
    ),
    (
        re.compile(
            r"\b(?:the the|and and|of of|to to|is is|in in|for for|with with)\b"
        ),
        "a word stands twice",
    ),
    (re.compile(r"\ban (?:product|version|system|device|vendor)\b"), "“a” is meant"),
)
_VERBS = frozenset(
    [
        "need",
        "proceed",
        "succeed",
        "exceed",
        "feed",
        "embed",
        "seed",
        "shed",
        "heed",
        "speed",
    ]
)
"""Verbs that end like a past tense."""


@cache
def _slips() -> dict[str, str]:
    """Return every slip, and the word that was meant."""
    found: dict[str, str] = {}
    for word in VOCABULARY:
        if len(word) < 7:  # noqa: PLR2004 - short ones are too close to each other
            continue
        for i in range(len(word) - 1):
            a, b = word[i], word[i + 1]
            found.setdefault(word[:i] + b + a + word[i + 2 :], word)
            if i:
                found.setdefault(word[:i] + a + word[i:], word)
                found.setdefault(word[:i] + word[i + 1 :], word)
    return {slip: word for slip, word in found.items() if slip not in VOCABULARY}


@cache
def _masks() -> dict[str, str]:
    """Return long words with one letter hidden, which may be another one.

    Not the last two, which make other words of them; nor a z, which some write as s.
    """
    return {
        f"{word[:i]}*{word[i + 1 :]}": word
        for word in sorted(VOCABULARY)
        if len(word) > 8  # noqa: PLR2004 - short ones are too close to each other
        for i in range(len(word) - 2)
        if word[i] != "z"
    }


@lru_cache(maxsize=65536)
def _meant(word: str) -> str | None:
    """Return what *word* is a slip of, if it is one."""
    if word in VOCABULARY or word in _OTHERS:
        return None
    if word in _slips():
        return _slips()[word]
    masked = (f"{word[:i]}*{word[i + 1 :]}" for i in range(len(word)))
    return next((_masks()[m] for m in masked if m in _masks()), None)


def _texts(view: View) -> Iterator[tuple[str, str]]:
    if not english(view):
        return
    yield "/document/title", text(view.document, "title")
    places = [("/document", view.document), *view.vulnerabilities]
    for at, holder in places:
        for pointer, note in objects(holder, "notes", at):
            yield f"{pointer}/text", text(note, "text")
            yield f"{pointer}/title", text(note, "title")
        for name in ("remediations", "threats"):
            for pointer, node in objects(holder, name, at):
                yield f"{pointer}/details", text(node, "details")
    for pointer, node in view.revisions:
        yield f"{pointer}/summary", text(node, "summary")
    for pointer, vulnerability in view.vulnerabilities:
        yield f"{pointer}/title", text(vulnerability, "title")


def misspelt(view: View) -> Iterator[Finding]:
    """6.3.8: common words of advisories are spelt right."""
    for pointer, written in _texts(view):
        for word in set(_WORD.findall(written)):
            meant = _meant(word.lower())
            if meant is not None:
                yield Finding(pointer, f"{word!r}: is {meant!r} meant?")


def ungrammatical(view: View) -> Iterator[Finding]:
    """6.3.16: no pair of words that English does not have."""
    for pointer, written in _texts(view):
        for pattern, said in _MISTAKES:
            found = pattern.search(written)
            if found is not None and found.group().split()[-1] not in _VERBS:
                yield Finding(pointer, f"{found.group()!r}: {said}")
