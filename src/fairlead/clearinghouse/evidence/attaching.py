"""Use case of whoever works on a case: put evidence to one of its findings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fairlead.access.roles import Asker, Scope
from fairlead.base.ids import CaseId, Receipt
from fairlead.clearinghouse import coordinating
from fairlead.clearinghouse.evidence.statements import Statement, verified
from fairlead.clearinghouse.ports import ClearinghouseUnit
from fairlead.clearinghouse.submissions import Submission, evidence_added
from fairlead.errors import Damaged, Invalid, TooLarge, Violation
from fairlead.record.notes import Key

LARGEST = 1 << 20
"""Bytes of a signed statement."""


def attach(  # noqa: PLR0913, PLR0917 - one value a thing that must be said
    unit: ClearinghouseUnit,
    asker: Asker,
    case_id: CaseId,
    finding: Receipt,
    note: str,
    keys: Sequence[Key],
    *,
    at: datetime,
) -> Submission:
    """Put a signed statement to a finding of a case; return the finding.

    That the recipe belongs to the finding is the word of whoever puts it there, which
    the record keeps; that it was run and what it showed, that of who signed.

    Raises:
        NotFound: there is no such case, or *asker* may not know of it.
        NotAllowed: *asker* may not add evidence.
        Invalid: the finding is not in the case, or none of *keys* signed the statement.
        Refused: the statement is there already, or the report was destroyed.

    """
    case = coordinating.find(unit, asker, case_id)
    asker.needs(Scope.EVIDENCE_ADD)
    filed = {one.id: one for one in unit.submissions.of_case(case.id)}
    if finding not in filed:
        raise _invalid("finding", "name one that is filed in this case")
    statement, key = opened(note, keys)
    submission = filed[finding]
    facts = evidence_added(submission, statement.support(key), note)
    return unit.submissions.save(
        submission, facts, name=submission.id, by=asker.actor, at=at
    )


def opened(note: str, keys: Sequence[Key]) -> tuple[Statement, str]:
    """Return the statement that one of *keys* signed, and the name of that key.

    Raises:
        TooLarge: it has more than `LARGEST` bytes.
        Invalid: it is none, or nobody who is known has signed it.

    """
    if len(note) > LARGEST:
        raise TooLarge(f"a statement has at most {LARGEST} bytes")
    # What forms send has carriage returns, and a note has none.
    plain = note.replace("\r\n", "\n").rstrip("\n") + "\n"
    for key in keys:
        try:
            return verified(plain, key), key.name
        except Damaged:
            continue
    raise _invalid(
        "statement",
        "hand in what `fairlead evidence run --out` wrote, signed by a machine whose key"
        " is in FAIRLEAD_SANDBOX_KEYS",
    )


def _invalid(field: str, reason: str) -> Invalid:
    return Invalid(f"{field}: {reason}", [Violation("invalid_evidence", field, reason)])
