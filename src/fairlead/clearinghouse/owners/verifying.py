"""What shows that a place is an owner's: where to look, and what must stand there.

1. Where to look follows from the place alone, never from what an owner says: the
   repository's own address, the host's DNS and `security.txt`, the registry of the
   package's type, and the repository that this registry names.
2. What must stand there is the challenge, as one whole line or text. It names the contact,
   so whoever is asked to place it reads whom reports would go to.
3. Looking takes seconds and is done outside of any transaction; what was seen counts only
   if the contact is still the one that it was seen for.

What is not checked: whether who may push to a repository ought to, and whether a domain
changed hands; so what was shown counts for a year, and two owners of one place are shown
to coordinators.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from fairlead.clearinghouse.claims import targets
from fairlead.clearinghouse.claims.targets import Target
from fairlead.clearinghouse.owners.owner import Holding, Owner, Proof
from fairlead.errors import Error, Unavailable
from fairlead.formats.registries import REGISTRIES, Listing

FILE = ".fairlead-owner"
"""The file in which a challenge stands in a repository, one a line."""
FORGES = frozenset({"github.com", "bitbucket.org", "codeberg.org"})
"""Hosts whose repositories lie at `owner/name`; what follows is a page of one."""
RECORD = "_fairlead-owner"
"""The name before a host at which its DNS record is looked for."""


@dataclass(frozen=True, slots=True)
class Placed:
    """A file at the head of a repository's default branch."""

    commit: str
    text: str


class Outside(Protocol):
    """What is looked at outside; each may take seconds.

    Each raises `Unavailable` where it cannot be reached, and returns nothing where it is
    reached and there is nothing.
    """

    def file(self, repository: str, name: str) -> Placed | None:
        """Return a small file at the head of the default branch of *repository*.

        Nothing else of the repository is trusted: no other branch, and no commit that is
        only named, since hosts show those of forks under the same address.
        """

    def records(self, name: str) -> Sequence[str]:
        """Return the TXT records at *name*."""

    def security_txt(self, host: str) -> str | None:
        """Return the `security.txt` of *host* (RFC 9116, section 3)."""

    def listing(self, purl: str) -> Listing | None:
        """Return what the registry of *purl* tells of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is to be looked for."""

    number: int
    target: Target
    challenge: str
    epoch: int
    mail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What was seen."""

    number: int
    epoch: int
    proof: Proof
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What came of looking: proof, or what was found in each place instead."""

    shown: Shown | None
    told: tuple[str, ...] = ()


def question(owner: Owner, one: Holding) -> Question | None:
    """Return what is to be looked for; nothing where it was erased."""
    if one.target is None:
        return None
    return Question(
        number=one.number,
        target=one.target,
        challenge=owner.challenge,
        epoch=owner.epoch,
        mail=owner.contact.mail,
    )


def ways(target: Target) -> Sequence[Proof]:
    """Return what can show that *target* is an owner's."""
    kind, *path = targets.place_of(target).split("/")
    if kind == "repo" and len(path) >= 3:  # noqa: PLR2004 - host, owner, name
        return Proof.COMMIT, Proof.COORDINATORS
    if kind == "host":
        return Proof.DNS, Proof.SECURITY_TXT, Proof.COORDINATORS
    if kind == "pkg" and path[0] in REGISTRIES:
        return Proof.REGISTRY, Proof.COMMIT, Proof.COORDINATORS
    return (Proof.COORDINATORS,)


def instructions(target: Target) -> Sequence[str]:
    """Return what an owner can do to show it, each in one line."""
    told: list[str] = []
    possible = ways(target)
    kind, *path = targets.place_of(target).split("/")
    if Proof.REGISTRY in possible:
        told.append(
            "publish a release whose short description or keywords hold the challenge"
        )
    if Proof.COMMIT in possible:
        where = (
            "the repository that the registry names" if kind == "pkg" else target.name
        )
        told.append(
            f"commit a file {FILE} with the challenge as a line of it to the default"
            f" branch of {where}"
        )
    if kind == "host":
        host = _host(path)
        told.append(f"put a TXT record with the challenge at {RECORD}.{host}")
        if path[-1] != "*":
            told.append(
                "add a line `# ` and the challenge to"
                f" https://{host}/.well-known/security.txt"
            )
    told.append("or ask the clearinghouse: two of its coordinators can vouch for you")
    return told


def look(asked: Question, outside: Outside) -> Looked:
    """Look in every place in which the challenge may stand; the first proof counts.

    Raises:
        Unavailable: nothing was found, and one of the places could not be reached.

    """
    told: list[str] = []
    away: Unavailable | None = None
    for proof in ways(asked.target):
        if proof is Proof.COORDINATORS:
            continue
        try:
            seen, found = _LOOK[proof](asked, outside)
        except Unavailable as error:
            away = error
            continue
        except Error as error:
            seen, found = "", f"{proof}: {error}"
        if seen:
            shown = Shown(
                number=asked.number, epoch=asked.epoch, proof=proof, seen=seen
            )
            return Looked(shown=shown)
        told.append(found)
    if away is not None:
        raise away
    return Looked(shown=None, told=tuple(told))


def _commit(asked: Question, outside: Outside) -> tuple[str, str]:
    place = targets.place_of(asked.target)
    if not place.startswith("repo/"):
        place = _repository_of(asked.target, outside)
    if not place:
        return "", "the registry names no repository"
    # The address is made of the place, which has small letters alone: where a host tells
    # `Some/name` from `some/name`, one of them must not speak for the other.
    address = "https://" + place.partition("/")[2]
    placed = outside.file(address, FILE)
    if placed is None:
        return "", f"no {FILE} on the default branch of {address}"
    if _stands(asked, placed.text):
        return f"{address} at {placed.commit}", ""
    return "", f"{FILE} in {address} holds no line that is the challenge"


def _repository_of(target: Target, outside: Outside) -> str:
    """Return the place of the repository that a registry names; empty if it names none.

    What a publisher typed counts only if it reads as the address of one repository.
    """
    listing = outside.listing(target.purl)
    if listing is None or not listing.repository:
        return ""
    try:
        place = targets.place_of(Target(repository=listing.repository))
    except Error:
        return ""
    kind, host, *path = place.split("/")
    depth = 2 if host in FORGES else len(path)
    return "/".join((kind, host, *path[:depth])) if len(path) >= 2 else ""  # noqa: PLR2004


def _dns(asked: Question, outside: Outside) -> tuple[str, str]:
    name = f"{RECORD}.{_host(_path(asked.target))}"
    records = outside.records(name)
    if any(record.strip() == asked.challenge for record in records):
        return f"TXT record at {name}", ""
    found = f"{len(records)} other records are" if records else "nothing is"
    return "", f"{found} at {name}; a new record may take an hour to be seen"


def _security_txt(asked: Question, outside: Outside) -> tuple[str, str]:
    path = _path(asked.target)
    if path[-1] == "*":
        return "", "a security.txt speaks for its own host alone"
    host = _host(path)
    text = outside.security_txt(host)
    if text is None:
        return "", f"{host} has no security.txt"
    if _stands(asked, text.replace("\n# ", "\n").removeprefix("# ")):
        return f"security.txt of {host}", ""
    return "", f"the security.txt of {host} holds no line that is the challenge"


def _registry(asked: Question, outside: Outside) -> tuple[str, str]:
    listing = outside.listing(asked.target.purl)
    if listing is None:
        return "", "the registry has no such package"
    if any(asked.challenge in text for text in listing.texts):
        return f"words of a release of {asked.target.purl}", ""
    accounts = {account.strip().lower() for account in listing.accounts}
    if asked.mail.lower() in accounts:
        return (
            f"the registry names the contact as an account of {asked.target.purl}",
            "",
        )
    return "", "the registry tells neither the challenge nor the contact as an account"


_LOOK = {
    Proof.COMMIT: _commit,
    Proof.DNS: _dns,
    Proof.SECURITY_TXT: _security_txt,
    Proof.REGISTRY: _registry,
}


def _stands(asked: Question, text: str) -> bool:
    """Tell whether one whole line is the challenge."""
    return any(line.strip() == asked.challenge for line in text.splitlines())


def _path(target: Target) -> Sequence[str]:
    return targets.place_of(target).split("/")[1:]


def _host(path: Sequence[str]) -> str:
    """Return the host of a place, which is written from the top: `org/example/www`."""
    return ".".join(reversed([label for label in path if label != "*"]))
