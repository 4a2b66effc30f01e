"""Run as `python -m fairlead`."""

from fairlead.cli.main import main

main(prog_name="fairlead")
