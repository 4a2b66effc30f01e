"""Use cases: what owners say, who verifies it, and what members tell that they run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from packageurl import PackageURL

from fairlead.access.roles import Asker, Scope
from fairlead.base.ids import OrganisationId, OwnerWordId, new_owner_word_id
from fairlead.clearinghouse.claims import owners, targets
from fairlead.clearinghouse.claims.owners import OwnerWord, Source, Word
from fairlead.clearinghouse.claims.ports import ClaimsUnit, Desk
from fairlead.clearinghouse.claims.published import read_policy
from fairlead.clearinghouse.claims.subjects import (
    Inventory,
    InventorySaid,
    InventoryWithdrawn,
    Running,
)
from fairlead.clearinghouse.claims.targets import Target
from fairlead.errors import Invalid, NotAllowed, NotFound, Refused, Violation

MOST = 50_000
"""Packages in one inventory."""


def say(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClaimsUnit,
    asker: Asker,
    target: Target,
    word: Word,
    desk: Desk,
    *,
    at: datetime,
) -> OwnerWord:
    """Say, for all members, how one's code may be scanned; said again, it is changed.

    It binds once a coordinator verified that the organisation owns the place.
    """
    asker.needs(Scope.OWNER_SAY)
    home = _home(asker)
    place = targets.place_of(target)
    for before in unit.owner_words.of(home):
        if before.place == place and before.source is Source.SAID:
            facts = owners.changed(before, word)
            if not facts:
                return before
            return unit.owner_words.save(
                before, facts, name=before.id, by=asker.actor, at=at
            )
    fact = owners.said(home, place, target.name, word, Source.SAID)
    name = new_owner_word_id(desk.randomness)
    return unit.owner_words.save(None, [fact], name=name, by=asker.actor, at=at)


def convey(  # noqa: PLR0913, PLR0917 - one value a thing that must be said
    unit: ClaimsUnit,
    asker: Asker,
    target: Target,
    source: Source,
    text: str,
    desk: Desk,
    *,
    at: datetime,
) -> OwnerWord:
    """Tell others what stands in an owner's `security.txt` or `SECURITY.md`.

    It is shown as conveyed by the asker, and binds nobody.
    """
    asker.needs(Scope.CLAIM_TAKE)
    home = _home(asker)
    if source is Source.SAID:
        raise Invalid(
            "source: security.txt or SECURITY.md",
            [Violation("invalid_source", "source", "one of the two files")],
        )
    place = targets.place_of(target)
    word = read_policy(source, text, at=at)
    for before in unit.owner_words.of(home):
        if (before.place, before.source) == (place, source):
            facts = owners.changed(before, word)
            if not facts:
                return before
            return unit.owner_words.save(
                before, facts, name=before.id, by=asker.actor, at=at
            )
    fact = owners.said(home, place, target.name, word, source)
    name = new_owner_word_id(desk.randomness)
    return unit.owner_words.save(None, [fact], name=name, by=asker.actor, at=at)


def withdraw(
    unit: ClaimsUnit, asker: Asker, name: OwnerWordId, *, at: datetime
) -> OwnerWord:
    """Take back one's own word."""
    found = unit.owner_words.get(name)
    if found.organisation != asker.organisation:
        raise NotFound(f"no owner {name!r}")
    asker.needs(Scope.OWNER_SAY if found.source is Source.SAID else Scope.CLAIM_TAKE)
    if not found.active:
        raise Refused(f"{name} was withdrawn already")
    facts = [owners.WordWithdrawn()]
    return unit.owner_words.save(found, facts, name=name, by=asker.actor, at=at)


def verify(
    unit: ClaimsUnit, asker: Asker, name: OwnerWordId, how: str, *, at: datetime
) -> OwnerWord:
    """Say that an organisation owns what it speaks about, and how that was shown.

    Raises:
        NotAllowed: it is the asker's own organisation.

    """
    asker.needs(Scope.OWNER_VERIFY)
    found = unit.owner_words.get(name)
    if found.organisation == asker.organisation:
        raise NotAllowed("somebody of another organisation verifies yours")
    facts = owners.verified(found, how)
    if not facts:
        return found
    return unit.owner_words.save(found, facts, name=name, by=asker.actor, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What an asker has to do with what owners say."""

    own: Sequence[OwnerWord] = ()
    to_verify: Sequence[OwnerWord] = ()


def words(unit: ClaimsUnit, asker: Asker) -> Words:
    """Return one's own words, and for coordinators those to verify."""
    if not asker.may(Scope.OWNER_SAY):
        asker.needs(Scope.OWNER_VERIFY)
    own: Sequence[OwnerWord] = ()
    if asker.may(Scope.OWNER_SAY) and asker.organisation:
        own = unit.owner_words.of(asker.organisation)
    ahead = unit.owner_words.unverified() if asker.may(Scope.OWNER_VERIFY) else ()
    return Words(own=own, to_verify=[w for w in ahead if w.source is Source.SAID])


def tell_inventory(
    unit: ClaimsUnit,
    asker: Asker,
    purls: Sequence[str],
    *,
    critical: bool,
    at: datetime,
) -> Inventory:
    """Tell what one's organisation runs; it takes the place of what was told before.

    Only sums are ever shown, of what several organisations run.
    """
    asker.needs(Scope.INVENTORY_TELL)
    if len(purls) > MOST:
        raise Invalid(
            f"purls: more than {MOST}",
            [Violation("too_many", "purls", f"at most {MOST} packages")],
        )
    plain = tuple(sorted({_plain(purl) for purl in purls}))
    fact = InventorySaid(count=len(plain), critical=critical, body=Running(purls=plain))
    home = _home(asker)
    before = unit.inventories.maybe(home)
    return unit.inventories.save(before, [fact], name=home, by=asker.actor, at=at)


def withdraw_inventory(unit: ClaimsUnit, asker: Asker, *, at: datetime) -> Inventory:
    """Have what one's organisation runs counted no more."""
    asker.needs(Scope.INVENTORY_TELL)
    home = _home(asker)
    before = unit.inventories.maybe(home)
    if before is None or not before.active:
        raise Refused("nothing was told")
    facts = [InventoryWithdrawn()]
    return unit.inventories.save(before, facts, name=home, by=asker.actor, at=at)


def _plain(written: str) -> str:
    """Return a package URL without version, qualifiers and subpath, as it is counted."""
    targets.read(Target(purl=written))
    purl = PackageURL.from_string(written)
    return PackageURL(
        type=purl.type, namespace=purl.namespace, name=purl.name
    ).to_string()


def _home(asker: Asker) -> OrganisationId:
    if asker.organisation is None:
        raise NotAllowed("only members do this")
    return asker.organisation
