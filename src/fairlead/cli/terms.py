"""`fairlead terms`: read, compare, ask and sign terms, without any server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from fairlead.cli.output import command, show
from fairlead.errors import Invalid, NotFound, Unavailable


@click.group()
def terms() -> None:
    """Terms: the contract that is the access check."""


def _read(path: Path) -> Any:  # noqa: ANN401 - see fairlead.terms.agreement
    from fairlead.terms import agreement

    try:
        return agreement.read(path.read_bytes())
    except OSError as error:
        raise NotFound(f"{path}: {error.strerror}") from error


FILE = click.argument("file", type=click.Path(path_type=Path, dir_okay=False))


@terms.command("check")
@FILE
@command
def check(home: Path | None, file: Path, *, as_json: bool) -> None:
    """Say whether terms can be signed, and by which digest they are named."""
    del home
    from fairlead.terms import agreement

    read = _read(file)
    digest = agreement.digest(read)
    told = {"digest": digest, "clauses": len(read.clauses)}
    show(told, as_json=as_json, text=f"{digest}\n{len(read.clauses)} clauses, no fault")


@terms.command("read")
@FILE
@command
def read(home: Path | None, file: Path, *, as_json: bool) -> None:
    """Print terms as the contract that people read."""
    del home
    from fairlead.terms import prose

    sections = prose.contract(_read(file))
    told = [{"heading": s.heading, "text": s.text} for s in sections]
    lines = "\n\n".join(f"{s.heading}\n  {s.text}" for s in sections)
    show({"sections": told}, as_json=as_json, text=lines)


@terms.command("compare")
@FILE
@click.argument("other", type=click.Path(path_type=Path, dir_okay=False))
@command
def compare(home: Path | None, file: Path, other: Path, *, as_json: bool) -> None:
    """Say what changes from one offer to another, clause by clause."""
    del home
    from fairlead.terms import difference

    found = list(difference.changes(_read(file), _read(other)))
    told = [
        {"kind": c.kind, "heading": c.heading, "before": c.before, "after": c.after}
        for c in found
    ]
    lines = "\n\n".join(
        f"{c.heading} ({c.kind})"
        + (f"\n- {c.before}" if c.before else "")
        + (f"\n+ {c.after}" if c.after else "")
        for c in found
    )
    show({"changes": told}, as_json=as_json, text=lines or "nothing changes")


@terms.command("explain")
@FILE
@click.option("--action", required=True, help="Such as call, run-suite or see-results.")
@click.option("--asset", default="endpoint", show_default=True)
@click.option("--purpose", default="measurement", show_default=True)
@click.option("--person", default="somebody", show_default=True)
@click.option("--side", default="programme", show_default=True)
@click.option("--organisation", default="", help="Of that person.")
@click.option(
    "--role", "roles", multiple=True, default=("evaluator",), show_default=True
)
@click.option("--attribute", "attributes", multiple=True, help="Attested of it.")
@click.option("--place", default="", help="Where it works.")
@click.option(
    "--detail", help="How much of an assessment: outcome, scores, transcripts."
)
@click.option("--suite", default="")
@click.option("--second", default="", help="Another named person who takes part.")
@click.option("--at", help="RFC 3339 instant; now otherwise.")
@command
def explain(home: Path | None, file: Path, *, as_json: bool, **asked: Any) -> None:  # noqa: ANN401 - options
    """Say whether terms open something to somebody, with every obstacle and its remedy.

    Ends with exit code 5 where they do not. Window and reply periods are the
    engagement's, and are told on its page.
    """
    del home
    from fairlead.terms.decide import Rulebook

    decision = Rulebook(_read(file)).decide(_request(asked))
    told = {
        "allowed": decision.allowed,
        "clause": decision.clause,
        "duties": [str(duty.kind) for duty in decision.duties],
        "obstacles": [
            {
                "clause": f.clause,
                "ground": str(f.ground),
                "what": f.what,
                "remedy": f.remedy,
            }
            for f in decision.failed
        ],
    }
    lines = [f"yes, by clause {decision.clause}"] if decision.allowed else ["not now"]
    lines += [f"  duty: {duty.kind}" for duty in decision.duties]
    lines += [
        f"  {f'clause {f.clause}' if f.clause else 'no clause'}: {f.what}"
        f"\n    remedy: {f.remedy}"
        for f in decision.failed
    ]
    show(told, as_json=as_json, text="\n".join(lines))
    if not decision.allowed:
        sys.exit(5)


@terms.command("cedar")
@FILE
@command
def cedar(home: Path | None, file: Path, *, as_json: bool) -> None:
    """Print terms as Cedar policies, for a second opinion."""
    del home
    from fairlead.terms.cedar import policies

    written = policies(_read(file))
    show({"policies": written}, as_json=as_json, text=written)


@terms.command("key")
@click.argument("path", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--name", required=True, help="Whose key it is, such as acme.example.")
@command
def key(home: Path | None, path: Path, name: str, *, as_json: bool) -> None:
    """Make a key that signs for a side; prints what the terms are to name."""
    del home
    import secrets

    from fairlead.record.notes import new_signer

    if path.exists():
        raise Unavailable(f"{path} exists; a key is never written over")
    signer = new_signer(name, secrets.token_bytes)
    path.touch(mode=0o600)
    path.write_text(signer.secret() + "\n", "utf-8")
    public = signer.verifier().text()
    show({"key": public}, as_json=as_json, text=public)


@terms.command("sign")
@FILE
@click.option("--side", type=click.Choice(["developer", "programme"]), required=True)
@click.option(
    "--key",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File.",
)
@command
def sign(home: Path | None, file: Path, side: str, key: Path, *, as_json: bool) -> None:
    """Sign terms; prints the signed note to hand in on the engagement's page."""
    del home
    from fairlead.record.notes import Signer
    from fairlead.terms import agreement
    from fairlead.terms.clauses import Side

    read = _read(file)
    try:
        signer = Signer.read(key.read_text("utf-8").strip())
    except OSError as error:
        raise NotFound(f"{key}: {error.strerror}") from error
    named = read.party(Side(side)).key
    if named != signer.verifier().text():
        raise Invalid(
            f"the terms name {named or 'no key'} for the {side}, not this key"
        )
    digest = agreement.digest(read)
    said = agreement.statement(digest, read.engagement, Side(side)).decode()
    note = signer.sign(said)
    show({"digest": digest, "note": note}, as_json=as_json, text=note.rstrip("\n"))


@terms.command("verify")
@FILE
@command
def verify(home: Path | None, file: Path, *, as_json: bool) -> None:
    """Check both signatures of a signed agreement offline, as its page hands it out."""
    del home
    from fairlead.review import bundling
    from fairlead.web.passkeys import RelyingParty

    def authenticate(address: str, answer: str, asked: bytes, public: str) -> None:
        RelyingParty(address, "").count_of(answer, asked, public)

    try:
        written = file.read_bytes()
    except OSError as error:
        raise NotFound(f"{file}: {error.strerror}") from error
    checked = bundling.verify(written, authenticate)
    told = [
        f"{side}: {'by the key that the terms name' if how == 'ed25519' else how}"
        for side, how in sorted(checked.how.items())
    ]
    if "passkey" in checked.how.values():
        told.append("Whose passkey it is, the terms do not say; the record does.")
    show(
        {
            "verified": True,
            "digest": checked.digest,
            "engagement": checked.terms.engagement,
            "signed": checked.how,
        },
        as_json=as_json,
        text="\n".join([checked.digest, *told]),
    )


def _request(asked: dict[str, Any]) -> Any:  # noqa: ANN401 - see fairlead.terms.decide
    from fairlead.base import instants
    from fairlead.terms.clauses import Action, Detail, Purpose, Side
    from fairlead.terms.decide import Request
    from fairlead.wiring import now

    try:
        return Request(
            person=asked["person"],
            side=Side(asked["side"]),
            organisation=asked["organisation"],
            roles=frozenset(asked["roles"]),
            attributes=frozenset(asked["attributes"]),
            action=Action(asked["action"]),
            asset="" if asked["action"] in _WITHOUT_ASSET else asked["asset"],
            purpose=Purpose(asked["purpose"]),
            suite=asked["suite"],
            detail=Detail(asked["detail"]) if asked["detail"] else None,
            place=asked["place"],
            second=asked["second"],
            at=instants.parse(asked["at"], field="at") if asked["at"] else now(),
        )
    except ValueError as error:
        raise Invalid(f"{error}; see the words of clauses in the docs") from error


_WITHOUT_ASSET = frozenset({"see-results", "share-results", "publish-aggregate"})
