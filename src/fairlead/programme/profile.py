"""The programme profile: a TOML file with everything that a programme decides.

What the order leaves open is a key here, never code. A profile is checked as a whole,
every violation named by its key, and frozen once it was read; the pillars never see it,
each takes its own `Rules`.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from datetime import date, timedelta
from importlib.resources import files
from pathlib import Path

from fairlead.access.roles import Role
from fairlead.base.markings import Label
from fairlead.clearinghouse.cases import Rules as ClearinghouseRules
from fairlead.clearinghouse.owners.rules import Rules as OwnerRules
from fairlead.clearinghouse.owners.rules import WithoutKey
from fairlead.errors import Invalid, Misconfigured, Violation
from fairlead.programme import profile_keys
from fairlead.programme.profile_keys import Values
from fairlead.review.rules import Rules as ReviewRules
from fairlead.terms import standard

SHIPPED = ("generic", "eo-14409")
"""Profiles that come with Fairlead, by the name to set."""
FORMAT = "fairlead-profile@1"
MOST_BYTES = 262_144


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """One milestone that the programme is held to."""

    id: str
    title: str
    who: str
    section: str
    due: date
    source: str
    """`quoted` from the text itself, or `secondary`: told by others about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOpen:
    """Something that the programme had to decide because no law says it."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicSuite:
    """A suite of the benchmark that everyone may see."""

    name: str
    about: str
    link: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Marking:
    """How far objects may travel unless somebody says otherwise."""

    scheme: str
    label: Label
    caveats: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Everything that a programme decides."""

    name: str
    title: str
    run_by: str
    contact: str
    basis: str
    basis_link: str
    about: str
    process: tuple[str, ...]
    criteria: str
    marking: Marking
    review: ReviewRules
    clearinghouse: ClearinghouseRules
    owners: OwnerRules
    terms: standard.Profile
    """What terms begin with."""
    roles: dict[Role, str] = field(default_factory=dict)
    """What each role is called here."""
    left_open: tuple[LeftOpen, ...] = ()
    suites: tuple[PublicSuite, ...] = ()
    milestones: tuple[Duty, ...] = ()

    def called(self, role: Role) -> str:
        """Return what *role* is called in this programme."""
        return self.roles.get(role, role.value)


def load(named: str) -> Profile:
    """Return the profile that comes with Fairlead under that name, else at that path.

    Raises:
        Misconfigured: there is none, or it breaks a rule; every violation is named.

    """
    try:
        return read(_written(named))
    except Invalid as error:
        told = "; ".join(f"{v.field}: {v.reason}" for v in error.violations)
        raise Misconfigured(f"profile {named}: {told or error}") from error


def open_file(path: Path) -> bytes:
    """Return what stands in the file at *path*.

    Raises:
        Misconfigured: it cannot be read, or is far too large for a profile.

    """
    try:
        with path.open("rb") as file:
            written = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise Misconfigured(
            f"profile: {path} cannot be read: {error.strerror}; say a path, or one of"
            f" {', '.join(SHIPPED)}"
        ) from error
    if len(written) > MOST_BYTES:
        raise Misconfigured(f"profile: {path} has more than {MOST_BYTES} bytes")
    return written


def shipped(name: str) -> bytes:
    """Return the text of a profile that comes with Fairlead."""
    return (files("fairlead.programme") / "profiles" / f"{name}.toml").read_bytes()


def read(written: bytes) -> Profile:
    """Return the profile in *written*.

    Raises:
        Invalid: it cannot be read, or a rule is broken; every violation names its key.

    """
    try:
        found = tomllib.loads(written.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise Invalid(
            f"this is no TOML: {error}",
            [Violation("malformed_toml", "profile", str(error))],
        ) from error
    values, violations = profile_keys.check(found)
    violations += _together(values)
    if violations:
        first = violations[0]
        raise Invalid(f"{first.field}: {first.reason}", violations)
    return _profile(values)


def _written(named: str) -> bytes:
    return shipped(named) if named in SHIPPED else open_file(Path(named))


def _together(values: Values) -> list[Violation]:
    """Return what is wrong between keys."""
    found: list[Violation] = []
    format_ = values.plain.get("format")
    if format_ is not None and format_ != FORMAT:
        found.append(Violation("unknown_format", "format", f"must be {FORMAT}"))
    most, kept = (
        values.plain.get(key) for key in ("partners.most", "partners.small_operators")
    )
    if isinstance(most, int) and isinstance(kept, int) and kept > most:
        found.append(
            Violation(
                "invalid_number",
                "partners.small_operators",
                f"must be at most partners.most, which is {most}",
            )
        )
    names = [row.get("id") for row in values.rows.get("milestones", ())]
    found += [
        Violation("repeated_id", f"milestones[{place}].id", f"{name!r} stands before")
        for place, name in enumerate(names)
        if name is not None and name in names[:place]
    ]
    return found


def _profile(values: Values) -> Profile:
    text, number = values.text, values.number
    marking = Marking(
        scheme=text("marking.scheme"),
        label=Label(text("marking.label")),
        caveats=values.texts("marking.caveats"),
    )
    return Profile(
        name=text("name"),
        title=text("title"),
        run_by=text("run_by"),
        contact=text("contact"),
        basis=text("basis"),
        basis_link=text("basis_link"),
        about=text("about"),
        process=values.texts("process"),
        criteria=text("partners.criteria"),
        marking=marking,
        review=ReviewRules(
            window_days=number("window.days"),
            reply_days=number("results.reply_days"),
            determination_days=number("results.determination_days"),
            partner_days=number("partners.days"),
            partners=number("partners.most"),
            small_operators=number("partners.small_operators"),
            destroy_after=timedelta(hours=number("closing.destroy_hours")),
            criteria=text("partners.criteria"),
        ),
        clearinghouse=ClearinghouseRules(
            holding=timedelta(days=number("clearinghouse.holding_days")),
            holding_critical=timedelta(
                days=number("clearinghouse.holding_critical_days")
            ),
            adoption=timedelta(days=number("clearinghouse.adoption_days")),
            collision=timedelta(days=number("clearinghouse.collision_days")),
            exposed=timedelta(days=number("clearinghouse.exposed_days")),
            disclosure=timedelta(days=number("clearinghouse.disclosure_days")),
            embargo=timedelta(days=number("clearinghouse.embargo_days")),
            embargo_rule=text("clearinghouse.embargo_rule"),
            case_lasts=timedelta(days=number("clearinghouse.case_days")),
            marking=marking.label,
        ),
        owners=OwnerRules(
            verified_for=timedelta(days=number("owners.verified_days")),
            a_week=number("owners.a_week"),
            first_reminder=timedelta(days=number("owners.first_reminder_days")),
            reminders=number("owners.reminders"),
            person_after=timedelta(days=number("owners.person_days")),
            unmaintained_after=timedelta(days=number("owners.unmaintained_days")),
            unmaintained=text("owners.unmaintained"),
            without_key=WithoutKey(text("owners.without_key")),
            link_lasts=timedelta(days=number("owners.link_days")),
        ),
        terms=standard.Profile(text("window.terms")),
        roles={
            role: text(f"roles.{role}")
            for role in Role
            if values.plain.get(f"roles.{role}")
        },
        left_open=tuple(
            LeftOpen(question=row["question"], answer=row["answer"])
            for row in values.text_rows("left_open")
        ),
        suites=tuple(
            PublicSuite(name=row["name"], about=row["about"], link=row["link"])
            for row in values.text_rows("suites")
        ),
        milestones=tuple(
            Duty(
                id=row["id"],
                title=row["title"],
                who=row["who"],
                section=row["section"],
                due=date.fromisoformat(row["due"]),
                source=row["source"],
            )
            for row in values.text_rows("milestones")
        ),
    )
