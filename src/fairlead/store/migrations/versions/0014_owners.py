"""Owners, what they maintain, and what is delivered to them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Make the tables."""
    _make_subject(
        "owners",
        sa.Column("organisation", sa.String(length=40), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("entered_at", sa.String(length=27), nullable=False),
    )
    for column in ("entered_at", "organisation"):
        op.create_index(op.f(f"ix_owners_{column}"), "owners", [column], unique=False)
    op.create_table(
        "owner_places",
        sa.Column("owner_id", sa.String(length=40), nullable=False),
        sa.Column("place", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["owners.id"], name=op.f("fk_owner_places_owner_id")
        ),
        sa.PrimaryKeyConstraint("owner_id", "place", name=op.f("pk_owner_places")),
    )
    op.create_index(
        op.f("ix_owner_places_place"), "owner_places", ["place"], unique=False
    )
    _make_subject(
        "routings",
        sa.Column("owner", sa.String(length=40), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("stage", sa.String(length=20), nullable=False),
        sa.Column("queued_at", sa.String(length=27), nullable=False),
        sa.Column("turn_at", sa.String(length=27), nullable=True),
    )
    for name, columns in (
        ("ix_routings_case_id", ["case_id"]),
        ("ix_routings_owner_stage", ["owner", "stage"]),
        ("ix_routings_owner_turn_at", ["owner", "turn_at"]),
        ("ix_routings_stage_queued_at", ["stage", "queued_at"]),
    ):
        op.create_index(op.f(name), "routings", columns, unique=False)


def _make_subject(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
