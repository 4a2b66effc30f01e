"""Feed parsers with what nobody would write, for as long as you like.

    python tools/fuzz.py TARGET [--seconds 3600] [--corpus FOLDER]
    python tools/fuzz.py --list

Atheris steers by coverage (`pip install --group fuzz`; wheels for Linux and macOS). What
a target must do for any bytes is said at it; anything else is printed with the input that
led there, and the exit code is not 0. `make fuzz` runs every target in turn.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path


def main() -> None:
    """Run one target."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("target", nargs="?")
    parser.add_argument("--seconds", type=int, default=3600)
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    try:
        import atheris  # noqa: PLC0415 - not everywhere
    except ImportError:
        print("Atheris is not installed here: pip install --group fuzz")
        print("There are wheels for Linux and macOS only; nothing was tried.")
        return
    with atheris.instrument_imports(include=["fairlead.formats"]):
        from fuzz_targets import SEEDS_OF, TARGETS  # noqa: PLC0415 - watched
    if options.list or options.target not in TARGETS:
        print("\n".join(TARGETS))
        return
    target: Callable[[bytes], None] = TARGETS[options.target]
    corpus = options.corpus or Path(tempfile.mkdtemp(prefix="fairlead-fuzz-"))
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS_OF[options.target]):
        (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup(
        [
            sys.argv[0],
            str(corpus),
            f"-max_total_time={options.seconds}",
            "-max_len=65536",
            "-timeout=20",
            "-rss_limit_mb=2048",
            "-print_final_stats=1",
            "-verbosity=1",
        ],
        target,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
