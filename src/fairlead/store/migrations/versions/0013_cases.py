"""Messages, statements and tasks of cases; one timer for all that is due in a case.

What was kept of cases is made anew from the record, with both clocks.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

COLUMNS = {
    "messages": (sa.Column("at", sa.String(length=27), nullable=False),),
    "statements": (sa.Column("organisation", sa.String(length=40), nullable=False),),
    "tasks": (
        sa.Column("person", sa.String(length=40), nullable=True),
        sa.Column("due", sa.String(length=27), nullable=True),
    ),
}
CHILDREN = (
    ("message_readers", "messages", "message_id", "reader"),
    ("message_mentions", "messages", "message_id", "person"),
    ("statement_readers", "statements", "statement_id", "reader"),
    ("task_readers", "tasks", "task_id", "reader"),
)


def upgrade() -> None:
    """Make the tables, and have timers ring for the case, not its embargo alone."""
    for name, columns in COLUMNS.items():
        op.create_table(
            name,
            sa.Column("id", sa.String(length=40), nullable=False),
            sa.Column("version", sa.Integer(), nullable=False),
            sa.Column("key", sa.BigInteger(), nullable=True),
            sa.Column("state", sa.LargeBinary(), nullable=False),
            sa.Column("case_id", sa.String(length=40), nullable=False),
            *columns,
            sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
        )
    op.create_index("ix_messages_case_id_at", "messages", ["case_id", "at"])
    for name in ("statements", "tasks"):
        op.create_index(op.f(f"ix_{name}_case_id"), name, ["case_id"])
    op.create_index(op.f("ix_tasks_due"), "tasks", ["due"])
    for name, parent, owner, member in CHILDREN:
        op.create_table(
            name,
            sa.Column(owner, sa.String(length=40), nullable=False),
            sa.Column(member, sa.String(length=40), nullable=False),
            sa.ForeignKeyConstraint(
                [owner], [f"{parent}.id"], name=op.f(f"fk_{name}_{owner}")
            ),
            sa.PrimaryKeyConstraint(owner, member, name=op.f(f"pk_{name}")),
        )
        op.create_index(op.f(f"ix_{name}_{member}"), name, [member])
    op.execute("update timers set kind = 'case' where kind = 'embargo'")
