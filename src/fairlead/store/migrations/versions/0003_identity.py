"""Passkeys, linked logins, sessions that can be verified and listed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables, and sign everybody out: how they signed in was not kept."""
    op.drop_table("sessions")
    op.create_table(
        "sessions",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("person", sa.String(length=40), nullable=False),
        sa.Column("ends_at", sa.String(length=27), nullable=False),
        sa.Column("began_at", sa.String(length=27), nullable=False),
        sa.Column("how", sa.String(length=20), nullable=False),
        sa.Column("verified_at", sa.String(length=27), nullable=True),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_ends_at"), "sessions", ["ends_at"], unique=False)
    op.create_index(op.f("ix_sessions_person"), "sessions", ["person"], unique=False)
    op.create_table(
        "challenges",
        sa.Column("bound", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("ends_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("bound", "purpose", name=op.f("pk_challenges")),
    )
    op.create_index(
        op.f("ix_challenges_ends_at"), "challenges", ["ends_at"], unique=False
    )
    op.create_table(
        "sign_counts",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_sign_counts")),
    )
    for name in ("person_passkeys", "person_logins"):
        op.create_table(
            name,
            sa.Column("person", sa.String(length=40), nullable=False),
            sa.Column("digest", sa.String(length=64), nullable=False),
            sa.ForeignKeyConstraint(
                ["person"], ["people.id"], name=op.f(f"fk_{name}_person")
            ),
            sa.PrimaryKeyConstraint("person", "digest", name=op.f(f"pk_{name}")),
        )
        op.create_index(op.f(f"ix_{name}_digest"), name, ["digest"], unique=True)
