"""An oblivious pseudorandom function: OPRF(P-256, SHA-256) in mode OPRF (RFC 9497).

A client learns F(key, input) without showing the input, and the holder of the key learns
nothing. Multiplications by secret numbers are done by OpenSSL through `cryptography`, which
gives the x coordinate only; which of the two points it is follows from a second one, for
the next number. What is computed in Python itself is the map from inputs to points, and
that is not in constant time: it runs where the input is known anyway.

Not checked: that a holder used the same key each time (that would be mode VOPRF).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

from cryptography.hazmat.primitives.asymmetric import ec

from fairlead.base.ports import Randomness
from fairlead.errors import Invalid, Violation

P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
A = P - 3
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
"""The curve (FIPS 186-5, P-256): y² = x³ + Ax + B over the field of P, of order N."""
_Z = P - 10
"""RFC 9380, 8.2."""
_MINUS_B_OVER_A = (P - B) * pow(A, -1, P) % P
_B_OVER_ZA = B * pow(_Z * A, -1, P) % P
_CONTEXT = b"OPRFV1-\x00-P256-SHA256"
"""RFC 9497, 3.1: mode OPRF."""
ELEMENT = 33
"""Bytes of a point as it is sent (SEC 1, compressed)."""
_BLOCK = 64
_L = 48
LONGEST = 2**16 - 1
"""Bytes of an input (RFC 9497, 3)."""

Point = tuple[int, int]


Pair = tuple[ec.EllipticCurvePrivateKey, ec.EllipticCurvePrivateKey]
"""The number to multiply by, and the next one."""


@dataclass(frozen=True)
class Key:
    """A secret key."""

    scalar: int

    @cached_property
    def _pair(self) -> Pair:
        return _pair(self.scalar)

    def evaluate(self, element: bytes) -> bytes:
        """Return the answer to a blinded element (RFC 9497, 3.3.1, BlindEvaluate).

        Raises:
            Invalid: it is no element of the group.

        """
        return write(_multiply(self.scalar, read(element), self._pair))

    def whole(self, given: bytes) -> bytes:
        """Return F(key, *given*), for whoever knows both (3.3.1, Evaluate)."""
        return _output(
            given, write(_multiply(self.scalar, _hash_to_group(given), self._pair))
        )


def derive_key(seed: bytes, info: bytes) -> Key:
    """Return the key that follows from 32 secret bytes (RFC 9497, 3.2.1)."""
    given = seed + len(info).to_bytes(2, "big") + info
    for counter in range(256):
        scalar = _hash_to_scalar(given + bytes([counter]), b"DeriveKeyPair" + _CONTEXT)
        if scalar:
            return Key(scalar)
    message = "no key follows from this seed"
    raise ValueError(message)


@dataclass(frozen=True, slots=True)
class Blinded:
    """An input on its way to the holder of the key."""

    given: bytes
    scalar: int
    """Secret; used once."""

    @property
    def element(self) -> bytes:
        """Return what is sent (RFC 9497, 3.3.1, Blind)."""
        return write(_multiply(self.scalar, _hash_to_group(self.given)))

    def finish(self, answer: bytes) -> bytes:
        """Return F(key, input) from the holder's *answer* (3.3.1, Finalize).

        Raises:
            Invalid: it is no element of the group.

        """
        inverse = pow(self.scalar, -1, N)
        return _output(self.given, write(_multiply(inverse, read(answer))))


def blind(given: bytes, randomness: Randomness) -> Blinded:
    """Return *given* with a fresh blind."""
    scalar = 0
    while not 0 < scalar < N:
        scalar = int.from_bytes(randomness(32), "big")
    return Blinded(given, scalar)


def write(point: Point) -> bytes:
    """Return a point as 33 bytes."""
    x, y = point
    return bytes([2 + (y & 1)]) + x.to_bytes(32, "big")


def read(written: bytes) -> Point:
    """Return the point that `write` wrote.

    Raises:
        Invalid: it is none: not of this length, not on the curve, or no point at all.

    """
    x = int.from_bytes(written[1:], "big")
    square = (x * x * x + A * x + B) % P
    root = pow(square, (P + 1) // 4, P)
    wrong_shape = len(written) != ELEMENT or written[:1] not in {b"\x02", b"\x03"}
    if wrong_shape or x >= P or root * root % P != square:
        raise Invalid(
            "this is no element of P-256",
            [Violation("invalid_element", "elements", "33 bytes, SEC 1 compressed")],
        )
    return x, root if root & 1 == written[0] & 1 else P - root


def _output(given: bytes, element: bytes) -> bytes:
    """Return what the function gives (RFC 9497, 3.3.1)."""
    if len(given) > LONGEST:
        message = f"an input has at most {LONGEST} bytes"
        raise ValueError(message)
    parts = (given, element)
    framed = b"".join(len(part).to_bytes(2, "big") + part for part in parts)
    return hashlib.sha256(framed + b"Finalize").digest()


def _multiply(scalar: int, point: Point, pair: Pair | None = None) -> Point:
    """Return the point times a secret number, found by two exchanges.

    1. The exchange gives x of k·P; its y is one of two.
    2. The exchange with k+1 gives x of (k+1)·P = k·P + P.
    3. Of the two candidates, the one that gives that when P is added is the right one.
    """
    if scalar == 1:
        return point
    if scalar == N - 1:
        return point[0], P - point[1]
    numbers = ec.EllipticCurvePublicNumbers(*point, curve=ec.SECP256R1())
    public = numbers.public_key()
    x, following = (
        int.from_bytes(private.exchange(ec.ECDH(), public), "big")
        for private in pair or _pair(scalar)
    )
    square = (x * x * x + A * x + B) % P
    y = pow(square, (P + 1) // 4, P)
    return (x, y) if _added_x((x, y), point) == following else (x, P - y)


def _pair(scalar: int) -> Pair:
    curve = ec.SECP256R1()
    following = scalar % (N - 1) + 1  # of the last number there is no next one
    return ec.derive_private_key(scalar, curve), ec.derive_private_key(following, curve)


def _added_x(a: Point, b: Point) -> int:
    """Return x of a sum; where both are one point, of its double."""
    if a[0] == b[0]:
        if (a[1] + b[1]) % P == 0:
            return -1  # the point at infinity has none
        slope = (3 * a[0] * a[0] + A) * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    return (slope * slope - a[0] - b[0]) % P


def _added(a: Point, b: Point) -> Point:
    if a[0] == b[0]:
        slope = (3 * a[0] * a[0] + A) * pow(2 * a[1], -1, P) % P
    else:
        slope = (b[1] - a[1]) * pow(b[0] - a[0], -1, P) % P
    x = (slope * slope - a[0] - b[0]) % P
    return x, (slope * (a[0] - x) - a[1]) % P


def _hash_to_group(given: bytes) -> Point:
    """Return the point of an input: P256_XMD:SHA-256_SSWU_RO_ (RFC 9380, 8.2)."""
    uniform = _expand(given, b"HashToGroup-" + _CONTEXT, 2 * _L)
    first, second = (int.from_bytes(uniform[i : i + _L], "big") % P for i in (0, _L))
    return _added(_map(first), _map(second))


def _hash_to_scalar(given: bytes, dst: bytes) -> int:
    return int.from_bytes(_expand(given, dst, _L), "big") % N


def _map(u: int) -> Point:
    """Return the point of a field element: simplified SWU (RFC 9380, 6.6.2)."""
    zu = _Z * u * u % P
    below = (zu * zu + zu) % P
    x = _MINUS_B_OVER_A * (1 + pow(below, -1, P)) % P if below else _B_OVER_ZA
    square = (x * x * x + A * x + B) % P
    y = pow(square, (P + 1) // 4, P)
    if y * y % P != square:
        x = zu * x % P
        square = (x * x * x + A * x + B) % P
        y = pow(square, (P + 1) // 4, P)
    return x, y if y & 1 == u & 1 else P - y


def _expand(given: bytes, dst: bytes, length: int) -> bytes:
    """Return so many uniform bytes: expand_message_xmd (RFC 9380, 5.3.1)."""
    suffix = dst + bytes([len(dst)])
    start = bytes(_BLOCK) + given + length.to_bytes(2, "big") + b"\0" + suffix
    first = hashlib.sha256(start).digest()
    block = hashlib.sha256(first + b"\1" + suffix).digest()
    found = block
    for number in range(2, -(-length // 32) + 1):
        mixed = bytes(a ^ b for a, b in zip(first, block, strict=True))
        block = hashlib.sha256(mixed + bytes([number]) + suffix).digest()
        found += block
    return found[:length]
