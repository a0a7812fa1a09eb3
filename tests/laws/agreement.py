"""The engine held against the reference model."""

import random
from collections.abc import Sequence

from streams.evaluation.objective import Objective
from streams.intake.admission import MAX_SERIES_PER_APP
from streams.replay import Replay, ReplayRecord
from tests.laws.beside import TOPICS
from tests.laws.engine import Place, alerts_of, rejected_of, run
from tests.model import Alert, Record, judge
from tests.model.copies import APPLICATION, is_foreign, is_rerouted
from tests.model.generate import HOUR_MS, LATENESS_MS, START_MS
from tests.model.invariants import boundary_order, violations
from tests.model.placement import is_misplaced, murmur2_partition
from tests.model.reading import Event, read

UNTIL_MS = START_MS + 4 * HOUR_MS


def agree(
    log: list[Record],
    judged_by: list[Objective],
    partitions: int,
    disorder: random.Random | None,
    lateness_ms: int = LATENESS_MS,
    max_series_per_app: int = MAX_SERIES_PER_APP,
) -> None:
    """Alerts and rejections of a log are those that the model counts out, at its end and some hours later."""
    for until_ms in (None, UNTIL_MS):
        want = judge(
            log,
            judged_by,
            lateness_ms=lateness_ms,
            partitions=partitions,
            until_ms=until_ms,
            max_series_per_app=max_series_per_app,
        )
        got = run(
            log,
            judged_by,
            lateness_ms=lateness_ms,
            partitions=partitions,
            until_ms=until_ms,
            disorder=disorder,
            max_series_per_app=max_series_per_app,
        )
        assert nameless(alerts_of(got)) == nameless({place: some for place, some in want.alerts.items() if some})
        assert rejected_of(got) == sorted(one for one in want.rejected if one[0] in TOPICS.inputs)
        for broker in got.values():
            assert violations(broker.alerts) == []


def agree_in_replay(log: list[Record], judged_by: list[Objective], partitions: int) -> None:
    """Replay gives the same alerts, in the order of one partition, and rejects as many for the same reasons.

    It counts originals wherever they lie, and no copies but those that its own application redrove.
    """
    originals = [at_home(one, partitions) for one in log if not is_rerouted(one) and not is_foreign(one, APPLICATION)]
    want = judge(originals, judged_by, lateness_ms=LATENESS_MS, partitions=partitions, until_ms=UNTIL_MS)
    replay = replay_of(log, judged_by, lateness_ms=LATENESS_MS, partitions=partitions)
    assert replay.finish(UNTIL_MS) == sorted(want.all_alerts, key=boundary_order)
    assert sorted(replay.summary.rejected.elements()) == sorted(reason for *_, reason in want.rejected)


def replay_of(log: Sequence[Record], judged_by: Sequence[Objective], *, lateness_ms: int, partitions: int) -> Replay:
    """A replay that has read a log and is to be finished."""
    replay = Replay(judged_by, lateness_ms, TOPICS, partitions)
    records = [
        ReplayRecord(record.topic, _key(record), record.value, _timestamp(record), number, record.headers)
        for number, record in enumerate(log)
    ]
    replay.reference(records)
    replay.records(records)
    return replay


def nameless(alerts: dict[Place, list[Alert]]) -> dict[Place, list[Alert]]:
    """The alerts without the names of apps, which depend on when the catalogue is read."""
    return {place: [alert | {"appDetails": None} for alert in some] for place, some in alerts.items()}


def _timestamp(record: Record) -> int | None:
    """As a line of replay has it: -1 is none; without one an event would have its own."""
    return -1 if record.timestamp_ms is None else record.timestamp_ms


def _key(record: Record) -> bytes | None:
    """The key under which replay places a record."""
    if record.topic not in TOPICS.inputs:
        return record.key
    event = read(record, TOPICS.inputs[record.topic])
    return event.app_key.encode() if isinstance(event, Event) else None


def at_home(record: Record, partitions: int) -> Record:
    """The record, moved to where it belongs if it can be read."""
    if is_well_placed(record, partitions):
        return record
    key = _key(record)
    assert key is not None
    return record._replace(key=key, partition=murmur2_partition(key, partitions))


def is_well_placed(record: Record, partitions: int) -> bool:
    """Whether a record counts where it lies; one that cannot be read lies well anywhere, and so does no event."""
    if record.topic not in TOPICS.inputs:
        return True
    event = read(record, TOPICS.inputs[record.topic])
    return not (isinstance(event, Event) and is_misplaced(record, event.app_key, partitions, murmur2_partition))
