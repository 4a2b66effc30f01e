"""Advisories that are revised and withdrawn, and found by package."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Make the table of advisories anew: what it holds follows from the record."""
    op.drop_table("advisories")
    op.create_table(
        "advisories",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("published_at", sa.String(length=27), nullable=False),
        sa.Column("revised_at", sa.String(length=27), nullable=False),
        sa.Column("withdrawn_at", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_advisories")),
    )
    for column in ("published_at", "revised_at"):
        name = op.f(f"ix_advisories_{column}")
        op.create_index(name, "advisories", [column], unique=False)
    op.create_table(
        "advisory_packages",
        sa.Column("advisory_id", sa.String(length=40), nullable=False),
        sa.Column("ecosystem", sa.String(length=80), nullable=False),
        sa.Column("package", sa.String(length=400), nullable=False),
        sa.ForeignKeyConstraint(
            ["advisory_id"],
            ["advisories.id"],
            name=op.f("fk_advisory_packages_advisory_id"),
        ),
        sa.PrimaryKeyConstraint(
            "advisory_id", "ecosystem", "package", name=op.f("pk_advisory_packages")
        ),
    )
    op.create_index(
        "ix_advisory_packages_package",
        "advisory_packages",
        ["ecosystem", "package"],
        unique=False,
    )
