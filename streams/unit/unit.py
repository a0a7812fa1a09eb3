"""One source partition: apply what arrives, and hand over all that came of it as one piece of work."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, Final

import msgspec
import orjson

from schemas.rejected import RejectReason
from streams.evaluation.evaluator import Evaluator
from streams.evaluation.objective import Judge, Objective
from streams.evaluation.store import SERIES_A_STEP, SeriesStore
from streams.evaluation.transition import AT_REST, Kind, Transition
from streams.evaluation.transition import AlertReason as AlertReason
from streams.health import counts
from streams.health.condition import Held
from streams.health.counts import Count
from streams.intake.admission import MAX_SERIES_PER_APP, Admission
from streams.intake.checking import Rejection
from streams.intake.marks import is_rerouted
from streams.kafka.chunk import Chunk
from streams.names import Metric, Topics, name_of
from streams.outlet.alert import Alerts, records_of, retired_document
from streams.outlet.misfits import Misfits, Unfit
from streams.outlet.outgoing import Outgoing
from streams.ownership.seams import Steps, unread
from streams.reference.catalogue import AppDetails
from streams.reference.reference import Reference
from streams.tables.rows import META_KEY, Meta, breach_key, encode_breach, encode_key, encode_meta, encode_series
from streams.turn import finish
from streams.unit.alert_state import NOTHING, Settlement, breached_at_ms, last_boundary_ms
from streams.unit.work import Work

log = logging.getLogger(__name__)

COUNTS: Final = (
    counts.RECORDS,
    counts.COUNTED,
    counts.NOT_COUNTED,
    counts.FOREIGN_COPY,
    counts.GOOD,
    counts.BAD,
    *map(counts.rejected, RejectReason),
    counts.REROUTED,
    counts.alerts(Kind.BREACH, AlertReason.BELOW_OBJECTIVE),
    *(counts.alerts(Kind.RECOVERY, reason) for reason in AlertReason if reason is not AlertReason.BELOW_OBJECTIVE),
    counts.ROWS,
)
"""All that a unit counts."""

# What changed is one commit, which has to fit into a session timeout: with more, the next events wait for it.
_MOST_DIRTY: Final = 100_000
_MOST_WAITING_BYTES: Final = 8 * 1024 * 1024  # of records that were refused, or are to be put right


class AmidBoundaryError(Exception):
    """Work is to be taken out of a unit that is not whole."""


class Unit:
    """The evaluator of one source partition between two commits: a processor, whose `KafkaStore` stores its work.

    `meta` and `series` are its stored state; `next_offset` is where reading goes on. `counts` is what was done so far,
    by `COUNTS`; `open_breaches` the breaches that have not recovered.
    """

    def __init__(
        self,
        metric: Metric,
        topics: Topics,
        application: str,
        partition: int,
        is_at_home: Callable[[bytes], bool],
        objectives: Sequence[Objective],
        lateness_ms: int,
        reference: Reference,
        meta: Meta,
        series: SeriesStore | None = None,
        max_series_per_app: int = MAX_SERIES_PER_APP,
        settlement: Settlement = NOTHING,
    ) -> None:
        self.topic = topics.input(metric)
        self.partition = partition
        self.next_offset = meta.next_offset
        self._stored = meta
        self.counts: Counter[Count] = Counter()
        self.counts_by_reference = metric.delivers_to_clients  # the catalogue excludes clients
        self._topics = topics
        self._application = application
        self._catalogue = reference.catalogue
        self._misfits = Misfits(application, self.topic, partition, topics.rejected)
        self._objectives = {one.name: one for one in objectives if one.metric == metric.id}
        its_own = [one for one in objectives if one.metric == metric.id and one.judge is Judge.WORKER]
        others = {one.name for one in objectives if one.judge is not Judge.WORKER}
        listings = self._catalogue.listings
        self.evaluator = Evaluator(
            its_own, lateness_ms, meta.progress, series, reference.exclusions, listings, others=others
        )
        self._admission = Admission(metric, self.evaluator, application, is_at_home, listings, max_series_per_app)
        self.audited = dict(meta.audited)
        self._beside: list[Outgoing] = []
        self._alerts: list[tuple[Transition, AppDetails]] = []
        self._settled = list(settlement.records)
        self._inherited = dict(settlement.inherited)
        self._inherited_rows: dict[bytes, bytes | None] = {
            key: encode_breach(alert) for key, alert in self._inherited.items() if key not in settlement.known
        }
        self._settlements = 0
        self._late_copies = 0
        for taken_up in settlement.taken_up:
            self.evaluator.take_up(*taken_up)
        self._due_ms: list[int] = []
        self._lateness_ms = lateness_ms
        states = (one.states.values() for one in self.evaluator.series.watched if one.states)
        self.open_breaches = sum(one.breached_at_ms is not None for some in states for one in some)
        self._rows: dict[bytes, bytes | None] = {}
        self._is_whole = True
        self._committed = self._state
        if self._settled or self._inherited_rows or settlement.taken_up:
            self._settlements += 1

    @property
    def _state(self) -> tuple[int, int | None, int, int]:
        """What moves whenever there is something to commit."""
        return self.next_offset, self._judged_ms, sum(self.audited.values()), self._settlements

    @property
    def _judged_ms(self) -> int | None:
        progress = self.evaluator.progress
        return None if progress is None else progress.judged_ms

    def may_judge(self, clock_ms: int | None) -> bool:
        """Whether anything that arrives by then may make a boundary due; None: by whatever time the events tell."""
        return clock_ms is None or self.evaluator.is_due(clock_ms)

    def apply(self, chunk: Chunk, clock_ms: int | None) -> Steps:
        """Judge what a chunk brings; records before `next_offset` were applied earlier and are passed over.

        Raises:
            GapError: the chunk starts beyond `next_offset`.
        """
        rest = unread(chunk, self)
        if rest is None:
            return
        admission = self._admission
        for records in rest.slices():
            unfit, not_counted, foreign = self._unfit, admission.not_counted, admission.foreign_copies
            bad = admission.bad
            yield from self._amid(admission.admitting(records, clock_ms), self._announcing())
            self._count(
                len(records),
                self._unfit - unfit,
                admission.not_counted - not_counted,
                admission.foreign_copies - foreign,
                admission.bad - bad,
            )
            if records:
                self.next_offset = records[-1].offset + 1
            yield True
        self.next_offset = chunk.next_offset

    def _amid(self, *steps: Iterator[None]) -> Steps:
        """Steps between which the state is not whole."""
        self._is_whole = False
        for _ in chain.from_iterable(steps):
            yield False
        self._is_whole = True

    @property
    def _unfit(self) -> int:
        return len(self._admission.rejected) + len(self._admission.misplaced)

    def _count(self, records: int, unfit: int, not_counted: int, foreign: int, bad: int) -> None:
        counted = records - unfit - not_counted - foreign
        self.counts[counts.RECORDS] += records
        self.counts[counts.COUNTED] += counted
        self.counts[counts.GOOD] += counted - bad
        self.counts[counts.BAD] += bad
        self.counts[counts.NOT_COUNTED] += not_counted
        self.counts[counts.FOREIGN_COPY] += foreign

    def tick(self, clock_ms: int) -> Steps:
        """Nothing more was in the log at this time: judge what has come due by then."""
        if self.evaluator.can_tick:
            yield from self._amid(self.evaluator.advancing(clock_ms), self._announcing())

    def _announcing(self) -> Iterator[None]:
        """Have transitions published, with the names that the catalogue has right now."""
        for number, transition in enumerate(self.evaluator.take_transitions(), 1):
            if not number % SERIES_A_STEP:
                yield
            self._alerts.append((transition, self._catalogue.details(transition.app_key)))
            self._due_ms.append(transition.boundary_ms + self._lateness_ms)
            self.counts[counts.alerts(transition.kind, transition.reason)] += 1
            self.open_breaches += 1 if transition.kind is Kind.BREACH else -1
            if self._inherited:
                self._find_again(transition)

    def _find_again(self, transition: Transition) -> None:
        """A breach of the application before that this one has judged, too, goes its own way from here."""
        key = breach_key(transition.app_key, transition.scope, transition.objective.name)
        alert = self._inherited.get(key)
        if alert is not None and breached_at_ms(alert) == transition.breached_at_ms:
            del self._inherited[key]
            self._inherited_rows[key] = None

    def reached_end(self) -> None:
        """It was read to its end: what the application before has left open, and this one has not found, is over."""
        if self._late_copies:
            log.warning(
                "%s: %s misplaced records were put right too late to count: slo-streams rejected list --reason "
                "too_late shows them",
                name_of(self.topic, self.partition),
                f"{self._late_copies:,}",
            )
            self._late_copies = 0
        for key, alert in sorted(self._inherited.items()):
            self._retire(orjson.loads(alert), breached_at_ms(alert))
            self._inherited_rows[key] = None
        if self._inherited:
            log.info(
                "%s: %s open breaches of the application before were not found again, and recover as %s",
                name_of(self.topic, self.partition),
                f"{len(self._inherited):,}",
                AlertReason.RETIRED,
            )
            self._inherited.clear()
            self._settlements += 1

    def _retire(self, breach: dict[str, Any], since_ms: int) -> None:
        series = self.evaluator.series.get((breach["appKey"], breach["scope"]))
        name = breach["objective"]
        is_open = series is not None and series.states.get(name, AT_REST).breached_at_ms is not None
        at_ms = last_boundary_ms(self._judged_ms or 0, self._objectives.get(name), since_ms)
        alert, state = records_of(retired_document(breach, at_ms), self._topics, self._application)
        self._beside += [alert] if is_open else [alert, state]  # a breach of its own stands there
        self.counts[counts.alerts(Kind.RECOVERY, AlertReason.RETIRED)] += 1

    def account(self, place: str, next_offset: int, rejected: Iterable[Outgoing]) -> None:
        """Reject these records of a reference topic, which was looked at up to this offset."""
        self.audited[place] = next_offset
        self._beside += rejected

    @property
    def is_urgent(self) -> bool:
        """Whether a transition waits to be published, what the alert state lacks, or what has to be put right."""
        return bool(self._alerts or self._settled or self._beside or self._admission.misplaced)

    @property
    def has_news(self) -> bool:
        """Whether a boundary was judged: the time in the mark of a commit tells others."""
        return self._judged_ms != self._committed[1]

    @property
    def next_due_ms(self) -> int:
        """When the clock makes the next boundary due; 0 before the first record."""
        return max(0, self.evaluator.due_ms)

    @property
    def is_full(self) -> bool:
        """Whether so much has changed that it has to be committed before more comes."""
        return self.evaluator.dirty_count >= _MOST_DIRTY or self._admission.waiting_bytes >= _MOST_WAITING_BYTES

    def look(self) -> Held:
        """What it holds right now."""
        evaluator = self.evaluator
        return Held(evaluator.watermark_ms, len(evaluator.series), self.open_breaches, evaluator.dirty_count)

    def gather(self) -> Steps:
        """Encode the rows of what changed."""
        dirty, rows = self.evaluator.take_dirty(), self._rows
        for at in range(0, len(dirty), SERIES_A_STEP):
            for series in dirty[at : at + SERIES_A_STEP]:
                rows[encode_key(series.key)] = None if series.is_idle else encode_series(series)
            yield False

    def take_work(self) -> Work | None:
        """All that was done since the last call; None when nothing was, so that a clean unit commits nothing.

        Raises:
            AmidBoundaryError: half of a boundary would be stored.
        """
        if not self._is_whole:
            raise AmidBoundaryError(f"{name_of(self.topic, self.partition)} is amid a boundary")
        if self._state == self._committed:
            return None
        self._committed = self._state
        finish(self.gather())
        rows, self._rows = self._rows, {}
        inherited, self._inherited_rows = self._inherited_rows, {}
        rows.update(inherited)
        progress = self.evaluator.progress
        rows[META_KEY] = encode_meta(
            msgspec.structs.replace(
                self._stored,
                next_offset=self.next_offset,
                progress=progress,
                rows=len(self.evaluator.series) + len(self._inherited),
                audited=dict(self.audited),
            )
        )
        alerts, self._alerts = Alerts(self._alerts, self._topics, self._application), []
        due_ms, self._due_ms = self._due_ms, []
        rejected, misplaced = self._admission.take_unfit()
        rerouted: list[Outgoing] = []
        for one in misplaced:
            match self._misfits.put_right(one):
                case Rejection() as rejection:
                    rejected.append(rejection)
                case Outgoing() as record:
                    rerouted.append(record)
        beside, self._beside = self._beside, []
        settled, self._settled = self._settled, []
        misfits = Unfit(self._misfits, rejected, [*rerouted, *beside])
        self.counts.update(counts.rejected(rejection.reason) for rejection in rejected)
        self._late_copies += sum(_is_late_copy(rejection) for rejection in rejected)
        self.counts[counts.REROUTED] += len(rerouted)
        self.counts[counts.ROWS] += len(rows)
        return Work(rows, self.next_offset, self.evaluator.watermark_ms, alerts, misfits, due_ms, settled)


def _is_late_copy(rejection: Rejection) -> bool:
    return rejection.reason is RejectReason.TOO_LATE and is_rerouted(rejection.record.headers)
