"""Text of a report: made harmless, cut to a bounded length, split into tokens.

Every pattern here is a single character class under one quantifier, so that each takes
linear time on any input. Lengths are in characters.
"""

from __future__ import annotations

import re
import unicodedata

from fairlead.clearinghouse.duplicates.words import weight

TEXT_CAP = 65_536
"""So much of a report is read; what follows a first 64 Ki characters is padding."""
TOKEN_CAP = 48
"""Longer runs of letters are data (base64, hashes), not words."""

_WORD = re.compile(r"(?<![0-9A-Za-z_$])[A-Za-z_$][A-Za-z0-9_$]*")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_NUMBER = re.compile(r"(?<![\w.])(?:0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10})(?!\w)")
_COUNTED = re.compile(
    r"([A-Za-z_]{2,40})[ =:`(-]{1,3}(0[xX][0-9a-fA-F]{1,8}|[0-9]{1,10})(?![\w.])"
)
_QUOTED = re.compile(r"[\"'`]([^\w\s\"'`]{1,3})[\"'`]")

_KEPT = re.compile("[\n\t]+")

_SIGNS = {
    "ampersand": "&",
    "apostrophe": "'",
    "asterisk": "*",
    "backslash": "\\",
    "bracket": "[",
    "exclamation": "!",
    "hash": "#",
    "hyphen": "-",
    "newline": "\\n",
    "parenthesis": "(",
    "parentheses": "(",
    "paren": "(",
    "percent": "%",
    "pipe": "|",
    "semicolon": ";",
    "semicolons": ";",
    "slash": "/",
    "tab": "\\t",
}
"""A character said in words and the same character quoted are one token."""

_STEM_FROM = 4
_SMALL = 16
_TEXT_OF_NO_NOUN = """
a and at by column cve cvss cwe high in is line lines of osv python read size the to
version write
"""
_NO_NOUN = frozenset(_TEXT_OF_NO_NOUN.split())


def harmless(text: str) -> str:
    """Return *text* bounded, in one spelling, without control or bidi characters.

    Lone surrogates, format and control characters become spaces; line ends stay.
    """
    spelled = unicodedata.normalize("NFKC", text[:TEXT_CAP])[:TEXT_CAP]
    if spelled.isascii() and _KEPT.sub("", spelled).isprintable():
        return spelled
    return "".join(_shown(letter) for letter in spelled)


def _shown(letter: str) -> str:
    if letter in "\n\t":
        return letter
    return " " if unicodedata.category(letter).startswith("C") else letter


def identifiers(text: str) -> list[str]:
    """Return names as a programmer writes them: `snake_case`, `camelCase`, `BUF2`."""
    return [
        word.lower()
        for word in _WORD.findall(text)
        if len(word) <= TOKEN_CAP and is_identifier(word)
    ]


def is_identifier(word: str) -> bool:
    """Whether *word* has the shape of a name in a program rather than of a word."""
    inner = word.strip("_$")
    if len(inner) < 3:  # noqa: PLR2004
        return False
    return (
        "_" in inner
        or (
            any(letter.isupper() for letter in inner[1:])
            and any(letter.islower() for letter in inner)
        )
        or any(letter.isdigit() for letter in inner)
    )


def parts(name: str) -> list[str]:
    """Return the words in a name: `uiSubMbType` is `ui`, `sub`, `mb`, `type`."""
    return [part.lower() for part in _PART.findall(name)]


def stems(text: str) -> list[str]:
    """Return the stems of all words in *text*, those inside names included."""
    found: list[str] = []
    for word in _WORD.findall(text):
        if len(word) <= TOKEN_CAP:
            found += [
                stem(part)
                for part in parts(word)
                if len(part) > 1 and not part.isdigit()
            ]
    return found


def signs(text: str) -> list[str]:
    """Return characters that the text speaks of, whether quoted or named."""
    found = [
        "sign" + quoted[0] for quoted in _QUOTED.findall(text) if quoted[0] not in ",.:"
    ]
    for word in _WORD.findall(text):
        sign = _SIGNS.get(word.lower().removesuffix("s")) or _SIGNS.get(word.lower())
        if sign:
            found.append("sign" + sign)
    return found


def numbers(text: str) -> list[str]:
    """Return numbers worth comparing, in decimal.

    A small number says something only beside its noun: `type 15` is `type15`.
    """
    alone = (_value(number) for number in _NUMBER.findall(text))
    found = [str(value) for value in alone if value > _SMALL]
    for noun, number in _COUNTED.findall(text):
        if noun.lower() not in _NO_NOUN:
            found.append(stem(noun.lower()) + str(_value(number)))
    return found


def _value(number: str) -> int:
    return int(number, 16) if number[1:2] in {"x", "X"} else int(number)


def stem(word: str) -> str:
    """Return a lower-case word without its commonest English endings."""
    if len(word) <= _STEM_FROM:
        return word[:-1] if len(word) == _STEM_FROM and _plural(word) else word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if _plural(word):
        word = word[:-1]
    for ending in ("ations", "ation", "ating", "ated", "ate", "ing", "ed", "ly", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:  # noqa: PLR2004
            word = word.removesuffix(ending)
            break
    return word[:-1] if len(word) > _STEM_FROM and word[-1] == word[-2] else word


def telling(word: str) -> bool:
    """Whether a lower-case word is rare enough to say something when two share it."""
    if word.isdigit():
        return int(word[:12]) > _SMALL
    if is_identifier(word):
        return True
    said = parts(word) or [word]
    return len(word) > 2 and max(weight(stem(part)) for part in said) >= 0.6  # noqa: PLR2004


def _plural(word: str) -> bool:
    return word.endswith("s") and not word.endswith(("ss", "us", "is"))


def rarest(tokens: list[str], cap: int) -> tuple[str, ...]:
    """Return at most *cap* distinct tokens, the rarest, in alphabetic order.

    Which ones are kept depends on the tokens alone, not on their order: padding a
    report with common words in front pushes nothing out.
    """
    distinct = sorted(set(tokens), key=lambda token: (-weight(token), token))
    return tuple(sorted(distinct[:cap]))
