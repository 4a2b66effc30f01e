"""The tables. Each is of exactly one class (promise P5), given by `kept_as`.

record       what happened; never changed, and never lost
snapshot     equals the fold over the record; `record check` proves it
derived      can be made anew from the record at any time
operational  sessions, codes, jobs, timers: may be lost without anybody being wronged
catalogue    what others publish; imported again at any time. These tables are in a file
             or schema of their own, see `fairlead.store.catalogue.tables`
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeDecorator

from fairlead.base import instants


class Class(StrEnum):
    """What a table is, and so what may be done with it."""

    RECORD = "record"
    SNAPSHOT = "snapshot"
    DERIVED = "derived"
    OPERATIONAL = "operational"
    CATALOGUE = "catalogue"


class Instant(TypeDecorator[datetime]):
    """An instant as text of fixed width, which sorts and is the same everywhere."""

    impl = String(27)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _: Dialect) -> str | None:
        """Write an instant."""
        return None if value is None else instants.text(value)

    def process_result_value(self, value: str | None, _: Dialect) -> datetime | None:
        """Read an instant."""
        return None if value is None else instants.parse(value)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
# SQLite's INTEGER is its own 64-bit row number, and only that increments by itself.
_counter = BigInteger().with_variant(Integer, "sqlite")


def _table(name: str, kept_as: Class, *items: SchemaItem) -> Table:
    return Table(name, metadata, *items, info={"class": kept_as})


def _subject(name: str, *columns: SchemaItem) -> Table:
    """Return a snapshot table: the whole state, and columns to find it by."""
    return _table(
        name,
        Class.SNAPSHOT,
        Column("id", String(40), primary_key=True),
        Column("version", Integer, nullable=False),
        # The number of the key that opens `state`; nothing where it is not shut.
        Column("key", BigInteger),
        Column("state", LargeBinary, nullable=False),
        *columns,
    )


events = _table(
    "events",
    Class.RECORD,
    Column("stream", String(80), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("type", String(80), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("at", Instant, nullable=False),
    Column("header", LargeBinary, nullable=False),
    # Salt and body as the vault keeps them; nothing once they were destroyed.
    Column("body", LargeBinary),
    Column("header_salt", LargeBinary, nullable=False),
    Column("body_hash", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
)

subject_keys = Table(
    "subject_keys",
    metadata,
    Column("number", _counter, primary_key=True, autoincrement=True),
    Column("stream", String(80), nullable=False, unique=True),
    Column("destroyed_at", Instant),
    info={"class": Class.RECORD},
    sqlite_autoincrement=True,  # a number is never used again
)

leaves = _table(
    "leaves",
    Class.RECORD,
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    Column("stream", String(80), nullable=False),
    Column("version", Integer, nullable=False),
    ForeignKeyConstraint(["stream", "version"], ["events.stream", "events.version"]),
    Index("ix_leaves_event", "stream", "version", unique=True),
)

unsequenced = _table(
    "unsequenced",
    Class.DERIVED,
    Column("id", _counter, primary_key=True, autoincrement=True),
    Column("stream", String(80), nullable=False),
    Column("version", Integer, nullable=False),
    ForeignKeyConstraint(["stream", "version"], ["events.stream", "events.version"]),
)

organisations = _subject("organisations", Column("name", Text, nullable=False))

people = _subject(
    "people",
    Column("organisation", String(40), nullable=False, index=True),
    Column("active", Boolean, nullable=False),
)

person_passkeys = _table(
    "person_passkeys",
    Class.SNAPSHOT,
    Column("person", String(40), ForeignKey("people.id"), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Index("ix_person_passkeys_digest", "digest", unique=True),
)

person_logins = _table(
    "person_logins",
    Class.SNAPSHOT,
    Column("person", String(40), ForeignKey("people.id"), primary_key=True),
    Column("digest", String(64), primary_key=True),
    Index("ix_person_logins_digest", "digest", unique=True),
)

tokens = _subject(
    "tokens",
    Column("organisation", String(40), nullable=False, index=True),
    Column("digest", String(64), nullable=False, unique=True),
)

submissions = _subject(
    "submissions",
    Column("organisation", String(40), nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("received_at", Instant, nullable=False, index=True),
    Column("decided_at", Instant),
    Column("case_id", String(40), index=True),
    # How its sender was answered; nothing while it was not.
    Column("outcome", String(20)),
    Index(
        "ix_submissions_organisation_fingerprint",
        "organisation",
        "fingerprint",
        unique=True,
    ),
    # Figures are counted from it alone.
    Index(
        "ix_submissions_organisation_received_at",
        "organisation",
        "received_at",
        "outcome",
    ),
)

submission_pairs = _table(
    "submission_pairs",
    Class.SNAPSHOT,
    Column("receipt", String(40), ForeignKey("submissions.id"), primary_key=True),
    Column("other", String(40), primary_key=True, index=True),
    Column("pair", String(40), nullable=False),
    Column("verdict", String(8), nullable=False),
    Column("probability", Float, nullable=False),
    Index("ix_submission_pairs_pair", "pair", unique=True),
    Index(
        "ix_submission_pairs_verdict_probability_pair",
        "verdict",
        "probability",
        "pair",
    ),
)

pairs = _subject(
    "pairs",
    Column("first", String(40), nullable=False, index=True),
    Column("second", String(40), nullable=False, index=True),
    Column("judgement", String(12), nullable=False),
    Column("suggested", String(12), nullable=False),
    Column("at", Instant, nullable=False, index=True),
)

cases = _subject(
    "cases",
    Column("state_name", String(20), nullable=False),
    Column("opened_for", String(40), nullable=False, index=True),
    Column("opened_at", Instant, nullable=False),
    Column("embargo_until", Instant),
    # When the next of its clocks runs out; nothing when none runs.
    Column("due_at", Instant),
    # Who answers for it.
    Column("coordinator", String(40)),
    # Each order of the queue is that of an index, so a page costs the same everywhere.
    Index("ix_cases_opened_at", "opened_at", "id"),
    Index("ix_cases_state_name_opened_at", "state_name", "opened_at", "id"),
    Index("ix_cases_due_at", "due_at", "id"),
    Index("ix_cases_coordinator", "coordinator", "opened_at", "id"),
)

case_participants = _table(
    "case_participants",
    Class.SNAPSHOT,
    Column("case_id", String(40), ForeignKey("cases.id"), primary_key=True),
    Column("organisation", String(40), primary_key=True),
    Column("opened_at", Instant, nullable=False),
    Index("ix_case_participants_organisation", "organisation", "opened_at", "case_id"),
)

case_words = _table(
    "case_words",
    Class.SNAPSHOT,
    Column("case_id", String(40), ForeignKey("cases.id"), primary_key=True),
    # The fingerprint of a word of the title, which itself is kept closed.
    Column("word", LargeBinary, primary_key=True),
    Column("opened_at", Instant, nullable=False),
    Index("ix_case_words_word", "word", "opened_at", "case_id"),
)

finding_marks = _table(
    "finding_marks",
    Class.DERIVED,
    Column("receipt", String(40), primary_key=True),
    # How severe it says to be, of what ecosystem it is, or the fingerprint of a name of
    # its project.
    Column("mark", String(48), primary_key=True, index=True),
)

case_marks = _table(
    "case_marks",
    Class.DERIVED,
    Column("case_id", String(40), primary_key=True),
    # What its findings say together, and how their senders were answered.
    Column("mark", String(48), primary_key=True),
    Column("opened_at", Instant, nullable=False),
    Index("ix_case_marks_mark", "mark", "opened_at", "case_id"),
)

messages = _subject(
    "messages",
    Column("case_id", String(40), nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_messages_case_id_at", "case_id", "at"),
)

message_readers = _table(
    "message_readers",
    Class.SNAPSHOT,
    Column("message_id", String(40), ForeignKey("messages.id"), primary_key=True),
    Column("reader", String(40), primary_key=True, index=True),
)

message_mentions = _table(
    "message_mentions",
    Class.SNAPSHOT,
    Column("message_id", String(40), ForeignKey("messages.id"), primary_key=True),
    Column("person", String(40), primary_key=True, index=True),
)

statements = _subject(
    "statements",
    Column("case_id", String(40), nullable=False, index=True),
    Column("organisation", String(40), nullable=False),
)

statement_readers = _table(
    "statement_readers",
    Class.SNAPSHOT,
    Column("statement_id", String(40), ForeignKey("statements.id"), primary_key=True),
    Column("reader", String(40), primary_key=True, index=True),
)

tasks = _subject(
    "tasks",
    Column("case_id", String(40), nullable=False, index=True),
    Column("person", String(40)),
    # Nothing once it was done.
    Column("due", Instant, index=True),
)

task_readers = _table(
    "task_readers",
    Class.SNAPSHOT,
    Column("task_id", String(40), ForeignKey("tasks.id"), primary_key=True),
    Column("reader", String(40), primary_key=True, index=True),
)

traces = _subject(
    "traces",
    Column("actor", String(80), nullable=False),
    Column("at", Instant, nullable=False, index=True),
)

trace_objects = _table(
    "trace_objects",
    Class.SNAPSHOT,
    Column("trace_id", String(40), ForeignKey("traces.id"), primary_key=True),
    Column("object", String(80), primary_key=True),
    Column("how", String(20), nullable=False),
    Column("actor", String(80), nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_trace_objects_object_at", "object", "at"),
    Index("ix_trace_objects_actor_at", "actor", "at"),
)

advisories = _subject(
    "advisories",
    Column("case_id", String(40), nullable=False),
    Column("title", Text, nullable=False),
    Column("published_at", Instant, nullable=False, index=True),
    Column("revised_at", Instant, nullable=False, index=True),
    Column("withdrawn_at", Instant),
)

advisory_packages = _table(
    "advisory_packages",
    Class.DERIVED,
    Column("advisory_id", String(40), ForeignKey("advisories.id"), primary_key=True),
    Column("ecosystem", String(80), primary_key=True),
    Column("package", String(400), primary_key=True),
    Index("ix_advisory_packages_package", "ecosystem", "package"),
)

applications = _subject(
    "applications",
    Column("digest", String(64), nullable=False, unique=True),
    Column("stage", String(20), nullable=False),
    Column("received_at", Instant, nullable=False, index=True),
)

exports = _subject("exports", Column("asked_at", Instant, nullable=False, index=True))

engagements = _subject(
    "engagements",
    Column("developer", String(40), nullable=False, index=True),
    Column("state_name", String(30), nullable=False, index=True),
    Column("began_at", Instant, nullable=False, index=True),
)

engagement_members = _table(
    "engagement_members",
    Class.SNAPSHOT,
    Column("engagement_id", String(40), ForeignKey("engagements.id"), primary_key=True),
    # `person/…` of those named, and organisations of partners with access.
    Column("member", String(50), primary_key=True, index=True),
)

engagement_keys = _table(
    "engagement_keys",
    Class.SNAPSHOT,
    Column("engagement_id", String(40), ForeignKey("engagements.id"), primary_key=True),
    Column("digest", String(64), primary_key=True, index=True),
)

determinations = _subject(
    "determinations",
    Column("engagement", String(40), nullable=False, index=True),
    Column("made_at", Instant, nullable=False),
)

runs = _subject(
    "runs",
    Column("engagement", String(40), index=True),
    Column("state_name", String(20), nullable=False),
)

claims = _subject(
    "claims",
    Column("organisation", String(40), nullable=False),
    Column("state_name", String(20), nullable=False),
    Column("visibility", String(20), nullable=False),
    Column("taken_at", Instant, nullable=False, index=True),
    Column("breadth", Integer, nullable=False),
    # By what the same request is recognised; nothing where none was named.
    Column("request", String(64)),
    Index("ix_claims_organisation_request", "organisation", "request", unique=True),
    Index("ix_claims_held", "organisation", "state_name", "breadth"),
    Index("ix_claims_state_name_taken_at", "state_name", "taken_at"),
)

claim_places = _table(
    "claim_places",
    Class.DERIVED,
    Column("claim_id", String(40), primary_key=True),
    # The fingerprint of a place, or of what the OPRF makes of it.
    Column("place", LargeBinary, primary_key=True),
    # Whether it is the claim's own place, or one that contains it.
    Column("own", Boolean, nullable=False),
    Column("state_name", String(20), nullable=False),
    # When it ends, or ended.
    Column("until", Instant, nullable=False),
    # So a lookup costs the same however many claims there are.
    Index("ix_claim_places_place", "place", "own", "state_name", "until"),
)

owner_words = _subject(
    "owner_words",
    Column("organisation", String(40), nullable=False, index=True),
    Column("place", Text, nullable=False, index=True),
    Column("active", Boolean, nullable=False),
)

owners = _subject(
    "owners",
    Column("organisation", String(40), index=True),
    Column("active", Boolean, nullable=False),
    Column("entered_at", Instant, nullable=False, index=True),
)

owner_places = _table(
    "owner_places",
    Class.SNAPSHOT,
    Column("owner_id", String(40), ForeignKey("owners.id"), primary_key=True),
    # The fingerprint of a place: whoever has the database alone reads no names.
    Column("place", LargeBinary, primary_key=True, index=True),
)

routings = _subject(
    "routings",
    Column("owner", String(40), nullable=False),
    Column("case_id", String(40), nullable=False, index=True),
    Column("stage", String(20), nullable=False),
    Column("queued_at", Instant, nullable=False),
    Column("turn_at", Instant),
    Index("ix_routings_owner_stage", "owner", "stage"),
    Index("ix_routings_owner_turn_at", "owner", "turn_at"),
    Index("ix_routings_stage_queued_at", "stage", "queued_at"),
)

aliases = _subject(
    "aliases",
    Column("place", Text, nullable=False, index=True),
    Column("active", Boolean, nullable=False),
)

allowances = _subject("allowances")

inventories = _subject("inventories", Column("active", Boolean, nullable=False))

introductions = _subject(
    "introductions",
    Column("claim_id", String(40), nullable=False, index=True),
    Column("other_id", String(40), nullable=False, index=True),
)

introduction_sides = _table(
    "introduction_sides",
    Class.SNAPSHOT,
    Column(
        "introduction_id",
        String(40),
        ForeignKey("introductions.id"),
        primary_key=True,
    ),
    Column("organisation", String(40), primary_key=True, index=True),
)

suites = _subject("suites")

milestones = _subject("milestones")

figures = _subject("figures")

consents = _subject("consents")

imports = _subject("imports", Column("at", Instant, nullable=False))

finding_features = _table(
    "finding_features",
    Class.DERIVED,
    # Its place in the index: later ones have higher numbers.
    Column("place", _counter, primary_key=True, autoincrement=True),
    Column("receipt", String(40), nullable=False, unique=True),
    Column("key", BigInteger),
    Column("features", LargeBinary, nullable=False),
)

finding_keys = Table(
    "finding_keys",
    metadata,
    # Four bytes of the package, eight of the key: what one package has lies together.
    Column("key", LargeBinary, primary_key=True),
    # How little the finding says, as a number: the most detailed comes first.
    Column("vagueness", Integer, primary_key=True, autoincrement=False),
    Column("place", BigInteger, primary_key=True, autoincrement=False),
    info={"class": Class.DERIVED},
    sqlite_with_rowid=False,
)

codes = _table(
    "codes",
    Class.OPERATIONAL,
    Column("digest", String(64), primary_key=True),
    Column("person", String(40), nullable=False, index=True),
    Column("ends_at", Instant, nullable=False, index=True),
)

sessions = _table(
    "sessions",
    Class.OPERATIONAL,
    Column("digest", String(64), primary_key=True),
    Column("person", String(40), nullable=False, index=True),
    Column("ends_at", Instant, nullable=False, index=True),
    Column("began_at", Instant, nullable=False),
    Column("how", String(20), nullable=False),
    Column("verified_at", Instant),
    Column("agent", String(200), nullable=False),
)

challenges = _table(
    "challenges",
    Class.OPERATIONAL,
    Column("bound", String(64), primary_key=True),
    Column("purpose", String(20), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("ends_at", Instant, nullable=False, index=True),
)

sign_counts = _table(
    "sign_counts",
    Class.OPERATIONAL,
    Column("digest", String(64), primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("used_at", Instant, nullable=False),
)

idempotency_keys = _table(
    "idempotency_keys",
    Class.OPERATIONAL,
    Column("digest", String(64), primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("receipt", String(40), nullable=False),
    Column("ends_at", Instant, nullable=False, index=True),
)

feeds = _table(
    "feeds",
    Class.OPERATIONAL,
    Column("digest", String(64), primary_key=True),
    Column("person", String(40), nullable=False, index=True),
    Column("engagement", String(40), nullable=False),
    Column("made_at", Instant, nullable=False),
)

views = _table(
    "views",
    Class.OPERATIONAL,
    Column("id", String(40), primary_key=True),
    Column("person", String(40), nullable=False, index=True),
    Column("organisation", String(40), nullable=False),
    Column("made_at", Instant, nullable=False),
    # Its name and what it asks for, which may name what is under embargo: kept closed.
    Column("content", LargeBinary, nullable=False),
)

leases = _table(
    "leases",
    Class.OPERATIONAL,
    Column("run", String(40), primary_key=True),
    Column("key", String(120), primary_key=True),
    # In the order of the run.
    Column("place", Integer, nullable=False),
    # How often it was taken; only what comes with this number is kept.
    Column("fence", Integer, nullable=False),
    Column("worker", String(80), nullable=False),
    Column("until", Instant),
    # What became of the attempt, as a line of `attempts.ndjson`.
    Column("line", LargeBinary),
    Index("ix_leases_run_place", "run", "place"),
)

jobs = _table(
    "jobs",
    Class.OPERATIONAL,
    Column("id", _counter, primary_key=True, autoincrement=True),
    Column("kind", String(40), nullable=False),
    Column("subject", String(80), nullable=False),
    Column("due_at", Instant, nullable=False, index=True),
    Column("attempts", Integer, nullable=False),
    Column("error", Text),
)

timers = _table(
    "timers",
    Class.OPERATIONAL,
    Column("kind", String(40), primary_key=True),
    Column("subject", String(80), primary_key=True),
    Column("due_at", Instant, nullable=False, index=True),
)
