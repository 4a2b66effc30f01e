"""The `fairlead` command.

Command groups are loaded when they are called, so that `fairlead --help` stays quick.
"""

from __future__ import annotations

import logging
import os
import sys
from importlib import import_module

import click

COMMANDS = {
    "bench": ("fairlead.cli.bench", "Measure what a model can do."),
    "broker": ("fairlead.cli.broker", "Run the broker at the developer's side."),
    "catalogue": ("fairlead.cli.catalogue", "What others have published."),
    "check": ("fairlead.cli.checking", "Say what is wrong with advisories."),
    "convert": ("fairlead.cli.converting", "Write an advisory in another format."),
    "claim": ("fairlead.cli.claim", "Who scans what, from a pipeline."),
    "demo": ("fairlead.cli.demo", "Show the clearinghouse at work, in a fresh folder."),
    "evidence": ("fairlead.cli.evidence", "Show reported vulnerabilities."),
    "mail": ("fairlead.cli.mail", "Take what owners write."),
    "match": ("fairlead.cli.matching", "Say what of the catalogue affects an SBOM."),
    "organisation": ("fairlead.cli.members", "Organisations that take part."),
    "person": ("fairlead.cli.members", "People who sign in."),
    "profile": ("fairlead.cli.profile", "What the programme decides."),
    "programme": ("fairlead.cli.programme", "What the public is told."),
    "record": ("fairlead.cli.record", "The record of everything that happened."),
    "report": ("fairlead.cli.reports", "Hand in what tools and people found."),
    "seal": ("fairlead.cli.sealing", "Seal files so that both halves are needed."),
    "sandbox": ("fairlead.cli.sandbox", "Where code that nobody trusts is run."),
    "serve": ("fairlead.cli.serve", "Run the server."),
    "status": ("fairlead.cli.serve", "Say how much there is, and what waits."),
    "terms": ("fairlead.cli.terms", "Terms: the contract that is the access check."),
    "token": ("fairlead.cli.members", "Tokens with which programs act."),
    "unseal": ("fairlead.cli.unsealing", "Open sealed files with both halves."),
    "verify": ("fairlead.cli.verifying", "Verify a destruction certificate offline."),
    "witness": ("fairlead.cli.witness", "Watch over the logs of others."),
}
"""Name: module that has it, what its line in the help says."""


class Commands(click.Group):
    """Commands by name, each loaded when it is needed."""

    def list_commands(self, _: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        """Return a command by name."""
        if name not in COMMANDS:
            return None
        command: click.Command = getattr(import_module(COMMANDS[name][0]), name)
        return command

    def format_commands(self, _: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="fairlead")
def main() -> None:
    """Run a clearinghouse for vulnerabilities: reports in, fixes out, all on record."""


def run() -> None:
    """Run the command as a process of its own, and end that process.

    Where a server ran, the interpreter is not taken down: threads of the HTTP server
    may still ask for it then, and the process would abort, see
    https://github.com/emmett-framework/granian/issues/693
    """
    try:
        main(prog_name="fairlead")
    except SystemExit as ended:
        if "granian" not in sys.modules or not isinstance(ended.code, int | None):
            raise
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended.code or 0)
