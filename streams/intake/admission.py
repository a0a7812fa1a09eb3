"""Admission: records in, observations out; what cannot be used leaves by another door, with its reason.

The rules are tested in the order of `schemas.rejected.Reason`. Whether a record is too late is the evaluator's to say.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Final

from schemas.event_time import epoch_ms
from schemas.record import Record
from schemas.rejected import Reason
from schemas.topics import EVENTS
from schemas.wire import EventDecoder
from streams.evaluation.judgement import JUDGES, NOT_COUNTED
from streams.intake.checking import MAX_VALUE_BYTES, Rejection, checked, is_structured, size_problem
from streams.intake.chunk import SourceRecord
from streams.names import Metric

FUTURE_TOLERANCE_MS: Final = 60_000
KEYS_REMEMBERED: Final = 500_000
"""Keys known to be at home, per partition; forgotten all at once, so that apps that come and go do not add up."""
REROUTED_FROM: Final = "rerouted-from"
_HEADERS: Final = attrgetter("headers")

Observation = tuple[str, str, int, int, int, SourceRecord]
"""(appKey, scope, event time ms, time seen ms, outcome, where it came from)."""


@dataclass(frozen=True, slots=True)
class Misplaced:
    """A good record under the wrong key or in the wrong partition; its appKey says where it belongs."""

    record: SourceRecord
    app_key: str


@dataclass(slots=True)
class Admission:
    """Reads the records of one source partition.

    `is_at_home` says whether a key belongs into this partition; `excluded_clients` names for an app the clients whose
    deliveries never count. `rejected` and `misplaced` collect what did not pass,
    for the caller to take.
    """

    metric: Metric
    is_at_home: Callable[[bytes], bool]
    excluded_clients: Mapping[str, Collection[str]] = field(default_factory=dict)
    rejected: list[Rejection] = field(default_factory=list)
    misplaced: list[Misplaced] = field(default_factory=list)
    _placed: dict[bytes | None, str] = field(default_factory=dict)
    _model: type[Record] = field(init=False)
    _decoder: EventDecoder = field(init=False)

    def __post_init__(self) -> None:
        self._model = EVENTS[self.metric.record]
        self._decoder = EventDecoder(self._model)

    def observations(self, records: Sequence[SourceRecord], clock_ms: int | None) -> Iterator[Observation]:
        """What the records say, in their order. The hot path.

        `clock_ms` is the wall clock that no record may push the watermark beyond; None where time is the events' alone.
        """
        judge = JUDGES[self.metric.id]
        placed, reject, excluded_clients = self._placed, self._reject, self.excluded_clients
        values = [record.value for record in records]
        if max(map(len, filter(None, values)), default=0) > MAX_VALUE_BYTES:
            records = self._small_enough(records)
            values = [record.value for record in records]
        if any(map(_HEADERS, records)):  # an enveloped event needs a careful look
            values = [None if is_structured(record) else record.value for record in records]
        for event, record in zip(self._decoder.decode(values), records, strict=True):
            if event is None:
                event = checked(self._model, record)
                if isinstance(event, Rejection):
                    self.rejected.append(event)
                    continue
            time_ms = event.time
            if type(time_ms) is not int:
                try:
                    time_ms = epoch_ms(time_ms)
                except ValueError as problem:
                    reject(record, Reason.SCHEMA, f"time: {problem}")
                    continue
            app_key = event.app_key
            home = placed.get(record.key)
            if home == app_key:
                app_key = home  # one string for all events of an app: its hash is known already
            elif not self._belongs_here(record, app_key):
                continue
            seen_ms = record.timestamp
            if seen_ms is None or seen_ms > time_ms or seen_ms < 0:
                seen_ms = time_ms
            elif time_ms > seen_ms + FUTURE_TOLERANCE_MS:
                reject(record, Reason.FUTURE_TIME, f"{(time_ms - seen_ms) / 1000:.3f} s after the record's timestamp")
                continue
            if clock_ms is not None and seen_ms > clock_ms:
                seen_ms = clock_ms
            outcome = judge(event)
            if excluded_clients and event.client_key in excluded_clients.get(app_key, ()):
                outcome = NOT_COUNTED
            yield app_key, event.scope, time_ms, seen_ms, outcome, record

    def _belongs_here(self, record: SourceRecord, app_key: str) -> bool:
        key = app_key.encode()
        if record.key == key and self.is_at_home(key):
            if len(self._placed) >= KEYS_REMEMBERED:
                self._placed.clear()
            self._placed[key] = app_key
            return True
        if any(name == REROUTED_FROM for name, _ in record.headers):
            self._reject(record, Reason.MISPLACED, "still under a wrong key or in a wrong partition after one reroute")
        else:
            self.misplaced.append(Misplaced(record, app_key))
        return False

    def _small_enough(self, records: Sequence[SourceRecord]) -> Sequence[SourceRecord]:
        problems = [size_problem(record) for record in records]
        self.rejected += [problem for problem in problems if problem is not None]
        return [record for record, problem in zip(records, problems, strict=True) if problem is None]

    def _reject(self, record: SourceRecord, reason: Reason, detail: str) -> None:
        self.rejected.append(Rejection(record, reason, detail))
