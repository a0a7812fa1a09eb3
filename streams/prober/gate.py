"""Between the checks and the topic: results are reported only while the prober may be trusted."""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from streams.prober.check import CheckResult
from streams.prober.clock import SteadyClock
from streams.prober.left_out import LeftOut
from streams.prober.publish import Report
from streams.prober.references import References
from streams.prober.targets import HealthTarget
from streams.prober.trust import SelfTrust, Trust

log = logging.getLogger(__name__)

KEPT_MOST: Final = 200_000
"""Results kept at most, some 100 MB: of 10,000 URLs those of 20 minutes. Further ones are counted and let go."""


@dataclass(slots=True)
class Suspension:
    """What a suspension came to, for the heartbeat: since when (epoch ms), and how many results were not reported."""

    since_ms: int | None = None
    results: int = 0
    bad: int = 0
    kept: list[CheckResult] = field(default_factory=list)


class Gate:
    """Hands results on to `report`, or not.

    While it is doubtful bad results wait. While it is suspended all are kept, and shown in the log and the heartbeat;
    afterwards they are reported with the times they had if `reports_suspended`, else they are left out of the SLI.
    """

    def __init__(
        self,
        report: Report,
        trust: SelfTrust,
        references: References,
        clock: SteadyClock,
        left_out: Counter[LeftOut],
        *,
        is_good_elsewhere: Callable[[HealthTarget], Awaitable[bool]] | None = None,
        reports_suspended: bool = False,
    ) -> None:
        self.suspension = Suspension()
        self._report = report
        self._trust = trust
        self._references = references
        self._clock = clock
        self._left_out = left_out
        self._is_good_elsewhere = is_good_elsewhere
        self._reports_suspended = reports_suspended
        self._waiting: list[CheckResult] = []

    async def __call__(self, result: CheckResult) -> None:
        """Take a result."""
        if not result.is_good and await self._is_contradicted(result.target):
            self._left_out[LeftOut.UNCONFIRMED] += 1
            return
        if not result.is_good:
            await self._look_at_references()
        self._trust.note(result.target, self._clock.now_ms(), is_good=result.is_good)
        if result.is_good and self.suspension.since_ms is None and not self._waiting:
            await self._report(result)
            return
        trust = await self.look()
        if trust is Trust.SUSPENDED:
            self._keep(result)
        elif trust is Trust.DOUBTFUL and not result.is_good:
            self._waiting.append(result)
        else:
            await self._report(result)

    def forget(self, target: HealthTarget) -> None:
        """The URL is no longer this prober's."""
        self._trust.forget(target)

    async def look(self) -> Trust:
        """What is to be done now; to be asked once a second, too, as time alone may decide it."""
        if self.suspension.since_ms is not None:
            await self._look_at_references()
        trust = self._trust.at(self._clock.now_ms())
        if trust is Trust.SUSPENDED:
            self._suspend()
        elif self.suspension.since_ms is not None:
            await self._resume()
        if trust is Trust.SURE and self._waiting:
            waiting, self._waiting = self._waiting, []
            for result in waiting:
                await self._report(result)
        return trust

    async def close(self) -> None:
        """Report what waits in doubt: nothing has decided against it."""
        waiting, self._waiting = self._waiting, []
        for result in waiting:
            await self._report(result)

    async def _is_contradicted(self, target: HealthTarget) -> bool:
        return self._is_good_elsewhere is not None and await self._is_good_elsewhere(target)

    async def _look_at_references(self) -> None:
        self._trust.note_references(all_failed=await self._references.all_fail())

    def _suspend(self) -> None:
        if self.suspension.since_ms is None:
            self.suspension.since_ms = self._trust.suspended_since_ms
            log.error(
                "reporting is suspended: too much failed at once, so that the fault is rather here than with the apps"
            )
        waiting, self._waiting = self._waiting, []
        for result in waiting:
            self._keep(result)

    def _keep(self, result: CheckResult) -> None:
        self.suspension.results += 1
        self.suspension.bad += not result.is_good
        if len(self.suspension.kept) < KEPT_MOST:
            self.suspension.kept.append(result)

    async def _resume(self) -> None:
        ended, self.suspension = self.suspension, Suspension()
        reported = ended.kept if self._reports_suspended else []
        left_out = ended.results - len(reported)
        log.warning(
            "reporting goes on: of the %d results since it was suspended, %d bad, %d are reported and %d left out",
            *(ended.results, ended.bad, len(reported), left_out),
        )
        self._left_out[LeftOut.SUSPENDED] += left_out
        for result in reported:
            await self._report(result)
