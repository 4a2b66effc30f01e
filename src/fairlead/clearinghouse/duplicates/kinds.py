"""What goes wrong, in a dozen kinds: from the words of a report and from its CWE.

A kind is a weak hint: one tool sees the read, another the missing check behind it.
"""

from __future__ import annotations

import re

_PHRASES: dict[str, tuple[str, ...]] = {
    "read": (
        "read of size",
        "over-read",
        "overread",
        "oob read",
        "invalid read",
        "out-of-bounds read",
        "out of bounds read",
        "reads past",
        "reads beyond",
        "read past",
        "read beyond",
        "reads outside",
        "reads before",
        "under-read",
        "reads out",
        "walks past",
        "out-of-bounds access",
    ),
    "write": (
        "write of size",
        "oob write",
        "out-of-bounds write",
        "out of bounds write",
        "invalid write",
        "writes past",
        "writes beyond",
        "heap overflow",
        "stack overflow",
        "buffer overflow",
        "memory corruption",
        "stack write",
        "overwrite",
    ),
    "wrap": (
        "integer overflow",
        "integer underflow",
        "wraps",
        "wrap-around",
        "wraparound",
        "int_max",
        "underflow",
        "integer wrap",
        "overflow check",
        "negative-size",
        "truncated to 32",
        "signed overflow",
    ),
    "hang": (
        "infinite loop",
        "endless",
        "never terminates",
        "never finishes",
        "timeout",
        "hangs",
        "hung",
        "100% cpu",
        "for ever",
        "forever",
        "spins",
        "no progress",
    ),
    "slow": (
        "redos",
        "backtracking",
        "quadratic",
        "polynomial",
        "catastrophic",
        "super-linear",
        "exponential",
        "slow unit",
        "o(n",
        "cpu time",
        "slow",
    ),
    "exhaustion": (
        "out of memory",
        "oom",
        "memory exhaustion",
        "resource exhaustion",
        "unbounded",
        "unlimited",
        "no limit",
        "too many",
        "decompression bomb",
        "recursion",
        "stack exhaustion",
    ),
    "free": (
        "use-after-free",
        "use after free",
        "double free",
        "double-free",
        "uaf",
        "dangling",
        "freed twice",
        "frees twice",
        "double frees",
    ),
    "null": ("null pointer", "null deref", "nullptr", "null-deref", "segv on unknown"),
    "uninitialised": ("uninitialised", "uninitialized", "uninit", "msan"),
    "sql": ("sql injection", "sqli", "sql-injection", "rawsql"),
    "script": ("xss", "cross-site scripting", "javascript:", "onerror=", "<script"),
    "command": (
        "command injection",
        "shell",
        "os.system",
        "subprocess",
        "popen",
        "exec(",
        "eval(",
        "code execution",
        "rce",
        "template injection",
        "ssti",
    ),
    "header": (
        "crlf",
        "header injection",
        "request splitting",
        "request smuggling",
        "smuggl",
        "response splitting",
        "header splitting",
    ),
    "redirect": ("open redirect", "redirects to", "redirect target", "phishing"),
    "path": (
        "path traversal",
        "directory traversal",
        "../",
        "..\\",
        "symlink",
        "zip slip",
    ),
    "request": ("ssrf", "server-side request", "internal network"),
    "entity": ("xxe", "external entity", "billion laughs", "entity expansion"),
    "access": (
        "authorization",
        "authorisation",
        "privilege escalation",
        "access control",
        "permission check",
        "auth bypass",
        "authentication bypass",
        "csrf",
    ),
    "secret": (
        "timing attack",
        "constant-time",
        "constant time",
        "leaks the token",
        "credentials leak",
        "plaintext password",
        "information disclosure",
    ),
    "deserialise": ("pickle", "deserializ", "deserialis", "yaml.load", "unserialize"),
}

_OF_CWE: dict[str, tuple[str, ...]] = {
    "read": ("125", "126", "127"),
    "write": ("787", "120", "121", "122", "124", "123"),
    "wrap": ("190", "191", "680", "195", "194", "196", "197", "681", "131"),
    "hang": ("835", "834"),
    "slow": ("1333", "407", "185", "1176"),
    "exhaustion": ("400", "770", "674", "789", "1284", "409", "405"),
    "free": ("415", "416", "825", "763", "590"),
    "null": ("476", "690"),
    "uninitialised": ("457", "908", "824", "665", "456"),
    "sql": ("89", "564"),
    "script": ("79", "80", "83", "87"),
    "command": ("77", "78", "94", "95", "1336", "96"),
    "header": ("93", "113", "444", "436"),
    "redirect": ("601",),
    "path": ("22", "23", "24", "36", "59", "73", "61"),
    "request": ("918",),
    "entity": ("611", "776", "827"),
    "access": ("284", "285", "287", "862", "863", "269", "306", "352", "639"),
    "secret": ("200", "208", "203", "209", "532", "522", "256"),
    "deserialise": ("502",),
}
_KIND_OF_CWE = {number: kind for kind, cwes in _OF_CWE.items() for number in cwes}

FAMILIES = (
    frozenset({"read", "write", "wrap", "null", "uninitialised", "free"}),
    frozenset({"hang", "slow", "exhaustion"}),
    frozenset({"sql", "command", "script", "deserialise", "entity"}),
    frozenset({"header", "redirect", "request", "path"}),
    frozenset({"access", "secret"}),
)
"""Kinds that are often taken for one another."""


_SHORT = 6
_KIND_OF_SHORT = {
    phrase: kind
    for kind, phrases in _PHRASES.items()
    for phrase in phrases
    if phrase.isalnum() and len(phrase) < _SHORT
}
"""Short words, which are part of longer ones: `rce` of `source`, `oom` of `room`."""
_WHOLE = re.compile(rf"(?<![a-z0-9_])(?:{'|'.join(_KIND_OF_SHORT)})(?![a-z0-9_])")
_LONG = {
    kind: tuple(p for p in phrases if p not in _KIND_OF_SHORT)
    for kind, phrases in _PHRASES.items()
}


def kinds_in(text: str, cwe: str | None) -> tuple[str, ...]:
    """Return the kinds of fault that a report speaks of, in alphabetic order."""
    # What stands for a path that was left out climbs up nowhere.
    lowered = text.lower().replace("...", " ")
    found = {
        kind
        for kind, phrases in _LONG.items()
        if any(phrase in lowered for phrase in phrases)
    }
    found |= {_KIND_OF_SHORT[word] for word in set(_WHOLE.findall(lowered))}
    number = (cwe or "").upper().removeprefix("CWE-").strip()
    if number in _KIND_OF_CWE:
        found.add(_KIND_OF_CWE[number])
    return tuple(sorted(found))


def families(kinds: tuple[str, ...]) -> frozenset[int]:
    """Return the numbers of the families that *kinds* belong to."""
    return frozenset(
        n for n, family in enumerate(FAMILIES) if not family.isdisjoint(kinds)
    )
