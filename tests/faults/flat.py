"""Whether memory and what is left to read stay flat over a long run, looked at again and again."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from statistics import median
from typing import Final, NoReturn

from aiokafka.errors import KafkaError

from tests.bench.usage import usage
from tests.e2e.flow import Flow
from tests.faults.supervisor import Supervisor

_LOOK_EVERY_S: Final = 2.0
_ASKING_TIMEOUT_S: Final = 10.0
_MOST_MEMORY_MB: Final = 300.0
"""Of one process, at any time; an idle worker takes about 100."""
_MOST_GROWTH_MB: Final = 60.0
"""Of one process in the second half of its life: imports and first buffers are in the first."""
_LONG_LIFE: Final = 30
"""Looks from which on a life has halves to be compared."""
_MOST_LAG: Final = 20_000
"""Records; the traffic is about 80 a second, and the longest outage 30 s."""
_MORE_LAG: Final = 2_000
"""By how much the usual lag of the last third may be above that of the first."""


class Flat:
    """What is measured: the most memory of each process, look by look, and the lag of the workers."""

    def __init__(self, flow: Flow, supervisors: Sequence[Supervisor]) -> None:
        self._flow = flow
        self._supervisors = supervisors
        self._peaks_mb: dict[int, list[float]] = {}
        self._lags: list[int] = []

    async def look(self) -> NoReturn:
        """Again and again, until cancelled."""
        while True:
            for process in (one.process for supervisor in self._supervisors for one in supervisor.running):
                with suppress(FileNotFoundError, KeyError):  # it has ended just now
                    self._peaks_mb.setdefault(process.pid, []).append(usage(process.pid).peak_mb)
            with suppress(KafkaError, TimeoutError):
                async with asyncio.timeout(_ASKING_TIMEOUT_S):
                    self._lags.append(sum((await self._flow.lag()).values()))
            await asyncio.sleep(_LOOK_EVERY_S)

    def judge(self) -> dict[str, float]:
        """The figures.

        Raises:
            AssertionError: one is above its bound.
        """
        peak_mb = max(looks[-1] for looks in self._peaks_mb.values())
        grown_mb = max(
            (looks[-1] - looks[len(looks) // 2] for looks in self._peaks_mb.values() if len(looks) >= _LONG_LIFE),
            default=0.0,
        )
        third = len(self._lags) // 3
        first, last = median(self._lags[: third + 1]), median(self._lags[-third - 1 :])
        figures = {
            "peak MB of a process": peak_mb,
            "MB that a process grew in the second half of its life": grown_mb,
            "most records behind": max(self._lags),
            "records behind, median of the first third": first,
            "records behind, median of the last third": last,
        }
        assert peak_mb <= _MOST_MEMORY_MB, figures
        assert grown_mb <= _MOST_GROWTH_MB, figures
        assert max(self._lags) <= _MOST_LAG, figures
        assert last <= first + _MORE_LAG, figures
        return figures
