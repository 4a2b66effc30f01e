"""Boxes: content that only its key opens, and only where it belongs.

A box is a nonce of 12 bytes and what AES-256-GCM makes of the content (NIST SP 800-38D).
Its context, such as the stream and version of an event, is authenticated with it, so
that a box put in another one's place does not open. A key shuts at most a few hundred
boxes, far from where random nonces would meet.
"""

from __future__ import annotations

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from fairlead.base.ports import Randomness
from fairlead.errors import Damaged

KEY = 32
"""Bytes of a key."""
_NONCE = 12


def shut(key: bytes, content: bytes, context: str, randomness: Randomness) -> bytes:
    """Return *content* in a box."""
    nonce = randomness(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, content, context.encode())


def unlock(key: bytes, box: bytes, context: str) -> bytes:
    """Return what is in *box*.

    Raises:
        Damaged: it was changed, is another one's, or was shut with another key.

    """
    try:
        return AESGCM(key).decrypt(box[:_NONCE], box[_NONCE:], context.encode())
    except (InvalidTag, ValueError) as error:
        raise Damaged(f"{context}: does not open with its key") from error


def fingerprint(key: bytes, content: bytes, purpose: str) -> bytes:
    """Return 32 bytes that are equal for equal content, and say nothing without *key*.

    What is fingerprinted for one *purpose* cannot be compared with another's.
    """
    return hmac.digest(key, purpose.encode() + b"\0" + content, hashlib.sha256)
