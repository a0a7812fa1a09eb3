"""Case: what an event costs that is written in another way, beside one of known fields whose time is a number.

In this process, without a broker: the same records from the bytes that a fetch brings to the count in a pane.
"""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import orjson

from tests.bench.best import best_in_turns, cpu_s_of
from tests.bench.case import Reading, Stage
from tests.bench.load import SPAN_MS, Delivery, Load
from tests.bench.stages import counted, packed

TIMES_USUAL: Final = "times a known, numeric event"
LOAD: Final = Load(100_000, apps=250, span_ms=SPAN_MS // 10)
_TIMES: Final = 7

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """Another way to write an event."""

    name: str
    written: Callable[[Event], Event]

    def records(self, load: Load) -> Iterator[Delivery]:
        """The load, written so."""
        for key, value, timestamp_ms in load.records():
            yield Delivery(key, orjson.dumps(self.written(orjson.loads(value))), timestamp_ms)


def _traced(event: Event) -> Event:
    return event | {"traceId": "0af7651916cd43dd8448eb211c80319c"}


def _timed(event: Event, timespec: str = "milliseconds", offset: str = "Z") -> Event:
    at = datetime.fromtimestamp(event["time"] / 1_000, UTC)
    return event | {"time": at.isoformat(timespec=timespec).removesuffix("+00:00") + offset}


USUAL: Final = Kind("known and numeric", lambda event: event)
KINDS: Final = (
    Kind("an unknown field", _traced),
    Kind("a time as text", _timed),
    Kind("a time as text, to the microsecond", partial(_timed, timespec="microseconds", offset="+00:00")),
    Kind("a time as text, to the second", partial(_timed, timespec="seconds")),
    Kind("both", lambda event: _timed(_traced(event))),
    Kind("an unknown field of 1,000 characters", lambda event: event | {"note": "x" * 1_000}),
)


def part_of(kind: Kind) -> str:
    """Name of a kind, as results have it."""
    return f"written = {kind.name}"


class Kinds:
    """Every kind once a round, the best of some times each, taken in turns."""

    async def prepare(self, stage: Stage) -> None:
        """The same events in every round."""
        self._batches = {kind.name: packed(kind.records(LOAD)) for kind in (USUAL, *KINDS)}

    async def measure(self, stage: Stage, round_number: int) -> AsyncIterator[Reading]:
        """What each costs as a share of the usual."""
        runs = [partial(cpu_s_of, partial(counted, batches)) for batches in self._batches.values()]
        usual_s, *others_s = best_in_turns(runs, _TIMES)
        for kind, cpu_s in zip(KINDS, others_s, strict=True):
            yield {(part_of(kind), TIMES_USUAL): cpu_s / usual_s}
