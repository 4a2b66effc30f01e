"""The program by which docs/record.md verifies a proof does so."""

import hashlib
import re
import secrets
import subprocess
import sys
from pathlib import Path

import pytest

from fairlead.record import proofs
from fairlead.record.notes import Checkpoint, new_signer
from fairlead.record.tlog_proof import TlogProof
from fairlead.store.tiles import TileFolder

PAGE = Path(__file__).parents[2] / "docs" / "record.md"
SIGNER = new_signer("log.example/record", secrets.token_bytes)


def entry(number):
    return hashlib.sha256(b"%d" % number).digest()


@pytest.mark.parametrize(("index", "size"), [(0, 1), (2, 3), (5, 11), (10, 11)])
def test_the_program_verifies_a_proof_and_refuses_another_entry(tmp_path, index, size):
    tiles = TileFolder(tmp_path / "log")
    root = tiles.append([entry(n) for n in range(size)], start=0)
    note = SIGNER.sign(Checkpoint(origin=SIGNER.name, size=size, root=root).text())
    path = tuple(proofs.inclusion(tiles, index, size))
    file = tmp_path / "x.tlog-proof"
    file.write_text(TlogProof(index=index, path=path, checkpoint=note).text())
    (program,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    other = new_signer("log.example/record", secrets.token_bytes)
    for key, shown, holds in (
        (SIGNER, index, True),
        (SIGNER, size, False),
        (other, index, False),
    ):
        done = subprocess.run(
            [
                sys.executable,
                "-c",
                program,
                file,
                key.verifier().text(),
                entry(shown).hex(),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode == 0) == holds, done.stderr
