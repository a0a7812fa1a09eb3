"""Any bytes as a record: read, or turned away with a reason, and never anything else.

What the evaluator says is held against the naive model, which reads with the standard library, field by field.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from schemas.rejected import RejectReason
from streams.intake.admission import Admission
from streams.kafka.chunk import SourceRecord
from streams.names import METRICS, Metric
from streams.outlet.misfits import Misfits
from streams.outlet.outgoing import Outgoing
from tests.build import APPLICATION, Stored, admission
from tests.model.build import defaults_of
from tests.model.reading import Rejection as Refused
from tests.model.reading import read
from tests.model.record import Record

FUTURE_MS: Final = 60_000
OWN_MARK: Final = APPLICATION.encode() + b"/slo.iframe.v1/0@1"

Said = tuple[str, int] | RejectReason | None
"""(appKey, event time in ms), the reason it is rejected for, or None: it belongs elsewhere."""


def expected(record: SourceRecord, metric: Metric, latest_ms: int | None = None) -> Said:
    """What the interface says of a record, read by the model alone, behind records with timestamps up to a latest."""
    said = read(Record(metric.record, 0, record.key, record.value, record.timestamp, tuple(record.headers)), metric)
    if isinstance(said, Refused):
        return RejectReason[said.name]
    app_key, time_ms = said.app_key, said.time_ms
    if record.key != app_key.encode():
        is_second_time = any(name == "rerouted-from" for name, _ in record.headers)
        return RejectReason.MISPLACED if is_second_time else None
    stamp_ms = latest_ms if _has_none(record) else record.timestamp
    if stamp_ms is not None and stamp_ms < time_ms - FUTURE_MS:
        return RejectReason.FUTURE_TIME
    return app_key, time_ms


def _has_none(record: SourceRecord) -> bool:
    return record.timestamp is None or record.timestamp < 0


def _expected_of(records: Sequence[SourceRecord], metric: Metric) -> dict[int, Said]:
    """By offset; without the copies of others."""
    wanted: dict[int, Said] = {}
    latest_ms: int | None = None
    for record in records:
        if not _is_foreign(record):
            said = wanted[record.offset] = expected(record, metric, latest_ms)
            if isinstance(said, tuple) and not _has_none(record):
                latest_ms = max(record.timestamp or 0, latest_ms or 0)
    return wanted


def _is_foreign(record: SourceRecord) -> bool:
    """Whether it is a copy that says something else than that this application made it."""
    return any(name == "rerouted-from" and value != OWN_MARK for name, value in record.headers)


def check(records: Sequence[Stored], metric: Metric) -> None:
    """Admit records together and one by one: both times each comes out once, as it must.

    Raises:
        AssertionError: one was lost, told of twice, or read differently than the model reads it.
    """
    numbered = [
        Stored(offset=offset, timestamp=one.timestamp, key=one.key, value=one.value, headers=one.headers)
        for offset, one in enumerate(records)
    ]
    _compare(numbered, _expected_of(numbered, metric), admission(metric))  # nothing is late where nothing is judged
    for record in numbered:
        _compare([record], _expected_of([record], metric), admission(metric, *defaults_of(metric.id)))


def _compare(records: Sequence[Stored], wanted: dict[int, Said], to: Admission) -> None:
    to.admit(records, None)
    refused = list(_refused(to))
    accepted = {offset: said for offset, said in wanted.items() if isinstance(said, tuple)}
    assert len(refused) + len(accepted) == len(wanted)
    assert to.foreign_copies == len(records) - len(wanted)
    assert dict(refused) | accepted == wanted
    seen_ms = [
        min(record.timestamp or 0, accepted[record.offset][1])
        for record in records
        if record.offset in accepted and not _has_none(record)
    ]
    assert to.evaluator.watermark_ms == max(seen_ms, default=None)
    counted = {(series.app_key, series.latest_pane * to.evaluator.pane_ms) for series in to.evaluator.series.values()}
    assert counted <= {(app_key, time_ms - time_ms % to.evaluator.pane_ms) for app_key, time_ms in accepted.values()}
    assert to.not_counted + len(counted) == len(accepted)


def _refused(to: Admission) -> Iterator[tuple[int, Said]]:
    misfits = Misfits(APPLICATION, to.metric.record, 0, "rejected")
    for rejection in to.rejected:
        assert rejection.detail
        assert misfits.rejected(rejection).headers
        yield rejection.record.offset, rejection.reason
    for misplaced in to.misplaced:
        rerouted = misfits.put_right(misplaced)
        assert isinstance(rerouted, Outgoing)
        assert rerouted.partition_key == misplaced.app_key.encode()
        yield misplaced.record.offset, None


ALL_METRICS: Final = tuple(METRICS.values())
