"""Every error a caller may want to catch.

* Error
  - Invalid               what came in does not say what it must (400; 413 by its codes)
    + Malformed           it could not be read at all
    + BadEnvelope         what it came in could not be read: multipart, a header
    + TooLarge            more bytes than are taken
  - Unauthenticated       nobody known is asking (401)
  - NotFound              it does not exist, or the asker may not know that it does (404)
  - NotAllowed            the asker may know of it but not do this (403)
    + NotVerified         a person must show anew that it is the one who signed in (403)
  - Refused               the state of the subject forbids it now (409)
    + UnderEmbargo        the case is closed until its embargo ends
    + Destroyed           its key was destroyed: it opens for nobody any more
    + Conflict            someone else changed it first
    + KeyReused           the same idempotency key came with something else (422)
    + Claimed             another claim stands in the way
    + AgainstOwner        the owner asked not to scan in this way
  - Unavailable           it could not be done now; nothing was stored (503)
    + NotReached          what was to be called cannot be reached
    + InUse               another server works on the same folder
    + TooMany             too often in too short a time (429)
    + NoSandbox           a wall is missing, so that nothing was run
    + Gone                a living sandbox has ended, or does not answer
  - Damaged               what is stored contradicts itself
  - Misconfigured         a setting makes no sense

Each class has a stable `code`; the message says what happened and what the caller can
do. HTTP statuses are given in `fairlead.web.problems`, exit codes in `fairlead.cli`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class Error(Exception):
    """Base of all errors that this package raises on purpose."""

    code = "error"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that is wrong with an input, and where."""

    code: str
    """Stable, for programs: `missing_field`, `invalid_purl`, …"""
    field: str
    """Path within the input: `affected_symbol.file`, `versions[0]`."""
    reason: str
    """For people: what is wrong and what would be right."""
    also_field: str | None = None
    """The second field, where two contradict each other."""


class Invalid(Error):  # noqa: N818
    """What came in was read, but does not say what it must."""

    code = "validation"

    def __init__(self, message: str, violations: Sequence[Violation] = ()) -> None:
        """Say what is wrong; *violations* name every field, not only the first."""
        super().__init__(message)
        self.violations = tuple(violations)


class Malformed(Invalid):
    """What came in could not be read at all."""

    code = "malformed-json"


class BadEnvelope(Invalid):
    """What the input came in, a multipart body or a header, could not be read."""

    code = "bad-envelope"


class TooLarge(Invalid):
    """What came in has more bytes than are taken."""

    code = "too-large"


class Unauthenticated(Error):  # noqa: N818
    """Nobody known is asking; which of the possible reasons is not said."""

    code = "unauthenticated"


class NotFound(Error):  # noqa: N818
    """The thing does not exist, or the asker may not know that it does."""

    code = "not-found"


class NotAllowed(Error):  # noqa: N818
    """The asker may know of the thing, but may not do this with it."""

    code = "not-allowed"


class NotVerified(NotAllowed):
    """Only a person who showed within minutes that it is the one may do this."""

    code = "not-verified"


class Refused(Error):  # noqa: N818
    """The present state of the thing forbids this."""

    code = "refused"


class UnderEmbargo(Refused):
    """The case may not be published before its embargo ends."""

    code = "under-embargo"


class Destroyed(Refused):
    """Its key was destroyed: what it shut opens for nobody any more."""

    code = "destroyed"


class Conflict(Refused):
    """Someone else changed the thing first; read it again and retry."""

    code = "conflict"


class KeyReused(Refused):
    """An idempotency key came again, with another content than the first time."""

    code = "idempotency-key-reused"


class Claimed(Refused):
    """Another claim stands in the way; wait in line, or claim something else."""

    code = "claimed"


class AgainstOwner(Refused):
    """The owner asked not to be scanned in this way; who does so all the same says it."""

    code = "against-owner"


class Unavailable(Error):  # noqa: N818
    """It could not be done now, nothing was stored; try again later."""

    code = "unavailable"


class NotReached(Unavailable):
    """What was to be called cannot be reached; nothing was sent there."""

    code = "not-reached"


class InUse(Unavailable):
    """Another server works on the same folder or database."""

    code = "in-use"


class TooMany(Unavailable):
    """It was asked too often in too short a time; wait, then try again."""

    code = "too-many-requests"

    def __init__(self, message: str, *, retry_after: int) -> None:
        """Say what came too often, and when, in seconds, it may come again."""
        super().__init__(message)
        self.retry_after = retry_after


class NoSandbox(Unavailable):
    """A layer of the sandbox is missing, so that nothing was run."""

    code = "no-sandbox"


class Gone(Unavailable):
    """A living sandbox has ended, or does not answer; open another."""

    code = "sandbox-gone"


class Damaged(Error):  # noqa: N818
    """What is stored contradicts itself; run `fairlead record check`."""

    code = "damaged"


class Misconfigured(Error):  # noqa: N818
    """A setting makes no sense; the message names it and what would."""

    code = "misconfigured"
