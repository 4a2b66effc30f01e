"""How fast a folder is sealed and opened, beside the disk and the processor.

`python benchmarks/sealing.py [--json] [--size MB] [--rounds N] [--folder F]`

In each round the same bytes are written by plain writes with one sync at the end, as `dd
conv=fsync` does, and then sealed; the figure is the median of the rounds' ratios, because
the speed of a disk that others use changes from one moment to the next. Memory is the
most that a process that seals once, or twice as much, has ever held.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import secrets
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from fairlead.sealing import halves
from fairlead.sealing.holders import HolderKey, Part, new_holder_key
from fairlead.store.sealed import Opened, SealedFolder
from fairlead.store.sealing import Sealing, seal

MB = 1_000_000
BLOCK = 1 << 20
FILES = 4
TARGET = 0.9


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--size", type=int, default=1000, help="MB to seal")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where; a temporary one otherwise")
    parser.add_argument("--memory", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.memory:
        _seal_once(given.memory)
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        told = measure(Path(name), given.size * MB, given.rounds)
    if given.json:
        print(json.dumps(told, indent=2))
        return
    for figure, value in told.items():
        print(f"{figure:32} {value}")


def measure(base: Path, size: int, rounds: int) -> dict[str, object]:
    """Seal, write plainly, verify and unseal *size* bytes."""
    keys = [
        new_holder_key(part, "benchmark", secrets.token_bytes)
        for part in (Part.DEVELOPER, Part.PROGRAMME)
    ]
    make(base / "model", size)
    plain, sealed, ratios = [], [], []
    for _ in range(rounds):
        plain.append(size / timed(lambda: write(base / "model", base / "plain")))
        shutil.rmtree(base / "plain")
        clear(base)
        sealed.append(size / timed(lambda: seal(sealing(base, keys))))
        ratios.append(sealed[-1] / plain[-1])
    again = timed(lambda: seal(sealing(base, keys)))
    opened = open_(base, keys)
    verified = timed(opened.faults)
    unsealed = timed(lambda: opened.unseal(base / "back"))
    shutil.rmtree(base / "back")
    random_read = timed(lambda: read_ranges(opened, 200)) / 200
    return {
        "megabytes": size / MB,
        "plain_write_and_sync_mb_s": round(statistics.median(plain) / MB),
        "sealed_and_synced_mb_s": round(statistics.median(sealed) / MB),
        "ratio_median": round(statistics.median(ratios), 2),
        "ratio_of_each_round": [round(one, 2) for one in ratios],
        "ratio_target": TARGET,
        "seal_again_unchanged_s": round(again, 3),
        "every_chunk_opened_mb_s": round(size / verified / MB),
        "unsealed_and_synced_mb_s": round(size / unsealed / MB),
        "64_kib_at_random_ms": round(random_read * 1000, 2),
        "memory_mb": memory(base, keys[0]),
        "memory_of_twice_as_much_mb": memory(base, keys[0], twice=True),
    }


def make(folder: Path, size: int) -> None:
    """Write *size* random bytes in a few files."""
    folder.mkdir()
    block = secrets.token_bytes(BLOCK)
    for number in range(FILES):
        with (folder / f"{number}.bin").open("wb") as file:
            left = size // FILES
            while left:
                left -= file.write(block[: min(left, BLOCK)])


def write(source: Path, target: Path) -> None:
    """Copy all bytes in blocks, and sync each file at its end: the limit."""
    target.mkdir()
    for path in source.iterdir():
        with (
            path.open("rb", buffering=0) as read,
            (target / path.name).open("wb", buffering=0) as file,
        ):
            while block := read.read(BLOCK):
                file.write(block)
            os.fsync(file.fileno())


def sealing(base: Path, keys: list[HolderKey]) -> Sealing:
    """Return what the benchmark seals."""
    return Sealing(
        folder=base / "model",
        out=base / "out",
        key=keys[0],
        holders=[keys[1].holder],
        randomness=secrets.token_bytes,
        shard=64 * 1024 * 1024,
    )


def clear(base: Path) -> None:
    """Remove what was sealed, and let the disk come to rest."""
    shutil.rmtree(base / "out", ignore_errors=True)
    (base / "out.sealing").unlink(missing_ok=True)
    os.sync()


def open_(base: Path, keys: list[HolderKey]) -> Opened:
    """Open what was sealed."""
    folder = SealedFolder.read(base / "out", keys[0].holder)
    both = halves.unwrap_mine(folder.seal.halves, keys, folder.seal.id)
    return folder.open(halves.join(both))


def read_ranges(opened: Opened, count: int) -> None:
    """Read ranges of 64 KiB at random places."""
    length = 64 * 1024
    for _ in range(count):
        start = secrets.randbelow(opened.sizes["0.bin"] - length)
        for _piece in opened.range("0.bin", start, start + length):
            pass


def memory(base: Path, key: HolderKey, *, twice: bool = False) -> int:
    """Return the most MB that a process held which sealed the folder, or twice it."""
    more = base / "model" / "more"
    if twice:
        shutil.copytree(base / "model", base / "more")
        (base / "more").rename(more)
    clear(base)
    (base / "key").write_bytes(key.encode())
    command = [sys.executable, __file__, "--memory", str(base)]
    done = subprocess.run(command, capture_output=True, check=True)  # noqa: S603 - our own
    return round(int(done.stdout) / 1000)


def _seal_once(base: Path) -> None:
    from fairlead.sealing.holders import read_holder_key  # noqa: PLC0415 - a process of its own

    key = read_holder_key((base / "key").read_bytes())
    other = new_holder_key(Part.PROGRAMME, "benchmark", secrets.token_bytes)
    seal(sealing(base, [key, other]))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)


def timed(work: Callable[[], object]) -> float:
    """Return how many seconds *work* takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
