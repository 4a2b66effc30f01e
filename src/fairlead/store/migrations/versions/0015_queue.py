"""The work queue: every order is that of an index; marks, and saved views."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"

INDEXES = (
    ("ix_cases_opened_at", "cases", ["opened_at", "id"]),
    (
        "ix_cases_state_name_opened_at",
        "cases",
        ["state_name", "opened_at", "id"],
    ),
    ("ix_cases_due_at", "cases", ["due_at", "id"]),
    ("ix_cases_coordinator", "cases", ["coordinator", "opened_at", "id"]),
    (
        "ix_case_participants_organisation",
        "case_participants",
        ["organisation", "opened_at", "case_id"],
    ),
    (
        "ix_submissions_organisation_received_at",
        "submissions",
        ["organisation", "received_at", "outcome"],
    ),
    ("ix_case_words_word", "case_words", ["word", "opened_at", "case_id"]),
)
NEW = frozenset({"ix_cases_due_at", "ix_cases_coordinator"})


def upgrade() -> None:
    """Change what cases are found by; they are dropped, and made anew from the record."""
    for table in ("case_words", "case_participants"):
        op.execute(f"delete from {table}")  # noqa: S608 - names of ours
        op.add_column(
            table,
            sa.Column(
                "opened_at", sa.String(length=27), nullable=False, server_default=""
            ),
        )
    op.add_column("cases", sa.Column("due_at", sa.String(length=27)))
    op.add_column("cases", sa.Column("coordinator", sa.String(length=40)))
    op.add_column("submissions", sa.Column("outcome", sa.String(length=20)))
    for name, table, columns in INDEXES:
        if name not in NEW:
            op.drop_index(op.f(name), table_name=table)
        op.create_index(op.f(name), table, columns, unique=False)
    op.create_table(
        "finding_marks",
        sa.Column("receipt", sa.String(length=40), nullable=False),
        sa.Column("mark", sa.String(length=48), nullable=False),
        sa.PrimaryKeyConstraint("receipt", "mark", name=op.f("pk_finding_marks")),
    )
    op.create_index(op.f("ix_finding_marks_mark"), "finding_marks", ["mark"])
    op.create_table(
        "case_marks",
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("mark", sa.String(length=48), nullable=False),
        sa.Column("opened_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "mark", name=op.f("pk_case_marks")),
    )
    op.create_index(
        "ix_case_marks_mark", "case_marks", ["mark", "opened_at", "case_id"]
    )
    op.create_table(
        "views",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("person", sa.String(length=40), nullable=False),
        sa.Column("organisation", sa.String(length=40), nullable=False),
        sa.Column("made_at", sa.String(length=27), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_views")),
    )
    op.create_index(op.f("ix_views_person"), "views", ["person"], unique=False)
