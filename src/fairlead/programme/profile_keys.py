"""The keys of a programme profile: one table, from which it is checked and documented."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from fairlead.access.roles import Role
from fairlead.base.markings import Label
from fairlead.clearinghouse.owners.rules import Rules as OwnerRules
from fairlead.clearinghouse.owners.rules import WithoutKey
from fairlead.errors import Violation
from fairlead.review.window import LONGEST as LONGEST_WINDOW
from fairlead.terms import standard

LONGEST = 4_000
"""Characters of a text."""
MOST = 200
"""Entries of a list."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,35}")
_LINK = re.compile(r"(https?://|mailto:)[^\s<>\"'\x00-\x20\x7f]{1,2000}")


class Kind(StrEnum):
    """What a key holds."""

    TEXT = "text"
    NAME = "name"
    """Small letters, digits and hyphens."""
    NUMBER = "number"
    LINK = "link"
    """An address that begins with https://, http:// or mailto:; or empty."""
    DATE = "date"
    TEXTS = "list of texts"


@dataclass(frozen=True, slots=True)
class Key:
    """One key."""

    name: str
    kind: Kind
    what: str
    """What it says, for the documentation."""
    default: str | int | tuple[str, ...] | None = None
    """None: it must be there."""
    least: int = 1
    most: int = 0
    """Bounds of a number; no upper one: the length of a text is bounded anyway."""
    choices: tuple[str, ...] = ()


KEYS: tuple[Key, ...] = (
    Key("format", Kind.TEXT, "`fairlead-profile@1`"),
    Key("name", Kind.NAME, "What the profile is called"),
    Key("title", Kind.TEXT, "What the programme is called on its public page"),
    Key("run_by", Kind.TEXT, "Who runs it"),
    Key("contact", Kind.LINK, "Where to reach them", ""),
    Key("about", Kind.TEXT, "What it is, in a few sentences", ""),
    Key("basis", Kind.TEXT, "The law, order or decision it rests on", ""),
    Key("basis_link", Kind.LINK, "Where that can be read", ""),
    Key("process", Kind.TEXTS, "What happens, step by step", ()),
    Key(
        "window.days",
        Kind.NUMBER,
        "Days of a window that nobody said otherwise about",
        30,
        most=LONGEST_WINDOW.days,
    ),
    Key(
        "window.terms",
        Kind.TEXT,
        "The standard terms that negotiations begin with",
        standard.Profile.API_ONLY.value,
        choices=tuple(p.value for p in standard.Profile),
    ),
    Key(
        "results.reply_days",
        Kind.NUMBER,
        "Days an assessment stays with the developer first",
        5,
        least=0,
        most=30,
    ),
    Key(
        "results.determination_days",
        Kind.NUMBER,
        "Days after which a determination lapses",
        180,
        most=3650,
    ),
    Key(
        "partners.days",
        Kind.NUMBER,
        "Days of a trusted partner's own access, at most",
        30,
        most=LONGEST_WINDOW.days,
    ),
    Key(
        "partners.most", Kind.NUMBER, "Trusted partners of one engagement", 20, most=500
    ),
    Key(
        "partners.small_operators",
        Kind.NUMBER,
        "Places among them that only small operators can have",
        5,
        least=0,
        most=500,
    ),
    Key("partners.criteria", Kind.TEXT, "By what trusted partners are chosen"),
    Key(
        "closing.destroy_hours",
        Kind.NUMBER,
        "Hours after closing or withdrawing until what is kept is destroyed",
        72,
        most=8760,
    ),
    Key(
        "marking.scheme",
        Kind.TEXT,
        "The marking scheme",
        "TLP 2.0",
        choices=("TLP 2.0",),
    ),
    Key(
        "marking.label",
        Kind.TEXT,
        "The label of what nobody marked",
        Label.AMBER.value,
        choices=tuple(label.value for label in Label),
    ),
    Key("marking.caveats", Kind.TEXTS, "Handling caveats beside the label", ()),
    Key(
        "clearinghouse.holding_days",
        Kind.NUMBER,
        "Days from a report to its delivery to a verified owner, at most",
        45,
        most=365,
    ),
    Key(
        "clearinghouse.holding_critical_days",
        Kind.NUMBER,
        "The same for what is critical (CVSS 9.0 and above)",
        7,
        most=365,
    ),
    Key(
        "clearinghouse.adoption_days",
        Kind.NUMBER,
        "Days from a fix that is out, for its users to take it up; 0 for none",
        45,
        least=0,
        most=365,
    ),
    Key(
        "clearinghouse.collision_days",
        Kind.NUMBER,
        "Days from when others are known to have found it too, at most",
        21,
        least=0,
        most=365,
    ),
    Key(
        "clearinghouse.exposed_days",
        Kind.NUMBER,
        "Days from when exploitation or a leak became known to guidance",
        7,
        least=0,
        most=7,
    ),
    Key(
        "clearinghouse.disclosure_days",
        Kind.NUMBER,
        "Days from the decision to disclose without an owner",
        21,
        least=0,
        most=365,
    ),
    Key(
        "clearinghouse.embargo_days",
        Kind.NUMBER,
        "Days from delivery that a case is closed unless something tighter binds",
        90,
        most=365,
    ),
    Key(
        "clearinghouse.embargo_rule",
        Kind.TEXT,
        "That rule as it is cited",
        "programme default: 90 days from delivery to the owner",
    ),
    Key(
        "clearinghouse.case_days",
        Kind.NUMBER,
        "Days after which every case ends",
        365,
        most=3650,
    ),
    Key(
        "owners.verified_days",
        Kind.NUMBER,
        "Days for which it counts that something was shown to be an owner's",
        365,
        most=1825,
    ),
    Key(
        "owners.a_week",
        Kind.NUMBER,
        "Cases in seven days to an owner that said no number",
        10,
        most=1000,
    ),
    Key(
        "owners.first_reminder_days",
        Kind.NUMBER,
        "Days of silence until the first reminder; each later gap is twice as long",
        5,
        most=90,
    ),
    Key("owners.reminders", Kind.NUMBER, "Reminders", 3, least=0, most=10),
    Key(
        "owners.person_days",
        Kind.NUMBER,
        "Days from the last reminder until a coordinator tries to reach the owner",
        10,
        most=180,
    ),
    Key(
        "owners.unmaintained_days",
        Kind.NUMBER,
        "Days from then until a case goes the way of software that nobody maintains",
        30,
        most=365,
    ),
    Key(
        "owners.unmaintained",
        Kind.TEXT,
        "What that way is",
        OwnerRules().unmaintained,
    ),
    Key(
        "owners.without_key",
        Kind.TEXT,
        "What goes to an owner without an OpenPGP certificate: `notice` that something"
        " waits, the same with a `link`, or all in `full` as plain mail",
        WithoutKey.LINK.value,
        choices=tuple(way.value for way in WithoutKey),
    ),
    Key(
        "owners.link_days",
        Kind.NUMBER,
        "Days for which such a link opens a case",
        14,
        most=90,
    ),
    *(
        Key(f"roles.{role}", Kind.TEXT, f"What the role {role} is called here", "")
        for role in Role
    ),
)
"""Every key outside lists."""

ROWS: dict[str, tuple[Key, ...]] = {
    "left_open": (
        Key("question", Kind.TEXT, "What the law leaves open"),
        Key("answer", Kind.TEXT, "What this programme decided"),
    ),
    "suites": (
        Key("name", Kind.TEXT, "A public suite of the benchmark"),
        Key("about", Kind.TEXT, "What it measures", ""),
        Key("link", Kind.LINK, "Where it is", ""),
    ),
    "milestones": (
        Key("id", Kind.NAME, "Its name in the register, for good"),
        Key("title", Kind.TEXT, "What is to be done"),
        Key("who", Kind.TEXT, "By whom"),
        Key("section", Kind.TEXT, "Where it is said"),
        Key("due", Kind.DATE, "By when: a date, without quotation marks"),
        Key(
            "source",
            Kind.TEXT,
            "`quoted` from the text itself, or `secondary`: told by others about it",
            choices=("quoted", "secondary"),
        ),
    ),
}
"""Lists of tables, each with its keys."""

Plain = str | int | tuple[str, ...]


@dataclass(slots=True)
class Values:
    """What was read, each value of the kind that its key says."""

    plain: dict[str, Plain] = field(default_factory=dict)
    rows: dict[str, list[dict[str, Plain]]] = field(default_factory=dict)

    def text(self, key: str) -> str:
        """Return a text."""
        return str(self.plain[key])

    def number(self, key: str) -> int:
        """Return a number."""
        found = self.plain[key]
        assert isinstance(found, int)  # noqa: S101 - as checked
        return found

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts."""
        found = self.plain[key]
        assert isinstance(found, tuple)  # noqa: S101 - as checked
        return found

    def text_rows(self, name: str) -> Sequence[Mapping[str, str]]:
        """Return a list of tables of texts."""
        return [{k: str(v) for k, v in row.items()} for row in self.rows.get(name, ())]


def check(found: Mapping[str, object]) -> tuple[Values, list[Violation]]:
    """Return the values in *found*, and everything that is wrong with it, by key."""
    values, wrong = Values(), []
    flat = dict(_flat(found, ""))
    for name, keys in ROWS.items():
        values.rows[name] = []
        wrong += _rows(name, flat.pop(name, []), keys, values)
    known = {key.name: key for key in KEYS}
    tables = {name.rpartition(".")[0] for name in known} - {""}
    for name in sorted(flat.keys() - known.keys()):
        said = "must be a table" if name in tables else "is no key of a profile"
        wrong.append(Violation("unknown_key", name, said))
    for key in KEYS:
        _one(key, key.name, flat.get(key.name), values.plain, wrong)
    return values, wrong


def _flat(found: Mapping[str, object], before: str) -> Iterator[tuple[str, object]]:
    """Give each key its full name; a table of tables that no key names is one value."""
    for name, value in found.items():
        if isinstance(value, dict) and not before and name not in ROWS:
            yield from _flat(value, f"{name}.")
        else:
            yield before + name, value


def _rows(
    name: str, found: object, keys: Sequence[Key], values: Values
) -> list[Violation]:
    if not isinstance(found, list) or len(found) > MOST:
        return [
            Violation("wrong_type", name, f"write [[{name}]], {MOST} times at most")
        ]
    wrong: list[Violation] = []
    for place, row in enumerate(found):
        where = f"{name}[{place}]"
        if not isinstance(row, dict):
            wrong.append(Violation("wrong_type", where, f"write [[{name}]]"))
            continue
        into: dict[str, Plain] = {}
        known = {key.name for key in keys}
        wrong += [
            Violation("unknown_key", f"{where}.{other}", "is no key of a profile")
            for other in sorted(row.keys() - known)
        ]
        for key in keys:
            _one(key, f"{where}.{key.name}", row.get(key.name), into, wrong)
        values.rows[name].append(into)
    return wrong


def _one(
    key: Key,
    where: str,
    found: object,
    into: dict[str, Plain],
    wrong: list[Violation],
) -> None:
    if found is None:
        if key.default is None:
            wrong.append(Violation("missing_key", where, f"must be there: {key.what}"))
        else:
            into[key.name] = key.default
        return
    reason = _problem(key, found)
    if reason:
        wrong.append(Violation("invalid_value", where, reason))
    elif isinstance(found, list):
        into[key.name] = tuple(found)
    elif isinstance(found, date):
        into[key.name] = found.isoformat()
    elif isinstance(found, str | int):
        into[key.name] = found.strip() if isinstance(found, str) else found


def _problem(key: Key, found: object) -> str:  # noqa: PLR0911 - one line a kind
    """Say what is wrong with a value, or nothing."""
    match key.kind:
        case Kind.NUMBER:
            within = type(found) is int and key.least <= found <= key.most
            return "" if within else f"must be {key.least} to {key.most}"
        case Kind.DATE:
            return "" if type(found) is date else "must be a date such as 2026-08-01"
        case Kind.TEXTS:
            each = isinstance(found, list) and len(found) <= MOST
            if each and isinstance(found, list) and not any(map(_bad_text, found)):
                return ""
            return f"must be a list of at most {MOST} texts, none of them empty"
        case Kind.NAME:
            named = isinstance(found, str) and _NAME.fullmatch(found)
            return "" if named else "must be small letters, digits and hyphens"
        case Kind.LINK:
            linked = isinstance(found, str) and (not found or _LINK.fullmatch(found))
            return "" if linked else "must begin with https://, http:// or mailto:"
        case Kind.TEXT:
            if key.choices and found not in key.choices:
                return "must be one of: " + ", ".join(key.choices)
            empty = key.default == "" and found == ""
            return "" if empty or not _bad_text(found) else _bad_text(found)


def _bad_text(found: object) -> str:
    if not isinstance(found, str) or not found.strip():
        return "must be a text that says something"
    return "" if len(found) <= LONGEST else f"must have at most {LONGEST} characters"


def is_link(text: str) -> bool:
    """Tell whether *text* is an address that a page may lead to."""
    return _LINK.fullmatch(text) is not None
