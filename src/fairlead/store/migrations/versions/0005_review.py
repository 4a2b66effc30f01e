"""Engagements and determinations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the tables."""
    _subject(
        "engagements",
        sa.Column("developer", sa.String(length=40), nullable=False),
        sa.Column("state_name", sa.String(length=30), nullable=False),
        sa.Column("began_at", sa.String(length=27), nullable=False),
    )
    _index("engagements", "developer", "state_name", "began_at")
    for table, column, length in (
        ("engagement_members", "member", 50),
        ("engagement_keys", "digest", 64),
    ):
        op.create_table(
            table,
            sa.Column("engagement_id", sa.String(length=40), nullable=False),
            sa.Column(column, sa.String(length=length), nullable=False),
            sa.ForeignKeyConstraint(
                ["engagement_id"],
                ["engagements.id"],
                name=op.f(f"fk_{table}_engagement_id_engagements"),
            ),
            sa.PrimaryKeyConstraint("engagement_id", column, name=op.f(f"pk_{table}")),
        )
        _index(table, column)
    _subject(
        "determinations",
        sa.Column("engagement", sa.String(length=40), nullable=False),
        sa.Column("made_at", sa.String(length=27), nullable=False),
    )
    _index("determinations", "engagement")


def _subject(name: str, *columns: sa.Column[str]) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )


def _index(table: str, *columns: str) -> None:
    for column in columns:
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], unique=False)
