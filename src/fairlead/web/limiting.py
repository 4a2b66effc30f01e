"""Limits: how often something may be tried from one address, or with one token.

They are kept in this process, because one server works on a home folder. Each count
costs the same, however many are kept, and only so many are: of a flood of addresses the
oldest counts go first.
"""

from __future__ import annotations

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from limits import RateLimitItem, parse
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

from fairlead.errors import Misconfigured, TooMany, Unavailable

KEPT = 100_000
"""How many counts are kept of each kind."""


class Counts(Storage):
    """Counts in memory, as many as `KEPT`; each operation costs the same."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        """Count by *clock*, in seconds."""
        super().__init__()
        self._clock = clock
        self._lock = threading.Lock()
        self._counts: OrderedDict[str, tuple[float, int]] = OrderedDict()
        """By key, the first begun first: when the window ends, and the count."""

    @property
    def base_exceptions(self) -> type[Exception]:
        """Return what this raises by itself: nothing."""
        return ValueError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Count *amount* more and return the sum; *expiry* is the length of a window."""
        with self._lock:
            ends, count = self._now(key)
            if not count:
                self._counts.pop(key, None)
                ends = self._clock() + expiry
            self._counts[key] = ends, count + amount
            if len(self._counts) > KEPT:
                self._counts.popitem(last=False)
            return count + amount

    def get(self, key: str) -> int:
        """Return the count."""
        with self._lock:
            return self._now(key)[1]

    def get_expiry(self, key: str) -> float:
        """Return when the window of *key* ends."""
        with self._lock:
            return self._now(key)[0]

    def check(self) -> bool:
        """Return that it works."""
        return True

    def reset(self) -> int | None:
        """Forget every count."""
        with self._lock:
            self._counts.clear()
        return None

    def clear(self, key: str) -> None:
        """Forget one count."""
        with self._lock:
            self._counts.pop(key, None)

    def _now(self, key: str) -> tuple[float, int]:
        at = self._clock()
        ends, count = self._counts.get(key, (at, 0))
        return (ends, count) if at < ends else (at, 0)


@dataclass(slots=True)
class Limit:
    """One limit, such as ten in a minute."""

    item: RateLimitItem
    said: str
    """What came too often."""
    clock: Callable[[], float] = time.time
    _limiter: FixedWindowRateLimiter = field(init=False)

    def __post_init__(self) -> None:
        """Begin to count."""
        self._limiter = FixedWindowRateLimiter(Counts(self.clock))

    def count(self, whose: str, times: int = 1) -> None:
        """Count one of *whose*, or as many as *times*.

        Raises:
            TooMany: it is too many.

        """
        if not self._limiter.hit(self.item, whose, cost=times):
            self._refuse(whose)

    def check(self, whose: str) -> None:
        """Refuse what would be one too many, without counting it.

        Raises:
            TooMany: the limit is reached.

        """
        if not self._limiter.test(self.item, whose):
            self._refuse(whose)

    def _refuse(self, whose: str) -> None:
        ends = self._limiter.get_window_stats(self.item, whose).reset_time
        wait = max(1, math.ceil(ends - self.clock()))
        raise TooMany(f"{self.said}; try again in {wait} seconds", retry_after=wait)


class Gate:
    """How many bodies of reports are in memory at once: each may have megabytes."""

    def __init__(self, most: int = 64) -> None:
        """Let at most so many in."""
        self.most = most
        self._inside = 0
        self._lock = threading.Lock()

    @contextmanager
    def enter(self) -> Iterator[None]:
        """Be inside while a body is read and kept.

        Raises:
            Unavailable: too many are; come back later.

        """
        with self._lock:
            if self._inside >= self.most:
                raise Unavailable("too many reports arrive at once; try again later")
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """All limits."""

    sign_in: Limit
    """Tries to sign in, by address."""
    failed: Limit
    """Tokens that open nothing, by address."""
    status: Limit
    """Look-ups of a status with nothing but a receipt, by address."""
    requests: Limit
    """Requests, by token."""
    submissions: Limit
    """Reports, by organisation: a fixed window, usually of an hour."""

    @classmethod
    def of(  # noqa: PLR0913 - one value a limit
        cls,
        *,
        sign_in: str,
        failed: str,
        status: str,
        requests: str,
        submissions: str = "20000/hour",
        clock: Callable[[], float] = time.time,
    ) -> Limits:
        """Return the limits that settings such as `10/minute` name.

        Raises:
            Misconfigured: one makes no sense.

        """
        return cls(
            sign_in=Limit(
                _item("limit_sign_in", sign_in), "too many tries to sign in", clock
            ),
            failed=Limit(
                _item("limit_failed_tokens", failed),
                "too many tokens that open nothing",
                clock,
            ),
            status=Limit(_item("limit_status", status), "too many look-ups", clock),
            requests=Limit(
                _item("limit_requests", requests),
                "too many requests with this token",
                clock,
            ),
            submissions=Limit(
                _item("limit_submissions", submissions),
                "too many reports of one organisation",
                clock,
            ),
        )


def _item(setting: str, written: str) -> RateLimitItem:
    try:
        return parse(written)
    except ValueError as error:
        raise Misconfigured(
            f"{setting}: {written!r} is no limit; say such as 10/minute or 500/second"
        ) from error
