"""Applications to join, in SQL."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, func, insert, select

from fairlead.access import secrets
from fairlead.access.applications import APPLICATIONS, LASTS, Application, Stage
from fairlead.base.ids import ApplicationId
from fairlead.clearinghouse.ports import Job, Timer
from fairlead.store import tables
from fairlead.store.subjects import Kept, SQLSubjects

SHOWN = 200

KEPT_APPLICATIONS = Kept(
    APPLICATIONS,
    tables.applications,
    lambda state: {
        "digest": state.digest,
        "stage": state.stage.value,
        "received_at": state.received_at,
    },
)


class SQLApplications(SQLSubjects[Application]):
    """All applications."""

    def by_digest(self, digest: str) -> Application | None:
        """Return the application whose secret has this digest."""
        table = tables.applications
        found = self._many(self._states().where(table.c.digest == digest))
        return found[0] if found else None

    def newest(self) -> Sequence[Application]:
        """Return the newest 200."""
        table = tables.applications
        query = self._states().order_by(table.c.received_at.desc(), table.c.id)
        return self._many(query.limit(SHOWN))

    def not_erased(self) -> Sequence[Application]:
        """Return all whose words are still kept."""
        return [one for one in self._many(self._states()) if not one.erased]

    def count_open(self, at: datetime) -> int:
        """Count those that are open at *at*."""
        table = tables.applications
        query = select(func.count()).where(
            table.c.stage == Stage.OPEN.value, table.c.received_at > at - LASTS
        )
        return int(self.connection.execute(query).scalar_one())

    def have_mailed(self, name: ApplicationId, *, at: datetime) -> None:
        """Have a code mailed, by a job."""
        row = {"kind": Job.MAIL.value, "subject": name, "due_at": at, "attempts": 0}
        self.connection.execute(insert(tables.jobs), row)

    def have_erased(self, name: ApplicationId, *, at: datetime) -> None:
        """Have it erased at *at*, by a timer."""
        kind, table = Timer.APPLICATION.value, tables.timers
        mine = (table.c.kind == kind) & (table.c.subject == name)
        self.connection.execute(delete(table).where(mine))
        row = {"kind": kind, "subject": name, "due_at": at}
        self.connection.execute(insert(table), row)

    def mail_code(self, name: ApplicationId) -> str:
        """Return the code that is mailed: made of a key that is not in the database."""
        made = self.vault.fingerprint(name.encode(), "code that is mailed")
        return secrets.new_code(lambda count: made[:count])

    def is_mail_code(self, name: ApplicationId, typed: str) -> bool:
        """Tell whether *typed* is that code, in constant time."""
        return hmac.compare_digest(self.mail_code(name).encode(), typed.encode())
