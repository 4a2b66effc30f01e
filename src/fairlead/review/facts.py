"""What can happen to an engagement."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from fairlead.base.ids import AccessKeyId, AssessmentId, OrganisationId, PersonId
from fairlead.record.events import Fact
from fairlead.review.window import Ending
from fairlead.terms.clauses import AssetKind, Purpose, Side


class Audience(StrEnum):
    """To whom a developer released its model."""

    PARTNERS = "trusted partners"
    EVERYONE = "everyone"


class Said(Struct, frozen=True, kw_only=True):
    """What somebody said, in words."""

    text: str


class Question(Struct, frozen=True, kw_only=True):
    """What a developer asks; it need not name its model."""

    text: str
    model: str = ""


class Written(Struct, frozen=True, kw_only=True):
    """Terms, as canonical JSON."""

    terms: str


class Signature(Struct, frozen=True, kw_only=True):
    """What proves that a side signed; anyone can check it with the key beside it."""

    how: str
    """`passkey` (W3C WebAuthn assertion) or `ed25519` (C2SP signed note)."""
    key: str
    """The public key: COSE in base64url, or a signed-note verifier key."""
    proof: str
    """The assertion as JSON, or the note."""
    nonce: str = ""
    """In hex; the assertion's challenge is SHA-256 over statement and nonce."""


class Described(Struct, frozen=True, kw_only=True):
    """What the programme attests of a person it names."""

    name: str
    attributes: tuple[str, ...] = ()
    place: str = ""
    """The facility at which the person works."""


class Connection(Struct, frozen=True, kw_only=True):
    """How an endpoint is reached; never shown again once it was given."""

    url: str = ""
    credential: str = ""
    dialect: str = "openai"
    """`openai` or `anthropic`: how the credential is sent."""
    model: str = ""
    """What the endpoint calls the model."""
    cents_per_million_in: int = 0
    cents_per_million_out: int = 0
    key: str = ""
    """The key with which the developer's broker signs what was used, where the developer
    runs it; `url` is that broker's then, and there is no credential."""


class Measured(Struct, frozen=True, kw_only=True):
    """An assessment, at its three levels of detail."""

    title: str
    outcome: str
    scores: str = ""
    transcripts: str = ""


class EngagementAsked(Fact, frozen=True, tag="engagement.asked@1"):
    """A developer asks whether its model is covered; this commits it to nothing."""

    developer: OrganisationId
    body: Question | None = None


class EngagementProposed(Fact, frozen=True, tag="engagement.proposed@1"):
    """The programme proposes an engagement to a developer."""

    developer: OrganisationId
    body: Said | None = None


class EngagementAnswered(Fact, frozen=True, tag="engagement.answered@1"):
    """The programme answers."""

    body: Said | None = None


class TermsOffered(Fact, frozen=True, tag="engagement.terms_offered@1"):
    """A side offers terms; nothing holds until both have signed the same digest."""

    side: Side
    digest: str
    body: Written | None = None


class TermsSigned(Fact, frozen=True, tag="engagement.terms_signed@1"):
    """A side signed the terms with this digest."""

    side: Side
    digest: str
    body: Signature | None = None


class TermsNarrowed(Fact, frozen=True, tag="engagement.terms_narrowed@1"):
    """The developer alone made the terms narrower, at once."""

    digest: str
    body: Written | None = None


class PersonNamed(Fact, frozen=True, tag="engagement.person_named@1"):
    """A person may act in the engagement, as far as the terms go."""

    person: PersonId
    side: Side
    organisation: OrganisationId
    roles: tuple[str, ...]
    body: Described | None = None


class PersonRemoved(Fact, frozen=True, tag="engagement.person_removed@1"):
    """A person does nothing more in the engagement; no reason is asked."""

    person: PersonId
    by: Side


class AssetProvided(Fact, frozen=True, tag="engagement.asset_provided@1"):
    """The developer made an asset available."""

    asset: str
    kind: AssetKind
    body: Connection | None = None


class AssetKeyed(Fact, frozen=True, tag="engagement.asset_keyed@1"):
    """The programme gave out the keys for which an asset is to be sealed."""

    asset: str
    holder: str
    """Public keys, as the file that the developer is given."""


class AssetSealed(Fact, frozen=True, tag="engagement.asset_sealed@1"):
    """All sealed files of an asset have come, as the developer signed them."""

    asset: str
    seal: str
    digest: str
    """SHA-256 of `signature.json`, in hex."""
    sealed_by: str
    """The developer's public keys, as a file."""


class AssetOpened(Fact, frozen=True, tag="engagement.asset_opened@1"):
    """A named person was given the programme's half, for one session."""

    asset: str
    person: PersonId
    second: PersonId | None
    purpose: Purpose
    clause: int
    session: str
    """Names the session's key."""


class AccessOpened(Fact, frozen=True, tag="engagement.access_opened@1"):
    """Access is live; the window runs."""

    opens: datetime
    ends: datetime


class AccessEnded(Fact, frozen=True, tag="engagement.access_ended@1"):
    """The programme's access is over."""

    ending: Ending


class KeyIssued(Fact, frozen=True, tag="engagement.key_issued@1"):
    """A named person made a key with which programs act for it."""

    key: AccessKeyId
    person: PersonId
    digest: str
    """SHA-256 of the secret, in hex."""


class KeyEnded(Fact, frozen=True, tag="engagement.key_ended@1"):
    """A key opens nothing any more."""

    key: AccessKeyId


class Use(Struct, frozen=True, kw_only=True):
    """One call through the broker, finished."""

    person: PersonId
    asset: str
    clause: int
    began: str
    seconds: float
    tokens_in: int
    tokens_out: int
    cents: int
    counted: str
    """Who counted the tokens: `upstream`, or `here` where upstream reports none."""
    outcome: str
    """`finished`, `cut`, or `failed` with what upstream answered."""
    content: str = ""
    """What was sent and answered, where a clause says that it is logged."""
    call: str = ""
    """By what both sides name it, where it went to the developer's broker."""


class Uses(Struct, frozen=True, kw_only=True):
    """Calls, each by itself."""

    calls: tuple[Use, ...]


class AccessUsed(Fact, frozen=True, tag="engagement.access_used@1"):
    """Calls went through the broker."""

    calls: int
    tokens: int
    cents: int
    by_asset: dict[str, tuple[int, int, int]]
    """Asset: calls, tokens, cents."""
    relayed: int = 0
    """How many of them the developer's broker answered, and so counted too."""
    body: Uses | None = None


class Compared(Struct, frozen=True, kw_only=True):
    """What both sides counted of the same calls, each signed by its side."""

    ours: str
    """The programme's ledger, as a signed note."""
    theirs: str
    """The developer's."""


class UsageCompared(Fact, frozen=True, tag="engagement.usage_compared@1"):
    """The sides exchanged what they counted of calls through the developer's broker."""

    calls: int
    differing: int
    """Calls of which the two counts are not the same."""
    body: Compared | None = None


class AssessmentDelivered(Fact, frozen=True, tag="engagement.assessment_delivered@1"):
    """An assessment went to the developer, before anybody else sees it (P4)."""

    assessment: AssessmentId
    reply_until: datetime
    body: Measured | None = None


class AssessmentAnswered(Fact, frozen=True, tag="engagement.assessment_answered@1"):
    """The developer answers; its answer travels with the assessment."""

    assessment: AssessmentId
    passes_on: bool = False
    """The developer waives what is left of its reply period."""
    body: Said | None = None


class ReleaseRecorded(Fact, frozen=True, tag="engagement.release_recorded@1"):
    """The developer says that it released its model; nobody is asked."""

    to: Audience


class PartnerNominated(Fact, frozen=True, tag="engagement.partner_nominated@1"):
    """A side proposes a trusted partner."""

    partner: OrganisationId
    by: Side
    small_operator: bool = False
    """A rural hospital, community bank or local utility, for which places are kept."""
    body: Said | None = None


class PartnerAgreed(Fact, frozen=True, tag="engagement.partner_agreed@1"):
    """The developer consents to a partner."""

    partner: OrganisationId


class PartnerOpened(Fact, frozen=True, tag="engagement.partner_opened@1"):
    """A partner's own access runs; it ends by itself."""

    partner: OrganisationId
    opens: datetime
    ends: datetime


class PartnerRemoved(Fact, frozen=True, tag="engagement.partner_removed@1"):
    """A partner's access is over at once."""

    partner: OrganisationId
    ending: Ending


class ClosingBegun(Fact, frozen=True, tag="engagement.closing_begun@1"):
    """All access is over; holders destroy what they received."""


class HolderStated(Fact, frozen=True, tag="engagement.holder_stated@1"):
    """A holder states what it destroyed."""

    side: Side
    organisation: OrganisationId
    body: Said | None = None


class EngagementWithdrawn(Fact, frozen=True, tag="engagement.withdrawn@1"):
    """The developer withdrew; no reason is asked."""


class OpeningTried(Fact, frozen=True, tag="engagement.opening_tried@1"):
    """After destruction somebody tried to open what was held."""

    what: str
    opened: bool


class EngagementDestroyed(Fact, frozen=True, tag="engagement.destroyed@1"):
    """Everything confidential that is kept here was destroyed."""


class EngagementClosed(Fact, frozen=True, tag="engagement.closed@1"):
    """It is over, and its certificate of destruction can be had."""


FACTS: tuple[type[Fact], ...] = (
    EngagementAsked,
    EngagementProposed,
    EngagementAnswered,
    TermsOffered,
    TermsSigned,
    TermsNarrowed,
    PersonNamed,
    PersonRemoved,
    AssetProvided,
    AssetKeyed,
    AssetSealed,
    AssetOpened,
    AccessOpened,
    AccessEnded,
    KeyIssued,
    KeyEnded,
    AccessUsed,
    UsageCompared,
    AssessmentDelivered,
    AssessmentAnswered,
    ReleaseRecorded,
    PartnerNominated,
    PartnerAgreed,
    PartnerOpened,
    PartnerRemoved,
    ClosingBegun,
    HolderStated,
    EngagementWithdrawn,
    OpeningTried,
    EngagementDestroyed,
    EngagementClosed,
)
