"""What a submission that is kept says."""

from __future__ import annotations

from fairlead.base.ids import Receipt
from fairlead.clearinghouse.findings import Finding
from fairlead.clearinghouse.intake import finding_of
from fairlead.clearinghouse.ports import ClearinghouseUnit
from fairlead.errors import Invalid
from fairlead.formats import tap


def finding_in(unit: ClearinghouseUnit, receipt: Receipt) -> Finding | None:
    """Return what a submission says; nothing if it cannot be read any more."""
    document = unit.submissions.report(receipt)
    if document is None:
        return None
    try:
        return finding_of(receipt, tap.decode(document))
    except Invalid:
        return None  # It was valid when it came; the rules have become stricter since.
