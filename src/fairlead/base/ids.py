"""Identifiers: random, so that none can be guessed and none counts anything."""

from __future__ import annotations

from typing import NewType

from fairlead.base.ports import Randomness

OrganisationId = NewType("OrganisationId", str)
PersonId = NewType("PersonId", str)
TokenId = NewType("TokenId", str)
PasskeyId = NewType("PasskeyId", str)
LoginId = NewType("LoginId", str)
Receipt = NewType("Receipt", str)
"""Names a submission and the one finding in it; holding it proves the submission."""
CaseId = NewType("CaseId", str)
AdvisoryId = NewType("AdvisoryId", str)
TraceId = NewType("TraceId", str)
ApplicationId = NewType("ApplicationId", str)
ExportId = NewType("ExportId", str)
EngagementId = NewType("EngagementId", str)
AccessKeyId = NewType("AccessKeyId", str)
AssessmentId = NewType("AssessmentId", str)
DeterminationId = NewType("DeterminationId", str)
ClaimId = NewType("ClaimId", str)
OwnerWordId = NewType("OwnerWordId", str)
OwnerId = NewType("OwnerId", str)
RoutingId = NewType("RoutingId", str)
AliasId = NewType("AliasId", str)
IntroductionId = NewType("IntroductionId", str)
MilestoneId = NewType("MilestoneId", str)
SuiteId = NewType("SuiteId", str)
"""Names a generated suite, by the digest of its seed."""
ViewId = NewType("ViewId", str)
"""Names a saved view of the queue; whoever has it may open the view."""
MessageId = NewType("MessageId", str)
StatementId = NewType("StatementId", str)
TaskId = NewType("TaskId", str)
PairId = NewType("PairId", str)
"""Names two findings, in whatever order they are given."""

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""Thirty-one characters; none is mistaken for another when read aloud or typed."""


def random_text(randomness: Randomness, length: int) -> str:
    """Return *length* random characters, about 4.95 bits each."""
    # A byte of 248 or more would favour the first letters; it is drawn again.
    letters: list[str] = []
    while len(letters) < length:
        letters += [_ALPHABET[b % 31] for b in randomness(length) if b < 31 * 8]
    return "".join(letters[:length])


def new_receipt(randomness: Randomness) -> Receipt:
    """Return a receipt: 18 characters after `SUB-`, 89 bits (TAP Intake API)."""
    return Receipt("SUB-" + random_text(randomness, 18))


def pair_id(one: Receipt, other: Receipt) -> PairId:
    """Return the name of the pair: both receipts without what all begin with."""
    first, second = sorted((one, other))
    return PairId(f"{first.removeprefix('SUB-')}.{second.removeprefix('SUB-')}")


def receipts_of(pair: PairId) -> tuple[Receipt, Receipt]:
    """Return the two receipts that *pair* names; of nonsense, ones that nothing has."""
    first, _, second = pair.partition(".")
    return Receipt(f"SUB-{first}"), Receipt(f"SUB-{second}")


def new_case_id(randomness: Randomness) -> CaseId:
    """Return a case's name, short enough to say: 10 characters, 49 bits."""
    return CaseId("FL-" + random_text(randomness, 10))


def new_organisation_id(randomness: Randomness) -> OrganisationId:
    """Return an organisation's name."""
    return OrganisationId("org-" + random_text(randomness, 12))


def new_person_id(randomness: Randomness) -> PersonId:
    """Return a person's name."""
    return PersonId("per-" + random_text(randomness, 12))


def new_token_id(randomness: Randomness) -> TokenId:
    """Return the public name of a token, by which it is listed and revoked."""
    return TokenId("tok-" + random_text(randomness, 12))


def new_trace_id(randomness: Randomness) -> TraceId:
    """Return a trace's name."""
    return TraceId("tr-" + random_text(randomness, 16))


def new_application_id(randomness: Randomness) -> ApplicationId:
    """Return an application's name."""
    return ApplicationId("app-" + random_text(randomness, 12))


def new_export_id(randomness: Randomness) -> ExportId:
    """Return an export's name."""
    return ExportId("exp-" + random_text(randomness, 12))


def new_passkey_id(randomness: Randomness) -> PasskeyId:
    """Return the name under which a passkey is listed and removed."""
    return PasskeyId("key-" + random_text(randomness, 12))


def new_login_id(randomness: Randomness) -> LoginId:
    """Return the name under which a linked login is listed and removed."""
    return LoginId("log-" + random_text(randomness, 12))


def new_engagement_id(randomness: Randomness) -> EngagementId:
    """Return an engagement's name; it says nothing about the model."""
    return EngagementId("eng-" + random_text(randomness, 12))


def new_access_key_id(randomness: Randomness) -> AccessKeyId:
    """Return the public name of a key to the assets of an engagement."""
    return AccessKeyId("ak-" + random_text(randomness, 12))


def new_assessment_id(randomness: Randomness) -> AssessmentId:
    """Return an assessment's name."""
    return AssessmentId("asm-" + random_text(randomness, 12))


def new_determination_id(randomness: Randomness) -> DeterminationId:
    """Return a determination's name."""
    return DeterminationId("det-" + random_text(randomness, 12))


def new_claim_id(randomness: Randomness) -> ClaimId:
    """Return a claim's name: 14 characters, 69 bits; others are not told of all."""
    return ClaimId("clm-" + random_text(randomness, 14))


def new_owner_word_id(randomness: Randomness) -> OwnerWordId:
    """Return the name of what an owner said."""
    return OwnerWordId("own-" + random_text(randomness, 12))


def new_owner_id(randomness: Randomness) -> OwnerId:
    """Return an owner's name."""
    return OwnerId("onr-" + random_text(randomness, 12))


def new_routing_id(randomness: Randomness) -> RoutingId:
    """Return a delivery's name; it stands in addresses to which an owner writes."""
    return RoutingId("rtg-" + random_text(randomness, 12))


def new_alias_id(randomness: Randomness) -> AliasId:
    """Return the name of one more name of a project."""
    return AliasId("als-" + random_text(randomness, 12))


def new_introduction_id(randomness: Randomness) -> IntroductionId:
    """Return an introduction's name."""
    return IntroductionId("int-" + random_text(randomness, 14))


def new_milestone_id(randomness: Randomness) -> MilestoneId:
    """Return a milestone's name; those of a profile have names of its own."""
    return MilestoneId("ms-" + random_text(randomness, 12))


def new_view_id(randomness: Randomness) -> ViewId:
    """Return the name of a saved view: 16 characters, 79 bits."""
    return ViewId("view-" + random_text(randomness, 16))


def new_message_id(randomness: Randomness) -> MessageId:
    """Return the name of a message in a case."""
    return MessageId("msg-" + random_text(randomness, 14))


def new_statement_id(randomness: Randomness) -> StatementId:
    """Return the name of a statement about a product."""
    return StatementId("stm-" + random_text(randomness, 14))


def new_task_id(randomness: Randomness) -> TaskId:
    """Return a task's name."""
    return TaskId("tsk-" + random_text(randomness, 14))
