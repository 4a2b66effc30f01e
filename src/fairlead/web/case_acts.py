"""What can be done in a case, as one table: pages and the API both use it.

Each act has a form. Over the API it comes as JSON, from a page as fields; either way it
is read once into the same value. Instants are text: RFC 3339, or as `base.zones` reads
what people write.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

import msgspec
from msgspec import Struct

from fairlead.access.roles import Asker
from fairlead.base import zones
from fairlead.base.ids import CaseId, OrganisationId, PersonId, StatementId, TaskId
from fairlead.clearinghouse.cases import Case
from fairlead.clearinghouse.casework import steering, taking_part, timing
from fairlead.clearinghouse.casework.embargo import Kind
from fairlead.clearinghouse.casework.facts import Exposure, Limit
from fairlead.clearinghouse.casework.statements import Position, Stated
from fairlead.clearinghouse.casework.taking_part import Deed
from fairlead.clearinghouse.casework.timing import Applies, Known
from fairlead.clearinghouse.publishing import Draft
from fairlead.errors import Invalid, Violation
from fairlead.programme.unit import Unit
from fairlead.web.context import Context


class Form(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all forms."""


class Reason(Form, frozen=True):
    """An act that needs only to be explained."""

    reason: str = ""


class Nothing(Form, frozen=True):
    """An act that needs no words."""


class Coordinator(Form, frozen=True):
    """Who answers for a case."""

    person: str


class RuleForm(Form, frozen=True):
    """A rule that applies to the embargo."""

    kind: Kind
    known_at: str = ""
    """When it began to count; now, where nothing is said."""
    days: str = ""
    until: str = ""
    """Its end, where that is named itself."""
    cited: str = ""
    source: str = ""
    """Which list, policy or report."""
    reason: str = ""


class ExtensionForm(Form, frozen=True):
    """An end that is put off."""

    limit: Limit
    until: str
    reason: str = ""


class ExposureForm(Form, frozen=True):
    """That it is exploited, or was leaked."""

    how: Exposure
    known_at: str = ""
    reason: str = ""


class FixForm(Form, frozen=True):
    """That a fix is out."""

    since: str = ""
    reason: str = ""


class SeverityForm(Form, frozen=True):
    """How severe it is: CVSS vectors, separated by white space."""

    vectors: str = ""
    reason: str = ""


class RangesForm(Form, frozen=True):
    """Which versions are affected: VERS, one a line."""

    ranges: str = ""
    reason: str = ""


class HeldForm(Form, frozen=True):
    """An advisory to hold ready, as JSON: what `/v1/cases/…/advisory` takes."""

    draft: str


class PublicationForm(Form, frozen=True):
    """When the advisory that is held goes out."""

    due: str


class MessageForm(Form, frozen=True):
    """Something said."""

    text: str = ""
    to: str = ""
    """`everyone`, or organisations separated by white space; else the coordinators."""


class StatementForm(Form, frozen=True):
    """How a product stands."""

    position: Position
    product: str = ""
    versions: str = ""
    text: str = ""
    organisation: str = ""
    """Whose product, where a coordinator states it."""


class ShownForm(Form, frozen=True):
    """Whether everyone who takes part sees a statement."""

    statement: str
    to_all: str = ""
    """`yes`, or anything else for no."""


class TaskForm(Form, frozen=True):
    """Something to be done."""

    due: str
    text: str = ""
    organisation: str = ""
    person: str = ""


class DoneForm(Form, frozen=True):
    """A task that was done."""

    task: str
    outcome: str = ""


class PutOffForm(Form, frozen=True):
    """A task that is due later."""

    task: str
    due: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class At:
    """Where and as whom an act is done."""

    unit: Unit
    asker: Asker
    case: CaseId
    context: Context
    now: datetime

    @property
    def deed(self) -> Deed:
        """Return who does it, and when."""
        return Deed(asker=self.asker, at=self.now, randomness=self.context.randomness)

    def when(self, written: str, field: str) -> datetime:
        """Return the instant that was written; now, where nothing was."""
        return zones.read(written, field=field) if written.strip() else self.now


class Named(Protocol):
    """What an act was about, or made: a case, a message, a statement, a task."""

    @property
    def id(self) -> str:
        """Its name."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act: its form, what is done, and how it is called on the page."""

    form: type[Form]
    do: Callable[[At, Any], Named]
    name: str
    coordinates: bool = True
    """Only coordinators find it on the page; the use case decides all the same."""


def _coordinator(at: At, form: Coordinator) -> Named:
    person = PersonId(form.person.strip())
    return steering.name_coordinator(at.unit, at.asker, at.case, person, at=at.now)


def _rule(at: At, form: RuleForm) -> Named:
    applies = Applies(
        kind=form.kind,
        known_at=at.when(form.known_at, "known_at"),
        days=_number(form.days, "days"),
        until=zones.read(form.until, field="until") if form.until.strip() else None,
        cited=form.cited,
        source=form.source,
    )
    rules = at.context.rules
    return steering.apply_rule(
        at.unit, at.asker, at.case, applies, rules, reason=form.reason, at=at.now
    )


def _extension(at: At, form: ExtensionForm) -> Named:
    until = zones.read(form.until, field="until")
    return steering.extend(
        at.unit, at.asker, at.case, form.limit, until, reason=form.reason, at=at.now
    )


def _disclosure(at: At, form: Reason) -> Named:
    def rule(case: Case) -> Any:  # noqa: ANN401 - facts
        return timing.disclosing(case, form.reason, at.context.rules, at=at.now)

    return steering.decide(at.unit, at.asker, at.case, rule, at=at.now)


def _exposure(at: At, form: ExposureForm) -> Named:
    known = Known(at=at.when(form.known_at, "known_at"), reason=form.reason)
    return steering.expose(
        at.unit,
        at.asker,
        at.case,
        form.how,
        known,
        rules=at.context.rules,
        at=at.now,
        randomness=at.context.randomness,
    )


def _fix(at: At, form: FixForm) -> Named:
    since = at.when(form.since, "since")

    def rule(case: Case) -> Any:  # noqa: ANN401 - facts
        return timing.fix_out(case, since, form.reason, at.context.rules, at=at.now)

    return steering.decide(at.unit, at.asker, at.case, rule, at=at.now)


def _severity(at: At, form: SeverityForm) -> Named:
    def rule(case: Case) -> Any:  # noqa: ANN401 - facts
        return timing.rated(case, form.vectors.split(), form.reason, at.context.rules)

    return steering.decide(at.unit, at.asker, at.case, rule, at=at.now)


def _ranges(at: At, form: RangesForm) -> Named:
    def rule(case: Case) -> Any:  # noqa: ANN401 - facts
        return timing.ranged(case, form.ranges.splitlines(), form.reason)

    return steering.decide(at.unit, at.asker, at.case, rule, at=at.now)


def _hold(at: At, form: HeldForm) -> Named:
    try:
        draft = msgspec.json.decode(form.draft, type=Draft)
    except msgspec.MsgspecError as error:
        raise Invalid(
            f"draft: {error}", [Violation("invalid_field", "draft", str(error))]
        ) from error
    return steering.hold_advisory(
        at.unit, at.asker, at.case, draft, at.context.press, at=at.now
    )


def _schedule(at: At, form: PublicationForm) -> Named:
    due = zones.read(form.due, field="due")
    return steering.schedule_publication(at.unit, at.asker, at.case, due, at=at.now)


def _call_off(at: At, form: Reason) -> Named:
    return steering.call_off_publication(
        at.unit, at.asker, at.case, reason=form.reason, at=at.now
    )


def _publish(at: At, _: Nothing) -> Named:
    press = at.context.press
    return steering.publish_held(at.unit, at.asker, at.case, press, at=at.now)


def _message(at: At, form: MessageForm) -> Named:
    return taking_part.say(at.unit, at.deed, at.case, form.text, form.to.split())


def _statement(at: At, form: StatementForm) -> Named:
    stated = Stated(
        product=form.product,
        position=form.position,
        versions=form.versions,
        text=form.text,
    )
    whose = OrganisationId(form.organisation.strip()) if form.organisation else None
    return taking_part.state(at.unit, at.deed, at.case, stated, whose)


def _shown(at: At, form: ShownForm) -> Named:
    name, to_all = StatementId(form.statement), form.to_all == "yes"
    return taking_part.show_statement(at.unit, at.deed, at.case, name, to_all=to_all)


def _task(at: At, form: TaskForm) -> Named:
    return taking_part.set_task(
        at.unit,
        at.deed,
        at.case,
        form.text,
        zones.read(form.due, field="due"),
        organisation=OrganisationId(form.organisation) if form.organisation else None,
        person=PersonId(form.person.strip()) if form.person.strip() else None,
    )


def _done(at: At, form: DoneForm) -> Named:
    name = TaskId(form.task)
    return taking_part.finish_task(at.unit, at.deed, at.case, name, form.outcome)


def _put_off(at: At, form: PutOffForm) -> Named:
    due = zones.read(form.due, field="due")
    return taking_part.put_off_task(
        at.unit, at.deed, at.case, TaskId(form.task), due, reason=form.reason
    )


ACTS: Mapping[str, Act] = {
    "message": Act(MessageForm, _message, "Say something", coordinates=False),
    "statement": Act(
        StatementForm, _statement, "State how a product stands", coordinates=False
    ),
    "statement-shown": Act(
        ShownForm, _shown, "Choose who sees a statement", coordinates=False
    ),
    "task": Act(TaskForm, _task, "Put a task on the list", coordinates=False),
    "task-done": Act(DoneForm, _done, "Take a task off the list", coordinates=False),
    "task-put-off": Act(PutOffForm, _put_off, "Put a task off"),
    "coordinator": Act(Coordinator, _coordinator, "Name who answers for the case"),
    "severity": Act(SeverityForm, _severity, "Rate the severity"),
    "ranges": Act(RangesForm, _ranges, "Say which versions are affected"),
    "rule": Act(RuleForm, _rule, "Apply a rule to the embargo"),
    "extension": Act(ExtensionForm, _extension, "Put an end off"),
    "exposure": Act(ExposureForm, _exposure, "Exploited or leaked"),
    "fix": Act(FixForm, _fix, "A fix is out"),
    "disclosure": Act(Reason, _disclosure, "Start disclosure without the owner"),
    "advisory-held": Act(HeldForm, _hold, "Hold an advisory ready"),
    "publication": Act(PublicationForm, _schedule, "Schedule its publication"),
    "publication-off": Act(Reason, _call_off, "Call its publication off"),
    "publication-now": Act(Nothing, _publish, "Publish what is held now"),
}
"""Every act by its name in addresses."""


def read(act: Act, said: object, *, strict: bool) -> Form:
    """Return the form that *said* fills; fields of a page are text, so not strict.

    Raises:
        Invalid: a field is missing, unknown or of the wrong kind; it is named.

    """
    try:
        return msgspec.convert(said, act.form, strict=strict)
    except msgspec.ValidationError as error:
        told = str(error)
        field = told.rpartition("`$.")[2].rstrip("`") if "`$." in told else ""
        raise Invalid(told, [Violation("invalid_field", field, told)]) from error


def do(at: At, act: Act, form: Form) -> Named:
    """Do an act, in the unit of *at*."""
    return act.do(at, form)


def _number(written: str, field: str) -> int | None:
    if not written.strip():
        return None
    try:
        return int(written)
    except ValueError as error:
        raise Invalid(
            f"{field}: {written!r} is no whole number",
            [Violation("invalid_number", field, "must be a whole number")],
        ) from error
