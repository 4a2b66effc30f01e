"""`fairlead broker`: the broker at the developer's side, where its credential stays."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from fairlead.cli.output import command, show
from fairlead.errors import Invalid, NotFound
from fairlead.wiring import DevelopersBroker

FILE = click.Path(path_type=Path, dir_okay=False)


@click.group()
def broker() -> None:
    """Run the broker of an engagement at the developer's side.

    The credential never leaves this machine. Calls come through the programme's server,
    each with a note that it signed; the same terms decide here once more.
    """


@broker.command()
@click.argument("agreement", type=FILE)
@click.option("--endpoint", "url", help="Where the model is: http://localhost:8000/v1.")
@click.option(
    "--asset", default="endpoint", show_default=True, help="As the terms say."
)
@click.option(
    "--credential-file",
    type=FILE,
    help="Holds what the endpoint wants; asked for otherwise, where there is a terminal.",
)
@click.option(
    "--dialect",
    type=click.Choice(["openai", "anthropic"]),
    default="openai",
    show_default=True,
)
@click.option("--model", default="", help="What the endpoint calls the model.")
@click.option("--cents-in", type=click.IntRange(0), default=0, help="A million tokens.")
@click.option(
    "--cents-out", type=click.IntRange(0), default=0, help="A million tokens."
)
@command
def init(  # noqa: PLR0913 - one for each option
    *,
    agreement: Path,
    url: str | None,
    asset: str,
    credential_file: Path | None,
    dialect: str,
    model: str,
    cents_in: int,
    cents_out: int,
    home: Path | None,
    as_json: bool,
) -> None:
    """Begin with AGREEMENT, the signed file from the engagement's page.

    Both signatures are checked first. After an amendment give the new file alone: the
    endpoints stay as they are.
    """
    from fairlead.remote.upstream import Reach, check_url
    from fairlead.review.facts import Connection

    connection = None
    if url:
        check_url(url, Reach.read("0.0.0.0/0 ::/0"))
        connection = Connection(
            url=url,
            credential=_credential(credential_file, as_json=as_json),
            dialect=dialect,
            model=model,
            cents_per_million_in=cents_in,
            cents_per_million_out=cents_out,
        )
    taken = _open(home).begin(_read(agreement), asset, connection)
    show(
        _told(taken),
        as_json=as_json,
        text=(
            f"Broker of {taken.engagement}, by terms {taken.digest}\n"
            f"Takes calls with notes of {taken.programme}, good for"
            f" {taken.seconds} seconds each\n"
            f"Endpoints: {', '.join(taken.assets)}\n"
            f"Its key, for the engagement's page:\n  {taken.key}\n"
            f"Next: fairlead broker serve --home {_folder(home)}"
        ),
    )


@broker.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="To listen on.")
@click.option("--port", type=int, default=8457, show_default=True, help="0: any free.")
@click.option("--certificate", type=FILE, help="For https, as a PEM file.")
@click.option("--certificate-key", type=FILE, help="Its private key, as a PEM file.")
@command
def serve(  # noqa: PLR0913 - one for each option
    *,
    host: str,
    port: int,
    certificate: Path | None,
    certificate_key: Path | None,
    home: Path | None,
    as_json: bool,
) -> None:
    """Run the broker until it gets SIGINT or SIGTERM; that ends all access at once."""
    from fairlead.cli.serve import start_logging
    from fairlead.web.server import ended_by_signal, free_port

    opened = _open(home)
    taken = opened.taken()
    if (certificate is None) is not (certificate_key is None):
        raise Invalid("certificate: give --certificate and --certificate-key together")
    tls = (certificate, certificate_key) if certificate and certificate_key else None
    for path in tls or ():
        if not path.is_file():
            raise NotFound(f"{path}: no such file")
    start_logging(os.environ.get("FAIRLEAD_LOG_LEVEL", "info"))
    listens = port or free_port(host)
    address = f"{'https' if tls else 'http'}://{host}:{listens}"

    async def run() -> None:
        ready = partial(_tell_ready, taken, address, as_json=as_json)
        await opened.serve(
            host=host, port=listens, tls=tls, ended=ended_by_signal(), ready=ready
        )

    asyncio.run(run())


@broker.command()
@click.option("--undo", is_flag=True, help="Let calls through again.")
@command
def cut(*, undo: bool, home: Path | None, as_json: bool) -> None:
    """End all access at once: open streams are cut, and no call is let through."""
    _open(home).cut(on=not undo)
    said = "calls are let through again" if undo else "all access is ended"
    show({"cut": not undo}, as_json=as_json, text=said)


@broker.command()
@click.argument("organisation")
@click.option("--undo", is_flag=True, help="Take the consent back.")
@command
def partner(organisation: str, *, undo: bool, home: Path | None, as_json: bool) -> None:
    """Consent here to a trusted partner, by the id that its engagement's page shows."""
    _say(home, "partner", organisation, on=not undo)
    said = "is not a partner here any more" if undo else "may call, as the terms allow"
    show({"partner": organisation}, as_json=as_json, text=f"{organisation} {said}")


@broker.command("object")
@click.argument("person")
@click.option("--undo", is_flag=True, help="Take the objection back.")
@command
def object_to(person: str, *, undo: bool, home: Path | None, as_json: bool) -> None:
    """Object to a named person: its calls are let through no more, and cut at once."""
    _say(home, "objection", person, on=not undo)
    said = "may call again" if undo else "calls nothing here any more"
    show({"person": person}, as_json=as_json, text=f"{person} {said}")


@broker.command()
@command
def ledger(home: Path | None, *, as_json: bool) -> None:
    """Print what was counted here and by the programme, call by call.

    Ends with exit code 1 where the two differ.
    """
    book = _open(home).book()
    try:
        rows = [_row(*one) for one in book.ledger()]
        _, differing = book.differences()
    finally:
        book.close()
    lines = [
        f"{r['call']}  {r['began']}  {r['person'] or '-':24}"
        f"  {r['tokens']:>9} tokens  {r['cents']:>6} cents  {r['outcome']}"
        f"{'' if r['compared'] else '  (not compared yet)'}"
        for r in rows
    ]
    lines += [f"differs: {d.call}: {d.what}" for d in differing]
    compared = sum(bool(r["compared"]) for r in rows)
    lines.append(
        f"{len(rows)} calls, {compared} compared with the programme's ledger,"
        f" {len(differing)} of them differ"
    )
    told = {
        "calls": rows,
        "differences": [{"call": d.call, "what": d.what} for d in differing],
    }
    show(told, as_json=as_json, text="\n".join(lines))
    if differing:
        sys.exit(1)


def _row(call: str, began: str, ours: Any, theirs: Any) -> dict[str, Any]:  # noqa: ANN401 - entries
    return {
        "call": call,
        "began": began,
        "person": ours.person if ours else "",
        "tokens": ours.tokens_in + ours.tokens_out if ours else 0,
        "cents": ours.cents if ours else 0,
        "outcome": ours.outcome if ours else "goes on",
        "compared": theirs is not None,
    }


def _say(home: Path | None, kind: str, name: str, *, on: bool) -> None:
    book = _open(home).book()
    try:
        book.say(kind, name, on=on)
    finally:
        book.close()


def _folder(home: Path | None) -> Path:
    return home or Path(os.environ.get("FAIRLEAD_HOME", "fairlead-home"))


def _open(home: Path | None) -> DevelopersBroker:
    return DevelopersBroker(_folder(home))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise NotFound(f"{path}: {error.strerror}") from error


def _credential(path: Path | None, *, as_json: bool) -> str:
    if path is not None:
        return _read(path).decode("utf-8", "replace").strip()
    if as_json or not sys.stdin.isatty():
        return ""
    said: str = click.prompt(
        "Credential of the endpoint (stays on this machine; empty for none)",
        default="",
        hide_input=True,
        show_default=False,
    )
    return said.strip()


def _told(taken: Any) -> dict[str, str | int | Sequence[str]]:  # noqa: ANN401 - see wiring
    return {
        "engagement": taken.engagement,
        "terms": taken.digest,
        "key": taken.key,
        "programme": taken.programme,
        "seconds": taken.seconds,
        "assets": taken.assets,
    }


def _tell_ready(taken: Any, address: str, *, as_json: bool) -> None:  # noqa: ANN401 - see wiring
    show(
        {"address": address, **_told(taken)},
        as_json=as_json,
        text=(
            f"The broker of {taken.engagement} listens at {address}\n"
            "On the engagement's page, make the endpoint available with the address by\n"
            f"which the programme's server reaches it, and the key {taken.key}"
        ),
    )
    sys.stdout.flush()
