"""References: URLs that nearly always answer, so that where none of them does the fault is on this side."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from streams.outbound.reach import Reach, RefusedError
from streams.prober.check import Checker
from streams.prober.left_out import OwnTroubleError
from streams.prober.targets import HealthTarget

_HOLDS_S: Final = 5.0


class InvalidReferenceError(Exception):
    """A reference must not be called; the message says which, and why."""


class References:
    """The references of a prober; any answer of theirs will do, whatever its status.

    Checked at most once in five seconds, whoever asks.
    """

    def __init__(self, checker: Checker, urls: Sequence[str], monotonic_s: Callable[[], float]) -> None:
        self._checker = checker
        self._targets = [HealthTarget.model_construct(app_key="reference", url=url) for url in urls]
        self._monotonic_s = monotonic_s
        self._checking: asyncio.Task[bool] | None = None
        self._checked_s = float("-inf")

    def __bool__(self) -> bool:
        return bool(self._targets)

    async def all_fail(self) -> bool:
        """Whether there are some, and none of them answers now."""
        if not self._targets:
            return False
        now_s = self._monotonic_s()
        if self._checking is None or now_s - self._checked_s > _HOLDS_S:
            self._checking, self._checked_s = asyncio.create_task(self._check()), now_s
        return await asyncio.shield(self._checking)

    async def _check(self) -> bool:
        return not any(await asyncio.gather(*map(self._answers, self._targets)))

    async def _answers(self, target: HealthTarget) -> bool:
        try:
            return (await self._checker.check(target)).error is None
        except (OwnTroubleError, RefusedError):  # refused: its name leads to a private address now
            return False


def check_references(urls: Sequence[str], reach: Reach) -> None:
    """See that references may be called.

    Raises:
        InvalidReferenceError: one must not be.
    """
    for url in urls:
        try:
            reach.check_url(url)
        except RefusedError as refusal:
            raise InvalidReferenceError(f"SLO_PROBER_REFERENCE_URLS: {url}: {refusal}") from None
