"""`fairlead claim`: claims from a pipeline, over HTTP.

Exit codes beside those of every command: 5 somebody is there or the owner says no, 8 still
waiting in line.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
import msgspec

from fairlead.clearinghouse.claims.targets import Target
from fairlead.cli.output import Exit, lines, show, told
from fairlead.client import Clearinghouse, Connection
from fairlead.client.values import Claim, Coverage, Depth, Method, Outcome
from fairlead.errors import Invalid, Unavailable, Violation

METHODS = click.Choice([method.value for method in Method])
DEPTHS = click.Choice([depth.value for depth in Depth])
OUTCOMES = click.Choice([outcome.value for outcome in Outcome])

P = ParamSpec("P")
R = TypeVar("R")


@click.group()
def claim() -> None:
    """Say who scans what: take, keep, give free, and look before.

    The server is named by --server or FAIRLEAD_SERVER, the token by FAIRLEAD_TOKEN.
    """


def remote(function: Callable[P, R]) -> Callable[P, R]:
    """Give a command `--server`, its token and `--json`, and tell errors in one line."""

    @click.option(
        "--server", envvar="FAIRLEAD_SERVER", required=True, help="Its address."
    )
    @click.option(
        "--token",
        envvar="FAIRLEAD_TOKEN",
        required=True,
        help="A token; better in FAIRLEAD_TOKEN, where no list of processes shows it.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
    @told
    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **kwargs)

    return wrapped


def on_target(function: Callable[P, R]) -> Callable[P, R]:
    """Give a command a target."""

    @click.argument("target")
    @click.option("--versions", default="", help="Such as '>=4.0,<5'.")
    @click.option("--commits", default="", help="Such as A..B.")
    @click.option("--part", default="", help="A path within it.")
    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **kwargs)

    return wrapped


@claim.command("take")
@on_target
@click.option("--method", type=METHODS, default=Method.STATIC.value)
@click.option("--depth", type=DEPTHS, default=Depth.STANDARD.value)
@click.option("--model", default="", help="The model that looks, if one does.")
@click.option("--tool", default="", help="The tool, with its version.")
@click.option("--contact", default="", help="Where others reach you.")
@click.option("--hours", default=24.0, help="How long, from when it is granted.")
@click.option("--shared", is_flag=True, help="Let others scan beside you.")
@click.option(
    "--seen-by",
    type=click.Choice(["all", "someone", "blind"]),
    default="all",
    help="Who sees it: all; all, but not that it is you; or nobody.",
)
@click.option("--reproducer", is_flag=True, help="Promise one with every report.")
@click.option("--wait", default=0.0, help="Seconds to wait in line, where needed.")
@click.option("--despite", is_flag=True, help="Go against the owner's word, visibly.")
@click.option(
    "--key", default="", help="A word of yours: the same gets the same claim."
)
@click.option("--second", nargs=2, help="Address and token of the other key holder.")
@remote
def take(  # noqa: PLR0913 - one value an option
    target: str,
    versions: str,
    commits: str,
    part: str,
    *,
    method: str,
    depth: str,
    model: str,
    tool: str,
    contact: str,
    hours: float,
    shared: bool,
    seen_by: str,
    reproducer: bool,
    wait: float,
    despite: bool,
    key: str,
    second: tuple[str, str] | None,
    server: str,
    token: str,
    as_json: bool,
) -> None:
    """Claim TARGET: a purl, the address of a repository, product:V/P or host:H."""
    other = Connection(*second) if second else None
    with Clearinghouse(server, token, second=other) as house:
        found = house.take(
            target_of(target, versions=versions, commits=commits, part=part),
            method=method,
            depth=depth,
            model=model,
            tool=tool,
            contact=contact,
            hours=hours,
            exclusive=not shared,
            visibility=seen_by,
            reproducer=reproducer,
            wait=wait > 0,
            despite=despite,
            key=key,
        )
        if found.state == "waiting":
            found = _wait(house, found, wait, as_json=as_json)
    _show(found, as_json=as_json)


@claim.command("extend")
@click.argument("name")
@click.option("--hours", type=float, help="End so many hours from now.")
@remote
def extend(
    name: str, hours: float | None, *, server: str, token: str, as_json: bool
) -> None:
    """Let the claim NAME end later; without --hours only say that the scan goes on."""
    with Clearinghouse(server, token) as house:
        if hours is None:
            found = house.alive(name)
        else:
            found = house.extend(name, datetime.now(UTC) + timedelta(hours=hours))
    _show(found, as_json=as_json)


@claim.command("release")
@click.argument("name")
@click.option("--outcome", type=OUTCOMES, required=True)
@click.option("--depth", type=DEPTHS, default=Depth.STANDARD.value)
@click.option("--share", default=100, help="Of the target, in percent.")
@click.option("--note", default="")
@remote
def release(  # noqa: PLR0913 - one value an option
    name: str,
    outcome: str,
    depth: str,
    share: int,
    note: str,
    *,
    server: str,
    token: str,
    as_json: bool,
) -> None:
    """Give the claim NAME free and say what was covered; one in line leaves it."""
    coverage = Coverage(outcome=Outcome(outcome), depth=Depth(depth), share=share)
    with Clearinghouse(server, token) as house:
        if house.claim(name).state == "waiting":
            found = house.withdraw(name)
        else:
            found = house.release(name, coverage, note)
    _show(found, as_json=as_json)


@claim.command("coverage")
@on_target
@remote
def coverage(  # noqa: PLR0913 - one value an option
    target: str,
    versions: str,
    commits: str,
    part: str,
    *,
    server: str,
    token: str,
    as_json: bool,
) -> None:
    """Show who is at TARGET, what was covered, and what its owner says."""
    wanted = target_of(target, versions=versions, commits=commits, part=part)
    with Clearinghouse(server, token) as house:
        (found,) = house.check([wanted])
    rows = [(s.method, s.depth, s.last.date(), s.scans, s.found) for s in found.seen]
    said = [
        (
            f"{len(found.claims)} at it now, {found.waiting} in line;"
            f" {found.worth:.0%} seen by scans"
        )
    ]
    said += [f"  {c.organisation or 'someone'} until {c.until}" for c in found.claims]
    if rows:
        said.append(lines(rows, ("METHOD", "DEPTH", "LAST", "SCANS", "FOUND")))
    for one in found.owner:
        how = "verified" if one.verified else "not verified"
        said.append(f"{one.source} ({how}): {_in_words(one.word)}")
    show(msgspec.to_builtins(found), as_json=as_json, text="\n".join(said))


@claim.command("next")
@click.option("--size", default=20)
@remote
def look_next(size: int, *, server: str, token: str, as_json: bool) -> None:
    """Show what many run and few have looked at."""
    with Clearinghouse(server, token) as house:
        found = house.look_next(size)
    show(
        {"targets": msgspec.to_builtins(found)},
        as_json=as_json,
        text=lines([(n.purl, n.why) for n in found], ("PACKAGE", "WHY")),
    )


@claim.command("certificate")
@click.argument("name")
@click.option("--audience", required=True, help="To whom it will be shown.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    required=True,
    help="File for the certificate.",
)
@remote
def certificate(  # noqa: PLR0913 - one value an option
    name: str, audience: str, *, out: Path, server: str, token: str, as_json: bool
) -> None:
    """Write a certificate of the claim NAME, and print what you may disclose with it."""
    with Clearinghouse(server, token) as house:
        issued = msgspec.json.decode(house.certificate(name, audience))
    out.write_bytes(msgspec.json.encode(issued.pop("certificate")))
    rows = [(k, v) for k, v in issued.items()]
    show(issued, as_json=as_json, text=lines(rows, ("WHAT", "VALUE")))


@claim.command("verify")
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.option("--key", required=True, help="The key of the clearinghouse.")
@click.option("--audience", required=True, help="You, as the certificate names you.")
@click.option("--target", default="", help="What its holder says that it scans.")
@click.option("--holder", default="", help="Who its holder says that it is.")
@click.option("--salt", default="", help="Disclosed with these two.")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@told
def verify(  # noqa: PLR0913 - one value an option
    path: Path,
    *,
    key: str,
    audience: str,
    target: str,
    holder: str,
    salt: str,
    as_json: bool,
) -> None:
    """Verify a certificate in a file, offline."""
    from fairlead.clearinghouse.claims import certificates
    from fairlead.record.notes import Verifier

    try:
        opened = base64.b64decode(salt, validate=True)
    except ValueError as error:
        raise Invalid(
            "salt: not base64", [Violation("invalid_salt", "salt", "as disclosed")]
        ) from error
    said = certificates.verify(
        path.read_bytes(),
        Verifier.read(key),
        certificates.Expected(
            audience=audience, salt=opened, target=target, holder=holder
        ),
        at=datetime.now(UTC),
    )
    against = f"; against the owner's word: {', '.join(said.against)}"
    show(
        msgspec.to_builtins(said),
        as_json=as_json,
        text=f"{said.claim} was held from {said.held_from} until {said.held_until}, as"
        f" of {said.issued}{against if said.against else ''}. It does not show what was"
        " done, nor that the claim holds still.",
    )


def target_of(written: str, *, versions: str, commits: str, part: str) -> Target:
    """Return the target that somebody typed."""
    for kind in ("product", "host"):
        if written.startswith(f"{kind}:"):
            named = {kind: written.removeprefix(f"{kind}:")}
            break
    else:
        named = {"purl" if written.startswith("pkg:") else "repository": written}
    return Target(versions=versions, commits=commits, part=part, **named)


def _wait(
    house: Clearinghouse, found: Claim, patience: float, *, as_json: bool
) -> Claim:
    try:
        return house.wait(found.id, patience=patience, poll=min(5.0, patience))
    except Unavailable as error:
        _show(found, as_json=as_json)
        raise SystemExit(Exit.WAITING) from error


def _show(found: Claim, *, as_json: bool) -> None:
    until = found.until.strftime("%Y-%m-%d %H:%M UTC")
    what = "in line until" if found.state == "waiting" else f"{found.state}, until"
    show(
        msgspec.to_builtins(found),
        as_json=as_json,
        text=f"{found.id} {what} {until}",
    )


def _in_words(word: Any) -> str:  # noqa: ANN401 - an owner's word
    said = []
    if not word.scanning:
        said.append("not at all")
    if word.not_parts:
        said.append("not " + ", ".join(word.not_parts))
    if word.at_most:
        said.append(f"at most {word.at_most} at a time")
    if word.only_with_reproducer:
        said.append("only with a reproducer")
    if not word.ai_welcome:
        said.append("no findings by AI")
    if word.hours:
        said.append(f"{word.hours} {word.zone}")
    if word.contact:
        said.append(f"contact {word.contact}")
    return "; ".join(said) or "welcome"
