"""Keys in files that only their owner can read, outside the database and its backups."""

from __future__ import annotations

from pathlib import Path

from fairlead.base.ports import Randomness
from fairlead.errors import Damaged, Misconfigured, NotFound
from fairlead.record.cosignatures import WitnessSigner
from fairlead.record.notes import Signer, new_signer
from fairlead.store import files

RECORD = "record.key"
"""The file of the key that signs checkpoints."""
CLAIMS = "claims.key"
"""The file of the key that signs certificates of claims."""
BLIND = "blind.key"
"""The file of the seed by which blind claims are matched."""
WITNESS = "witness.key"
"""The file of the key by which a witness cosigns."""
SANDBOX = "sandbox.key"
"""The file of the key that signs what was seen in sandboxes of this machine."""
CERTIFICATES = "certificates.key"
"""The file of the key that signs destruction certificates."""
NOTES = "notes.key"
"""The file of the key that signs notes about calls, for brokers that developers run."""
BROKER = "broker.key"
"""The file of the key with which a developer's broker signs what was used."""


def record_signer(
    folder: Path, name: str, randomness: Randomness, *, file: str = RECORD
) -> Signer:
    """Return the signer of the record, making its key the first time.

    Another *file* holds the key of something else that is signed here.

    Raises:
        Damaged: the key file cannot be read, or is the key of another record.

    """
    path = folder / file
    try:
        written = path.read_text("ascii")
    except FileNotFoundError:
        signer = new_signer(name, randomness)
        files.write(path, signer.secret().encode())
        return signer
    except (OSError, UnicodeDecodeError) as error:
        raise Damaged(f"{path} cannot be read: {error}") from error
    signer = Signer.read(written)
    if signer.name != name:
        raise Damaged(
            f"{path} signs for {signer.name}, not for {name}; name the right folder"
            " with FAIRLEAD_KEYS, or set FAIRLEAD_NAMESPACE as it was"
        )
    return signer


def sandbox_signer(folder: Path, randomness: Randomness) -> Signer:
    """Return the signer of what sandboxes show, making its key the first time.

    Raises:
        Damaged: the key file cannot be read.

    """
    path = folder / SANDBOX
    try:
        return Signer.read(path.read_text("ascii"))
    except FileNotFoundError:
        signer = new_signer("fairlead/sandbox", randomness)
        files.write(path, signer.secret().encode())
        return signer
    except (OSError, UnicodeDecodeError) as error:
        raise Damaged(f"{path} cannot be read: {error}") from error


def witness_signer(
    folder: Path, name: str | None, randomness: Randomness
) -> WitnessSigner:
    """Return the signer of a witness, making its key the first time, called *name*.

    Raises:
        NotFound: there is none, and no name for a new one.
        Damaged: the key file cannot be read.
        Misconfigured: the key has another name, or *name* cannot be one.

    """
    path = folder / WITNESS
    try:
        signer = Signer.read(path.read_text("ascii"))
    except FileNotFoundError:
        if name is None:
            raise NotFound(
                "there is no witness here; make one with --name, such as"
                " witness.example/w1"
            ) from None
        try:
            signer = new_signer(name, randomness)
        except ValueError as error:
            raise Misconfigured(f"name: {error}") from error
        files.write(path, signer.secret().encode())
    except (OSError, UnicodeDecodeError) as error:
        raise Damaged(f"{path} cannot be read: {error}") from error
    if name not in {None, signer.name}:
        raise Misconfigured(f"name: the witness here is called {signer.name}")
    return WitnessSigner(signer)


def blind_seed(folder: Path, randomness: Randomness) -> bytes:
    """Return the 32 bytes by which blind claims are matched, drawn the first time.

    Raises:
        Damaged: the file does not hold them.

    """
    path = folder / BLIND
    try:
        seed = path.read_bytes()
    except FileNotFoundError:
        seed = randomness(32)
        files.write(path, seed)
    except OSError as error:
        raise Damaged(f"{path} cannot be read: {error}") from error
    if len(seed) != 32:  # noqa: PLR2004 - what is written above
        raise Damaged(f"{path} does not hold a seed")
    return seed


def certificate_signer(folder: Path, name: str, randomness: Randomness) -> Signer:
    """Return the programme's signer of certificates, made the first time.

    It is apart from the record's: that one signs checkpoints and nothing else.

    Raises:
        Damaged: the key file cannot be read, or is another programme's.

    """
    return record_signer(folder, name, randomness, file=CERTIFICATES)
