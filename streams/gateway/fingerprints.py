"""Tokens that were used: each is good for one call."""

from collections.abc import Callable
from typing import Final

LIMIT: Final = 200_000
"""Tokens remembered at most, some 30 MB. Beyond, no token is taken until old ones are forgotten."""


class ReplayGuard:
    """Remembers every fingerprint for at least `keep_s` seconds, in two generations that change places.

    Only verified tokens come here, as often as the rate of an app allows: strangers cannot fill it.
    """

    def __init__(self, keep_s: float, monotonic_s: Callable[[], float], limit: int = LIMIT) -> None:
        self._keep_s = keep_s
        self._monotonic_s = monotonic_s
        self._limit = limit
        self._young: set[str] = set()
        self._old: set[str] = set()
        self._since_s = monotonic_s()

    @property
    def is_full(self) -> bool:
        """Whether nothing more can be remembered now."""
        self._age()
        return len(self._young) + len(self._old) >= self._limit

    def knows(self, fingerprint: str) -> bool:
        """Whether a token was used before."""
        self._age()
        return fingerprint in self._young or fingerprint in self._old

    def is_first_use(self, fingerprint: str) -> bool:
        """Remember a token; False if it was used before."""
        if self.knows(fingerprint):
            return False
        self._young.add(fingerprint)
        return True

    def _age(self) -> None:
        now_s = self._monotonic_s()
        passed_s = now_s - self._since_s
        if passed_s >= self._keep_s:
            self._old = self._young if passed_s < 2 * self._keep_s else set()
            self._young, self._since_s = set(), now_s
