"""`fairlead evidence`: whether a reported vulnerability can be shown."""

from __future__ import annotations

import os
from pathlib import Path

import click

from fairlead.cli.output import Exit, command, show
from fairlead.wiring import Sandboxes, Settings, now

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def evidence() -> None:
    """Show reported vulnerabilities, and whether a fix stops them."""


@evidence.command()
@click.argument("recipe", type=FILE)
@click.option("--patch", type=FILE, help="The fix, as a patch for `patch -p1`.")
@click.option("--level", default="", help="L1 or L2; otherwise what is required.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to put the statement, signed by the key of this machine.",
)
@command
def run(  # noqa: PLR0913 - one value an option
    recipe: Path,
    patch: Path | None,
    level: str,
    out: Path | None,
    home: Path | None,
    *,
    as_json: bool,
) -> None:
    """Run RECIPE in a sandbox, and say in how many runs it showed what it claims.

    The sandbox is proved before and after. Exit code 1 if it never showed it, or, with a
    patch, if the patch does not stop it.
    """
    import msgspec

    from fairlead.clearinghouse.evidence.ladder import Rung
    from fairlead.clearinghouse.evidence.reproducing import Trial, refuse_unbuilt
    from fairlead.clearinghouse.evidence.statements import run_recipe, signed
    from fairlead.cli.evidence_text import text_of
    from fairlead.sandbox.recipe import materials, read_recipe

    sandboxes = Sandboxes(Settings.read(os.environ, home=home))
    read = read_recipe(recipe.read_bytes())
    found = materials(read, lambda name: beside(recipe, name))
    sandbox = sandboxes.sandbox(level)
    statement = run_recipe(
        Trial(sandbox=sandbox, recipe=read, materials=found),
        sandboxes.prover(sandbox).prove,
        clock=now,
        patch=patch.read_bytes() if patch else None,
    )
    refuse_unbuilt(statement.plain, "the source")
    signer = sandboxes.signer()
    note = signed(statement, signer) if signer else None
    if out is not None and note is not None:
        out.write_text(note, "utf-8")
    show(
        {
            "rung": statement.rung.value,
            "digest": statement.digest,
            "statement": msgspec.to_builtins(statement),
            "signed": note,
        },
        as_json=as_json,
        text=text_of(statement),
    )
    wanted = Rung.FIX_VERIFIED if patch else Rung.REPRODUCED
    if statement.rung.rank < wanted.rank:
        raise SystemExit(Exit.FAILED)


@evidence.command()
@click.argument("first", type=FILE)
@click.argument("second", type=FILE)
@click.option("--first-fix", type=FILE, help="The fix of the first, if it has one.")
@click.option("--second-fix", type=FILE, help="The fix of the second, if it has one.")
@click.option("--level", default="", help="L1 or L2; otherwise what is required.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to put what was seen, signed by the key of this machine.",
)
@command
def cross(  # noqa: PLR0913, PLR0917 - one value an option
    first: Path,
    second: Path,
    first_fix: Path | None,
    second_fix: Path | None,
    level: str,
    out: Path | None,
    home: Path | None,
    *,
    as_json: bool,
) -> None:
    """Run the recipes FIRST and SECOND with each fix, and say what that means.

    A fix that stops both speaks for one bug, fixes that stop only their own for two.
    """
    import msgspec

    from fairlead.clearinghouse.evidence import crossing
    from fairlead.clearinghouse.evidence.reproducing import Trial
    from fairlead.cli.evidence_text import text_of_crossing
    from fairlead.sandbox.recipe import materials, read_recipe

    sandboxes = Sandboxes(Settings.read(os.environ, home=home))
    sandbox = sandboxes.sandbox(level)

    def trial(recipe: Path) -> Trial:
        read = read_recipe(recipe.read_bytes())
        found = materials(read, lambda name: beside(recipe, name))
        return Trial(sandbox=sandbox, recipe=read, materials=found)

    given = {"a": first_fix, "b": second_fix}
    crossed = crossing.cross(
        {"a": trial(first), "b": trial(second)},
        {name: path.read_bytes() for name, path in given.items() if path},
        sandboxes.prover(sandbox).prove,
        clock=now,
    )
    signer = sandboxes.signer()
    note = crossing.signed(crossed, signer) if signer else None
    if out is not None and note is not None:
        out.write_text(note, "utf-8")
    show(
        {
            "sameness": crossed.sameness.value,
            "crossing": msgspec.to_builtins(crossed),
            "signed": note,
        },
        as_json=as_json,
        text=text_of_crossing(crossed),
    )


def beside(recipe: Path, name: str) -> bytes:
    """Return a file in the folder of *recipe*.

    Raises:
        NotFound: there is none; links are not followed.

    """
    from fairlead.errors import NotFound

    path = recipe.parent / name
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            return file.read()
    except OSError as error:
        raise NotFound(f"{path} cannot be read: {error.strerror}") from error
