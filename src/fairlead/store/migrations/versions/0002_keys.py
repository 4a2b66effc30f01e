"""What is confidential is kept closed, each subject under a key of its own.

Bodies are shut with their salts; what follows from the record is dropped and made anew.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import context, op

from fairlead.store.vault import Vault

revision = "0002"
down_revision = "0001"

CONFIDENTIAL = ("advisory", "case", "person", "submission")
"""Kinds whose events have bodies, when this was written."""

DROPPED = (
    "case_participants",
    "advisories",
    "cases",
    "finding_features",
    "finding_keys",
    "imports",
    "organisations",
    "people",
    "submissions",
    "tokens",
)


def upgrade() -> None:
    """Shut every body, and make the tables of this version."""
    for table in DROPPED:
        op.drop_table(table)
    _make_tables()
    _shut_bodies(context.config.attributes["vault"])
    op.drop_column("events", "body_salt")


def _shut_bodies(vault: Vault) -> None:
    """Give every confidential subject a key, and put body and salt into one box."""
    connection = op.get_bind()
    read = sa.text(
        "select stream, version, body, body_salt from events order by stream, version"
    )
    write = sa.text(
        "update events set body = :body where stream = :stream and version = :version"
    )
    keys: dict[str, int | None] = {}
    for row in connection.execute(read).all():
        if row.stream not in keys:
            shut = row.stream.partition("/")[0] in CONFIDENTIAL
            keys[row.stream] = vault.new_key(connection, row.stream) if shut else None
        if row.body is None or row.body_salt is None:
            continue
        where = f"body of {row.stream}, event {row.version}"
        salted = bytes(row.body_salt) + bytes(row.body)
        connection.execute(
            write,
            {
                "body": vault.shut(keys[row.stream], salted, where),
                "stream": row.stream,
                "version": row.version,
            },
        )


def _make_tables() -> None:
    op.create_table(
        "advisories",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("published_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_advisories")),
    )
    op.create_index(
        op.f("ix_advisories_published_at"), "advisories", ["published_at"], unique=False
    )
    op.create_table(
        "cases",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("state_name", sa.String(length=20), nullable=False),
        sa.Column("opened_at", sa.String(length=27), nullable=False),
        sa.Column("embargo_until", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cases")),
    )
    op.create_index(op.f("ix_cases_opened_at"), "cases", ["opened_at"], unique=False)
    op.create_index(
        "ix_cases_state_name_opened_at",
        "cases",
        ["state_name", "opened_at"],
        unique=False,
    )
    op.create_table(
        "exports",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_exports")),
    )
    op.create_index(op.f("ix_exports_asked_at"), "exports", ["asked_at"], unique=False)
    op.create_table(
        "finding_features",
        sa.Column("receipt", sa.String(length=40), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=True),
        sa.Column("features", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("receipt", name=op.f("pk_finding_features")),
    )
    op.create_table(
        "finding_keys",
        sa.Column(
            "id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("key", sa.LargeBinary(), nullable=False),
        sa.Column("vagueness", sa.Integer(), nullable=False),
        sa.Column("receipt", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_finding_keys")),
    )
    op.create_index(
        "ix_finding_keys_key_vagueness_id",
        "finding_keys",
        ["key", "vagueness", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_finding_keys_receipt"), "finding_keys", ["receipt"], unique=False
    )
    op.create_table(
        "imports",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
    )
    op.create_table(
        "organisations",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_organisations")),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("organisation", sa.String(length=40), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
    )
    op.create_index(
        op.f("ix_people_organisation"), "people", ["organisation"], unique=False
    )
    op.create_table(
        "subject_keys",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
        ),
        sa.Column("stream", sa.String(length=80), nullable=False),
        sa.Column("destroyed_at", sa.String(length=27), nullable=True),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_subject_keys")),
        sa.UniqueConstraint("stream"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "submissions",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("organisation", sa.String(length=40), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column("received_at", sa.String(length=27), nullable=False),
        sa.Column("decided_at", sa.String(length=27), nullable=True),
        sa.Column("case_id", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submissions")),
    )
    op.create_index(
        op.f("ix_submissions_case_id"), "submissions", ["case_id"], unique=False
    )
    op.create_index(
        "ix_submissions_organisation_fingerprint",
        "submissions",
        ["organisation", "fingerprint"],
        unique=True,
    )
    op.create_index(
        "ix_submissions_organisation_received_at",
        "submissions",
        ["organisation", "received_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_submissions_received_at"), "submissions", ["received_at"], unique=False
    )
    op.create_table(
        "tokens",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("organisation", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tokens")),
        sa.UniqueConstraint("digest"),
    )
    op.create_index(
        op.f("ix_tokens_organisation"), "tokens", ["organisation"], unique=False
    )
    op.create_table(
        "traces",
        sa.Column("id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_traces")),
    )
    op.create_index(op.f("ix_traces_at"), "traces", ["at"], unique=False)
    op.create_table(
        "case_participants",
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("organisation", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_participants_case_id")
        ),
        sa.PrimaryKeyConstraint(
            "case_id", "organisation", name=op.f("pk_case_participants")
        ),
    )
    op.create_index(
        op.f("ix_case_participants_organisation"),
        "case_participants",
        ["organisation"],
        unique=False,
    )
    op.create_table(
        "case_words",
        sa.Column("case_id", sa.String(length=40), nullable=False),
        sa.Column("word", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["cases.id"], name=op.f("fk_case_words_case_id")
        ),
        sa.PrimaryKeyConstraint("case_id", "word", name=op.f("pk_case_words")),
    )
    op.create_index(op.f("ix_case_words_word"), "case_words", ["word"], unique=False)
    op.create_table(
        "trace_objects",
        sa.Column("trace_id", sa.String(length=40), nullable=False),
        sa.Column("object", sa.String(length=80), nullable=False),
        sa.Column("how", sa.String(length=20), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", sa.String(length=27), nullable=False),
        sa.ForeignKeyConstraint(
            ["trace_id"], ["traces.id"], name=op.f("fk_trace_objects_trace_id")
        ),
        sa.PrimaryKeyConstraint("trace_id", "object", name=op.f("pk_trace_objects")),
    )
    op.create_index(
        "ix_trace_objects_actor_at", "trace_objects", ["actor", "at"], unique=False
    )
    op.create_index(
        "ix_trace_objects_object_at", "trace_objects", ["object", "at"], unique=False
    )
