"""Use cases of those who report: hand in, ask how it went."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fairlead.access.roles import Asker, Scope
from fairlead.access.visibility import SUBMISSIONS, holds
from fairlead.base.ids import Receipt, new_receipt
from fairlead.base.ports import Randomness
from fairlead.clearinghouse.ports import ClearinghouseUnit, Job, Page
from fairlead.clearinghouse.submissions import Submission, SubmissionReceived
from fairlead.errors import NotFound
from fairlead.formats import tap


@dataclass(frozen=True, slots=True)
class Accepted:
    """A report that is kept."""

    submission: Submission
    again: bool
    """The same bytes had come from the same organisation before."""


def submit(
    unit: ClearinghouseUnit,
    asker: Asker,
    document: bytes,
    *,
    at: datetime,
    randomness: Randomness,
) -> Accepted:
    """Keep a report word for word, and have it compared with earlier ones.

    The same bytes from the same organisation give the same receipt, however often.

    Raises:
        Invalid: *document* is no TAP report; every violation is named.

    """
    asker.needs(Scope.REPORT_SUBMIT)
    if asker.organisation is None:
        raise NotFound("reports come from organisations")
    digest = hashlib.sha256(document).hexdigest()
    earlier = unit.submissions.by_digest(asker.organisation, digest)
    if earlier is not None:
        return Accepted(earlier, again=True)
    tap.decode(document)
    submission = unit.submissions.save(
        None,
        [
            SubmissionReceived(
                organisation=asker.organisation,
                digest=digest,
                size=len(document),
                body=document,
            )
        ],
        name=new_receipt(randomness),
        by=asker.actor,
        at=at,
    )
    unit.agenda.enqueue(Job.DECIDE, submission.id, at=at)
    return Accepted(submission, again=False)


def status(unit: ClearinghouseUnit, receipt: Receipt) -> Submission:
    """Return the submission to whoever holds its receipt.

    The caller shows its status only; the outcome is for `own`.
    """
    return unit.submissions.get(receipt)


def may_see_outcome(asker: Asker, submission: Submission) -> bool:
    """Tell whether *asker* is of the organisation that sent it, or a coordinator."""
    return holds(SUBMISSIONS.condition(asker), submission)


def read_report(
    unit: ClearinghouseUnit, asker: Asker, receipt: Receipt
) -> bytes | None:
    """Return a report exactly as sent; nothing once it was destroyed.

    Raises:
        NotFound: there is none, or *asker* may not know of it.

    """
    submission = unit.submissions.get(receipt)
    if not may_see_outcome(asker, submission):
        raise NotFound(f"no submission {receipt}")
    return unit.submissions.report(receipt)


def list_submissions(
    unit: ClearinghouseUnit, asker: Asker, page: Page
) -> Sequence[Submission]:
    """Return the submissions that *asker* may see, the newest first."""
    return unit.submissions.seen(SUBMISSIONS.condition(asker), page)
