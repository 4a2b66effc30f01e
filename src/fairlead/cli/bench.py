"""`fairlead bench`: what a model can do, how sure that is, and who can check it.

Its commands are loaded when they are called, each from a module of its own.
"""

from __future__ import annotations

from importlib import import_module

import click

COMMANDS = {
    "bundle": ("fairlead.cli.bench_bundle", "Put a run into one file to be checked."),
    "calibrate": ("fairlead.cli.bench_plan", "Say where anchors put a threshold."),
    "compare": ("fairlead.cli.bench_report", "Compare two runs, task by task."),
    "deliver": ("fairlead.cli.bench_deliver", "Write what goes to the developer."),
    "gate": ("fairlead.cli.bench_tasks", "Show that every task of a suite is valid."),
    "import": ("fairlead.cli.bench_tasks", "Read tasks of others as a suite."),
    "plan": ("fairlead.cli.bench_plan", "Say how many tasks an answer needs."),
    "reference": ("fairlead.cli.bench_reference", "Policies of known ability."),
    "report": ("fairlead.cli.bench_report", "Tell what a run says, as page or PDF."),
    "reveal": ("fairlead.cli.bench_tasks", "Tell the seed of a suite, and compare."),
    "reviewed": ("fairlead.cli.bench_run", "Say who looked at an attempt to leave."),
    "run": ("fairlead.cli.bench_run", "Run a suite against a model, or resume it."),
    "tasks": ("fairlead.cli.bench_tasks", "Make a suite of fresh tasks from a seed."),
    "verify": ("fairlead.cli.bench_bundle", "Compute a bundle anew, offline."),
    "work": ("fairlead.cli.bench_run", "Make attempts that a run elsewhere offers."),
}
"""Name: module that has it, what its line in the help says."""


class Commands(click.Group):
    """Commands by name, each loaded when it is needed."""

    def list_commands(self, _: click.Context) -> list[str]:
        """Return the names of all commands."""
        return sorted(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        """Return a command by name."""
        if name not in COMMANDS:
            return None
        module = import_module(COMMANDS[name][0])
        # A word of Python has a line below it in the module.
        command: click.Command = getattr(module, name, None) or getattr(
            module, f"{name}_"
        )
        return command

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=Commands)
def bench() -> None:
    """Measure what a model can do, in a way that others can check."""
