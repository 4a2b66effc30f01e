"""Pairs of findings: what was decided, what people judged, which finding opened a case."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make the tables; cases are dropped, and made anew from the record."""
    op.create_table(
        "submission_pairs",
        sa.Column("receipt", sa.String(length=40), nullable=False),
        sa.Column("other", sa.String(length=40), nullable=False),
        sa.Column("pair", sa.String(length=40), nullable=False),
        sa.Column("verdict", sa.String(length=8), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["receipt"],
            ["submissions.id"],
            name=op.f("fk_submission_pairs_receipt"),
        ),
        sa.PrimaryKeyConstraint("receipt", "other", name=op.f("pk_submission_pairs")),
    )
    for name, columns, unique in (
        ("ix_submission_pairs_other", ["other"], False),
        ("ix_submission_pairs_pair", ["pair"], True),
        (
            "ix_submission_pairs_verdict_probability_pair",
            ["verdict", "probability", "pair"],
            False,
        ),
    ):
        op.create_index(op.f(name), "submission_pairs", columns, unique=unique)
    op.create_table(
        "pairs",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("first", sa.String(length=40), nullable=False),
        sa.Column("second", sa.String(length=40), nullable=False),
        sa.Column("judgement", sa.String(length=12), nullable=False),
        sa.Column("suggested", sa.String(length=12), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pairs")),
    )
    for column in ("at", "first", "second"):
        op.create_index(op.f(f"ix_pairs_{column}"), "pairs", [column], unique=False)
    for table in ("case_words", "case_participants", "cases"):
        op.execute(f"delete from {table}")  # noqa: S608 - names of ours
    op.add_column(
        "cases",
        sa.Column(
            "opened_for", sa.String(length=40), nullable=False, server_default=""
        ),
    )
    op.create_index(op.f("ix_cases_opened_for"), "cases", ["opened_for"], unique=False)
    _index_anew()


def _index_anew() -> None:
    """Make the index of findings smaller, its keys by package; it is filled anew."""
    op.drop_table("finding_keys")
    op.drop_table("finding_features")
    place = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "finding_features",
        sa.Column("place", place, autoincrement=True, nullable=False),
        sa.Column("receipt", sa.String(length=40), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=True),
        sa.Column("features", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("place", name=op.f("pk_finding_features")),
        sa.UniqueConstraint("receipt"),
    )
    op.create_table(
        "finding_keys",
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("vagueness", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint(
            "key", "vagueness", "place", name=op.f("pk_finding_keys")
        ),
        sqlite_with_rowid=False,
    )
