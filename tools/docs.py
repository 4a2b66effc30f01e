"""Write what in the docs is made from the code: `make docs`. With --check, compare only.

A page holds marks such as `<!-- made: states -->` … `<!-- end -->`; what stands between
them is replaced.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import fields
from inspect import getsource
from pathlib import Path

import click

from fairlead.access.roles import PERSONAL, SCOPES, Role
from fairlead.clearinghouse.cases import BY_OWN_COMMAND, ENDED, MOVES, Part, State
from fairlead.clearinghouse.casework.embargo import LISTS, RULES
from fairlead.clearinghouse.casework.seats import KNOWN, SEES_READINGS
from fairlead.clearinghouse.owners.routing import MOVES as ROUTES
from fairlead.clearinghouse.owners.routing import Stage
from fairlead.cli.main import main as program
from fairlead.programme.profile_keys import KEYS, ROWS, Key, Kind
from fairlead.review import engagement as review
from fairlead.sandbox.canaries import CANARIES, LEFT_OUT
from fairlead.sandbox.levels import Level
from fairlead.store.catalogue.tables import metadata as catalogue
from fairlead.store.tables import metadata
from fairlead.web.case_acts import ACTS
from fairlead.wiring import Settings

ROOT = Path(__file__).parents[1]
MARK = re.compile(r"(<!-- made: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def states() -> str:
    """Draw what can follow what, as a Mermaid diagram and as a table."""
    drawn = ["```mermaid", "stateDiagram-v2", "    [*] --> open"]
    rows = ["| from | to | by |", "|---|---|---|"]
    for state in State:
        for to in State:
            if to in MOVES[state]:
                drawn.append(f"    {_word(state)} --> {_word(to)}")
                how = (
                    "a command of its own"
                    if State.MERGED in {state, to} or to in BY_OWN_COMMAND
                    else "moving"
                )
                rows.append(f"| {state} | {to} | {how} |")
    drawn += [f"    {_word(s)} --> {_word(State.CLOSED)} : its end" for s in _running()]
    rows += [f"| {s} | {State.CLOSED} | its end, by itself |" for s in _running()]
    named = [f"    {_word(s)} : {s}" for s in State if _word(s) != s]
    return "\n".join([*drawn, *named, "```", "", *rows])


def _running() -> list[State]:
    """Return the states from which the end of a case closes it."""
    return [s for s in State if s not in ENDED and State.CLOSED not in MOVES[s]]


def embargoes() -> str:
    """Return the rules of embargoes, in the order in which one is cited before another."""
    rows = ["| rule | counts from | binds | can be extended | what it is |"]
    rows.append("|---|---|---|---|---|")
    for kind, rule in RULES.items():
        binds, extends = ("yes" if v else "no" for v in (rule.binds, rule.extends))
        rows.append(f"| {kind} | {rule.start} | {binds} | {extends} | {rule.about} |")
    lists = ", ".join(f"`{name}` {cap.days} days" for name, cap in LISTS.items())
    return "\n".join([*rows, "", f"Lists whose cap is known: {lists}."])


def routings() -> str:
    """Draw the way of a case to its owner."""
    drawn = ["```mermaid", "stateDiagram-v2", "    [*] --> queued"]
    drawn += [
        f"    {_word(stage)} --> {_word(to)}"
        for stage in Stage
        for to in Stage
        if to in ROUTES[stage]
    ]
    drawn += [f"    {_word(s)} : {s}" for s in Stage if _word(s) != s]
    source = getsource(Stage)
    rows = ["| stage | what |", "|---|---|"]
    for stage in Stage:
        found = re.search(rf'{stage.name} = [^\n]*\n    """(.*?)"""', source, re.DOTALL)
        if found is not None:
            rows.append(f"| {stage} | {' '.join(found[1].split())} |")
    return "\n".join([*drawn, "```", "", *rows])


def seats() -> str:
    """Return who sees which part of a case."""
    rows = ["| who | of the others that take part | who read the case |"]
    rows += ["|---|---|---|", "| coordinator | all | all |"]
    for part, others in KNOWN.items():
        known = ", ".join(f"{other}s" for other in Part if other in others)
        reads = "all" if part in SEES_READINGS else "its own"
        rows.append(f"| {part} | {known}, itself | {reads} |")
    return "\n".join(rows)


def acts() -> str:
    """Return every act in a case, with its fields."""
    rows = ["| `POST /v1/cases/{case}/…` | what | fields | who |", "|---|---|---|---|"]
    for name, act in ACTS.items():
        fields_ = ", ".join(f"`{field}`" for field in act.form.__struct_fields__)
        who = "coordinators" if act.coordinates else "whoever takes part"
        rows.append(f"| `{name}` | {act.name} | {fields_ or 'none'} | {who} |")
    return "\n".join(rows)


def engagement() -> str:
    """Draw the way of an engagement; withdrawing follows from everywhere."""
    drawn = ["```mermaid", "stateDiagram-v2", "    [*] --> inquiry"]
    drawn += [
        f"    {_word(state)} --> {_word(to)}"
        for state in review.State
        for to in review.State
        if to in review.MOVES[state] and to is not review.State.WITHDRAWN
    ]
    drawn += [
        f"    {_word(state)} : {state}"
        for state in review.State
        if _word(state) != state
    ]
    says = "From every state the developer can withdraw, which leads to destruction."
    return "\n".join([*drawn, "```", "", says])


def commands() -> str:
    """Return the help of every command."""
    return "\n\n".join(
        f"### `{' '.join(('fairlead', *path))}`\n\n```text\n{help_}\n```"
        for path, help_ in _helps(program, ())
    )


def settings() -> str:
    """Return a table of the settings."""
    source = getsource(Settings)
    rows = ["| variable | default | what |", "|---|---|---|"]
    for field in fields(Settings):
        found = re.search(
            rf'\n    {field.name}: .*?\n    """(.*?)"""', source, re.DOTALL
        )
        if found is None:
            message = f"the setting {field.name} has no description"
            raise SystemExit(message)
        said = " ".join(found[1].split())
        default = str(field.default) or " "
        rows.append(f"| `FAIRLEAD_{field.name.upper()}` | `{default}` | {said} |")
    return "\n".join(rows)


def tables() -> str:
    """Return the class of every table."""
    rows = ["| table | class |", "|---|---|"]
    every = [*metadata.sorted_tables, *catalogue.sorted_tables]
    rows += [f"| `{t.name}` | {t.info['class']} |" for t in every]
    return "\n".join(rows)


def roles() -> str:
    """Return what each role may do."""
    rows = ["| role | may |", "|---|---|"]
    for role in Role:
        scopes = [
            f"`{s}`" + ("*" if s in PERSONAL else "") for s in sorted(SCOPES[role])
        ]
        rows.append(f"| {role} | {', '.join(scopes) or 'nothing here yet'} |")
    return "\n".join(rows)


def canaries() -> str:
    """Return every attempt to get out, and what stops it."""
    rows = ["| attempt | what is tried | stopped by |", "|---|---|---|"]
    for canary in CANARIES:
        layers = ", ".join(canary.stopped_by)
        rows.append(f"| `{canary.name}` | {canary.about} | {layers} |")
    for level, left_out in LEFT_OUT.items():
        rows += ["", f"Not made at {level}, where they would prove nothing:", ""]
        whys: dict[str, list[str]] = {}
        for name, why in left_out.items():
            whys.setdefault(why, []).append(f"`{name}`")
        rows += [f"- {', '.join(names)}: {why}." for why, names in whys.items()]
    return "\n".join(rows)


def levels() -> str:
    """Return the levels of sandboxes."""
    source = getsource(Level)
    rows = ["| level | what |", "|---|---|"]
    for level in Level:
        found = re.search(rf'{level.name} = .*?\n    """(.*?)"""', source, re.DOTALL)
        said = " ".join(found[1].split()) if found else ""
        rows.append(f"| {level} | {said} |")
    return "\n".join(rows)


def profile() -> str:
    """Return a table of the keys of a profile."""
    rows = ["| key | kind | default | what |", "|---|---|---|---|"]
    rows += [_key(key, key.name) for key in KEYS]
    for name, keys in ROWS.items():
        rows += [_key(key, f"[[{name}]] {key.name}") for key in keys]
    return "\n".join(rows)


def _key(key: Key, name: str) -> str:
    default = "must be there"
    if key.default is not None:
        default = f"`{key.default}`" if key.default not in {"", ()} else "empty"
    kind = str(key.kind)
    if key.kind is Kind.NUMBER:
        kind += f", {key.least} to {key.most}"
    if key.choices:
        kind = "one of " + ", ".join(f"`{choice}`" for choice in key.choices)
    return f"| `{name}` | {kind} | {default} | {key.what} |"


MADE = {
    "profile": profile,
    "states": states,
    "embargoes": embargoes,
    "routings": routings,
    "seats": seats,
    "acts": acts,
    "engagement": engagement,
    "canaries": canaries,
    "levels": levels,
    "commands": commands,
    "settings": settings,
    "tables": tables,
    "roles": roles,
}


def main() -> None:
    """Renew every page, or say which are out of date."""
    old = []
    for path in sorted((ROOT / "docs").rglob("*.md")):
        text = path.read_text("utf-8")
        new = MARK.sub(lambda m: f"{m[1]}\n{MADE[m[2]]()}\n\n{m[3]}", text)
        if new != text:
            old.append(str(path.relative_to(ROOT)))
            if "--check" not in sys.argv:
                path.write_text(new, "utf-8")
    if old and "--check" in sys.argv:
        raise SystemExit("out of date, run `make docs`: " + ", ".join(old))


def _helps(
    command: click.Command, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str]]:
    name = " ".join(("fairlead", *path))
    context = click.Context(command, info_name=name, max_content_width=88)
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            found = command.get_command(context, inner)
            if found is not None:
                yield from _helps(found, (*path, inner))
    else:
        lines = command.get_help(context).splitlines()
        yield path, "\n".join(line.rstrip() for line in lines)


def _word(state: State | Stage) -> str:
    return state.value.replace(" ", "_")


if __name__ == "__main__":
    main()
