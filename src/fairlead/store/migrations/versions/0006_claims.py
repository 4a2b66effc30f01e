"""Claims: who scans what, what owners say, names of projects, introductions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the tables."""
    _subject(
        "claims",
        sa.Column("organisation", sa.String(length=40), nullable=False),
        sa.Column("state_name", sa.String(length=20), nullable=False),
        sa.Column("visibility", sa.String(length=20), nullable=False),
        sa.Column("taken_at", sa.String(length=27), nullable=False),
        sa.Column("breadth", sa.Integer(), nullable=False),
        sa.Column("request", sa.String(length=64), nullable=True),
    )
    op.create_index(
        "ix_claims_organisation_request",
        "claims",
        ["organisation", "request"],
        unique=True,
    )
    op.create_index(
        "ix_claims_held", "claims", ["organisation", "state_name", "breadth"]
    )
    op.create_index(
        "ix_claims_state_name_taken_at", "claims", ["state_name", "taken_at"]
    )
    op.create_index(op.f("ix_claims_taken_at"), "claims", ["taken_at"])
    op.create_table(
        "claim_places",
        sa.Column("claim_id", sa.String(length=40), nullable=False),
        sa.Column("place", sa.LargeBinary(), nullable=False),
        sa.Column("own", sa.Boolean(), nullable=False),
        sa.Column("state_name", sa.String(length=20), nullable=False),
        sa.Column("until", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("claim_id", "place", name=op.f("pk_claim_places")),
    )
    op.create_index(
        "ix_claim_places_place",
        "claim_places",
        ["place", "own", "state_name", "until"],
    )
    _subject(
        "owner_words",
        sa.Column("organisation", sa.String(length=40), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
    )
    for column in ("organisation", "place"):
        op.create_index(op.f(f"ix_owner_words_{column}"), "owner_words", [column])
    _subject(
        "aliases",
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
    )
    op.create_index(op.f("ix_aliases_place"), "aliases", ["place"])
    _subject("allowances")
    _subject("inventories", sa.Column("active", sa.Boolean(), nullable=False))
    _subject(
        "introductions",
        sa.Column("claim_id", sa.String(length=40), nullable=False),
        sa.Column("other_id", sa.String(length=40), nullable=False),
    )
    for column in ("claim_id", "other_id"):
        op.create_index(op.f(f"ix_introductions_{column}"), "introductions", [column])
    op.create_table(
        "introduction_sides",
        sa.Column("introduction_id", sa.String(length=40), nullable=False),
        sa.Column("organisation", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["introduction_id"],
            ["introductions.id"],
            name=op.f("fk_introduction_sides_introduction_id"),
        ),
        sa.PrimaryKeyConstraint(
            "introduction_id", "organisation", name=op.f("pk_introduction_sides")
        ),
    )
    op.create_index(
        op.f("ix_introduction_sides_organisation"),
        "introduction_sides",
        ["organisation"],
    )


def _subject(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
