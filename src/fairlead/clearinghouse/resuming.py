"""After a rebuild: what follows from the record but is not its fold."""

from __future__ import annotations

import secrets
from datetime import datetime

from fairlead.clearinghouse import duplicates
from fairlead.clearinghouse.casework.dues import keep_time
from fairlead.clearinghouse.claims import keeping, placing
from fairlead.clearinghouse.claims.ports import ClaimsUnit, Desk
from fairlead.clearinghouse.ports import Job, Page
from fairlead.clearinghouse.queues import facets_of
from fairlead.clearinghouse.reading import finding_in

SIZE = 500


def resume(unit: ClaimsUnit, *, at: datetime, desk: Desk | None = None) -> int:
    """Fill the index of findings and of claims, mark cases, schedule what is to be done.

    Submissions that wait for an answer get their job, cases the timer of what is due.
    Return how many findings are in the index.
    """
    unit.index.clear()
    unit.queue.clear()
    indexed = 0
    page = Page(size=SIZE)
    while batch := unit.submissions.decided_in_order(page):
        for submission in batch:
            if submission.destroyed:
                continue
            finding = finding_in(unit, submission.id)
            if finding is not None:
                unit.index.add(submission.id, duplicates.features_of(finding))
                unit.queue.keep({submission.id: facets_of(finding)})
                indexed += 1
        unit.queue.mark({s.case for s in batch if s.case is not None})
        page = Page(after=page.after + SIZE, size=SIZE)
    for receipt in unit.submissions.waiting():
        unit.agenda.enqueue(Job.DECIDE, receipt, at=at)
    page = Page(size=SIZE)
    while running := unit.cases.running(page):
        for case in running:
            keep_time(unit, case)
        page = Page(after=page.after + SIZE, size=SIZE)
    desk = desk or Desk(randomness=secrets.token_bytes)
    placing.place_all(unit, desk)
    keeping.resume(unit, desk)
    return indexed
