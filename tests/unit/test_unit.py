"""One source partition between two commits: what it takes, what it passes over, what it hands over."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import orjson
import pytest

from schemas.rejected import RejectReason
from streams.evaluation.objective import Judge, Objective
from streams.evaluation.series import Series
from streams.evaluation.store import SeriesStore
from streams.evaluation.transition import AlertReason, Kind
from streams.health import counts
from streams.kafka.chunk import Chunk
from streams.names import WEBHOOK, Topics
from streams.outlet.outgoing import Outgoing
from streams.ownership.seams import GapError
from streams.reference.reference import Reference
from streams.tables.rows import META_KEY, Meta, breach_key, decode_meta, encode_key
from streams.turn import finish
from streams.unit.alert_state import NOTHING, Settlement
from streams.unit.unit import COUNTS, AmidBoundaryError, Unit
from streams.unit.work import Work
from tests.build import APPLICATION, NEW, Stored, chunk
from tests.model.build import DEFAULTS, clock_ms, delivery

LATENESS_MS = 10_000
ROW = encode_key(("com.example.app", "Jira"))


def new_unit(
    meta: Meta = NEW,
    *,
    is_at_home: bool = True,
    settlement: Settlement = NOTHING,
    objectives: Sequence[Objective] = tuple(DEFAULTS.values()),
    series: Iterable[Series] = (),
) -> Unit:
    return Unit(
        WEBHOOK,
        Topics(),
        APPLICATION,
        3,
        lambda _key: is_at_home,
        objectives,
        LATENESS_MS,
        Reference(Topics()),
        meta,
        SeriesStore(series),
        settlement=settlement,
    )


def work_of(unit: Unit) -> Work:
    work = unit.take_work()
    assert work is not None
    return work


def meta_of(work: Work) -> Meta:
    value = work.rows[META_KEY]
    assert value is not None
    return decode_meta(value)


def misfit(work: Work) -> tuple[Outgoing, dict[str, bytes | None]]:
    (record,) = work.misfits
    return record, dict(record.headers)


def test_one_piece_of_work_holds_everything() -> None:
    unit = new_unit(Meta(40, None, 0))
    failed, garbage = delivery("12:00:30", 500), delivery("12:00:40")._replace(value=b"{")
    finish(unit.apply(chunk(failed, garbage, delivery("12:01:10"), start=40), clock_ms=None))
    assert unit.is_urgent
    work = work_of(unit)
    assert list(work.rows) == [ROW, META_KEY]
    assert [record.topic for record in work.alerts] == ["slo.alerts.v1", "slo.alert-state.v1"]
    record, headers = misfit(work)
    assert (record.topic, record.value) == ("slo.rejected.v1", b"{")
    assert (headers["reason"], headers["partition"], headers["offset"]) == (b"not_json", b"3", b"41")
    assert work.next_offset == 43
    assert work.watermark_ms == clock_ms("12:01:10")
    meta = meta_of(work)
    assert (meta.next_offset, meta.rows) == (43, 1)
    assert meta.progress is not None
    assert (meta.progress.watermark_ms, meta.progress.judged_ms) == (clock_ms("12:01:10"), clock_ms("12:01"))
    assert [objective.name for objective in meta.progress.objectives] == ["webhook-delivery-15m"]
    assert not unit.is_urgent


def test_it_is_handed_over_once() -> None:
    unit = new_unit()
    assert unit.take_work() is None
    finish(unit.apply(chunk(delivery("12:00")), clock_ms=None))
    assert unit.take_work() is not None
    assert unit.take_work() is None
    finish(unit.apply(chunk(delivery("12:00", app="com.example.other"), start=1), clock_ms=None))
    assert list(work_of(unit).rows) == [encode_key(("com.example.other", "Jira")), META_KEY]


def test_a_gap_is_refused_and_nothing_of_it_applied() -> None:
    unit = new_unit(Meta(5, None, 0))
    finish(unit.apply(chunk(delivery("12:00"), start=5), clock_ms=None))
    with pytest.raises(GapError, match=r"slo\.webhook\.v1\[3\] goes on at 6, not 7"):
        finish(unit.apply(chunk(delivery("12:01"), start=7), clock_ms=None))
    assert unit.next_offset == 6
    assert meta_of(work_of(unit)).next_offset == 6


def test_what_was_applied_is_passed_over() -> None:
    unit = new_unit(Meta(5, None, 0))
    finish(unit.apply(chunk(delivery("12:00"), delivery("12:00"), start=5), clock_ms=None))
    finish(unit.apply(chunk(delivery("12:00"), delivery("12:00"), delivery("12:00"), start=5), clock_ms=None))
    assert unit.counts[counts.RECORDS] == 3
    assert unit.next_offset == 8
    work_of(unit)
    finish(unit.apply(chunk(delivery("12:00"), start=6), clock_ms=None))
    assert unit.take_work() is None


def test_a_restored_unit_goes_on_where_the_meta_row_says() -> None:
    unit = new_unit(Meta(7, None, 0))
    assert unit.take_work() is None
    finish(unit.apply(chunk(delivery("12:00"), delivery("12:00"), delivery("12:00"), start=5), clock_ms=None))
    assert unit.counts[counts.RECORDS] == 1
    assert unit.next_offset == 8
    with pytest.raises(GapError):
        finish(new_unit(Meta(7, None, 0)).apply(chunk(delivery("12:00"), start=8), clock_ms=None))


def test_a_chunk_of_transaction_markers_moves_the_offset() -> None:
    unit = new_unit()
    finish(unit.apply(chunk(delivery("12:00")), clock_ms=None))
    work_of(unit)
    finish(unit.apply(Chunk.of(1, 3, []), clock_ms=None))
    work = work_of(unit)
    assert (work.next_offset, meta_of(work).next_offset) == (3, 3)
    assert list(work.rows) == [META_KEY]


def test_markers_before_any_record_are_kept_without_a_watermark() -> None:
    unit = new_unit()
    finish(unit.apply(Chunk.of(0, 3, []), clock_ms=None))
    work = work_of(unit)
    assert (work.next_offset, work.watermark_ms, meta_of(work)) == (3, None, Meta(3, None, 0))


def test_what_a_tick_judged_is_work_with_its_meta_row() -> None:
    unit = new_unit()
    finish(unit.apply(chunk(delivery("12:00", 500)), clock_ms=None))
    work_of(unit)
    finish(unit.tick(clock_ms("12:01:10")))
    work = work_of(unit)
    assert len(list(work.alerts)) == 2
    assert work.next_offset == 1
    progress = meta_of(work).progress
    assert progress is not None
    assert (progress.watermark_ms, progress.judged_ms) == (clock_ms("12:01:10"), clock_ms("12:01"))


def test_a_boundary_without_an_alert_is_work_too() -> None:
    """Else a restart would judge it again, by what has come since."""
    unit = new_unit()
    finish(unit.apply(chunk(delivery("12:00")), clock_ms=None))
    work_of(unit)
    finish(unit.tick(clock_ms("12:01:10")))
    assert list(work_of(unit).rows) == [META_KEY]
    finish(unit.tick(clock_ms("12:02:09")))
    assert unit.take_work() is None


def test_time_that_goes_on_without_an_objective_is_work_once_a_pane() -> None:
    unit = Unit(WEBHOOK, Topics(), APPLICATION, 3, lambda _key: True, [], LATENESS_MS, Reference(Topics()), NEW)
    finish(unit.apply(chunk(delivery("12:00")), clock_ms=None))
    work_of(unit)
    finish(unit.tick(clock_ms("12:00:09")))
    assert unit.take_work() is None
    finish(unit.tick(clock_ms("12:01:10")))
    assert list(work_of(unit).rows) == [META_KEY]
    finish(unit.tick(clock_ms("12:01:20")))
    assert unit.take_work() is None


def test_one_that_comes_too_late_is_told_by_when_it_should_have_come() -> None:
    unit = new_unit()
    finish(unit.apply(chunk(delivery("12:30:20"), delivery("12:15:59.999"), delivery("12:16")), clock_ms=None))
    _, headers = misfit(work_of(unit))
    assert (headers["reason"], headers["offset"]) == (b"too_late", b"1")
    assert headers["detail"] == b"windows still to be judged begin at 2026-03-02T12:16:00Z"


def test_a_misplaced_record_moves_nothing_but_the_offset() -> None:
    unit = new_unit(is_at_home=False)
    finish(unit.apply(chunk(delivery("12:00")), clock_ms=None))
    assert unit.is_urgent
    work = work_of(unit)
    assert not unit.is_urgent
    record, headers = misfit(work)
    assert (record.topic, record.partition_key) == ("slo.webhook.v1", b"com.example.app")
    assert headers["rerouted-from"] == b"slo-streams/slo.webhook.v1/3@0"
    assert meta_of(work) == Meta(1, None, 0)


def test_its_counts_are_for_operators() -> None:
    unit = new_unit()
    garbage, lost = delivery("12:00")._replace(value=b""), delivery("12:00")._replace(key=None)
    finish(unit.apply(chunk(delivery("12:00:30", 500), garbage, garbage, lost, delivery("12:01:10")), clock_ms=None))
    work_of(unit)
    assert +unit.counts == {
        counts.RECORDS: 5,
        counts.COUNTED: 2,
        counts.GOOD: 1,
        counts.BAD: 1,
        counts.rejected(RejectReason.NOT_JSON): 2,
        counts.REROUTED: 1,
        counts.alerts(Kind.BREACH, AlertReason.BELOW_OBJECTIVE): 1,
        counts.ROWS: 2,
    }
    assert set(unit.counts) <= set(COUNTS)
    assert unit.open_breaches == 1


def test_its_counts_add_up_from_slice_to_slice() -> None:
    unit = new_unit()
    foreign = (("rerouted-from", b"another/slo.webhook.v1/1@7"),)
    for start in (0, 7, 14):
        good, bad = delivery("12:00:10"), delivery("12:00:20", 500)
        passed_over = [
            delivery("12:00:30", group="DEV"),
            good._replace(headers=foreign),
            good._replace(value=b""),
            good._replace(key=None),
        ]
        finish(unit.apply(chunk(good, good, bad, *passed_over, start=start), clock_ms=None))
        if start:
            work_of(unit)
    assert +unit.counts == {
        counts.RECORDS: 21,
        counts.COUNTED: 9,
        counts.GOOD: 6,
        counts.BAD: 3,
        counts.NOT_COUNTED: 3,
        counts.FOREIGN_COPY: 3,
        counts.rejected(RejectReason.NOT_JSON): 3,
        counts.REROUTED: 3,
        counts.ROWS: 4,
    }


def test_open_breaches_are_those_that_have_not_recovered_whoever_owned_it() -> None:
    unit = new_unit()
    finish(unit.apply(chunk(*(delivery("12:00", 500, app=f"com.example.{one}") for one in "abc")), clock_ms=None))
    finish(unit.tick(clock_ms("12:01:10")))
    assert unit.open_breaches == 3
    work = work_of(unit)
    assert work.due_ms == [clock_ms("12:01:10")] * 3
    later = new_unit(meta_of(work), series=unit.evaluator.series.values())
    assert later.open_breaches == 3
    good = [delivery("12:02", app=f"com.example.{one}") for one in "ab" for _ in range(100)]
    finish(later.apply(chunk(*good, start=3), clock_ms=None))
    finish(later.tick(clock_ms("12:03:10")))
    assert later.open_breaches == 1
    assert later.counts[counts.alerts(Kind.RECOVERY, AlertReason.RESTORED)] == 2


def test_between_the_steps_of_a_boundary_nothing_can_be_taken() -> None:
    """The evaluator has its steps; a thousand alerts or rows are one, too."""
    unit, judging_alone = new_unit(), new_unit()
    records = chunk(*(delivery("12:00", 500, app=f"com.example.{number}") for number in range(1_000)))
    finish(judging_alone.apply(records, clock_ms=None))
    judged_in = len(list(judging_alone.evaluator.advancing(clock_ms("12:01:10"))))
    assert set(unit.apply(records, clock_ms=None)) == {True}
    steps = 0
    for is_whole in unit.tick(clock_ms("12:01:10")):
        assert not is_whole
        steps += 1
        with pytest.raises(AmidBoundaryError, match=r"slo\.webhook\.v1\[3\] is amid a boundary"):
            unit.take_work()
    assert steps == judged_in + 1
    assert list(unit.gather()) == [False]
    assert len(work_of(unit).rows) == 1_001


def test_after_each_slice_it_goes_on_behind_its_last_record() -> None:
    unit = new_unit()
    given = Chunk.of(0, 10, [Stored(4, None, b"com.example.app", delivery("12:00").value)])
    assert [unit.next_offset for is_whole in unit.apply(given, clock_ms=None) if is_whole] == [5]
    assert unit.next_offset == 10


def test_what_the_catalogue_says_decides_only_where_clients_are_delivered_to() -> None:
    assert new_unit().counts_by_reference is True


def test_an_objective_that_somebody_else_judges_now_leaves_without_an_alert() -> None:
    unit, _ = failing()
    finish(unit.apply(chunk(delivery("12:01:05", 500), start=1), clock_ms=None))
    meta, series = meta_of(work_of(unit)), list(unit.evaluator.series.values())
    kept = new_unit(meta, series=series, objectives=[replace(DEFAULTS["webhook-delivery-15m"], judge=Judge.HISTORY)])
    finish(kept.apply(chunk(delivery("12:02:30"), start=2), clock_ms=None))
    finish(kept.tick(clock_ms("12:03:10")))
    assert (kept.open_breaches, list(work_of(kept).alerts)) == (0, [])


def test_one_too_large_to_be_put_right_counts_as_rejected() -> None:
    unit = new_unit(is_at_home=False)
    huge = delivery("12:00")._replace(headers=(("trace", b"x" * 900_000),))
    finish(unit.apply(chunk(huge, delivery("12:00")), clock_ms=None))
    assert [record.topic for record in work_of(unit).misfits] == ["slo.rejected.v1", "slo.webhook.v1"]
    assert +unit.counts == {
        counts.RECORDS: 2,
        counts.rejected(RejectReason.MISPLACED): 1,
        counts.REROUTED: 1,
        counts.ROWS: 1,
    }


def test_only_the_objectives_of_its_metric_judge() -> None:
    unit = new_unit()
    record = delivery("12:00")
    finish(unit.apply(Chunk.of(0, 1, [Stored(0, record.timestamp_ms, record.key, record.value)]), clock_ms=None))
    assert unit.evaluator.due_ms == clock_ms("12:00:10")


# Breaches of the application before


def breach_of(unit: Unit) -> bytes:
    """The alert of the one breach that waits to be committed."""
    alert, _ = work_of(unit).alerts
    assert alert.value is not None
    return alert.value


def inherited(alert: bytes, *, is_known: bool = False) -> Settlement:
    key = breach_key("com.example.app", "Jira", "webhook-delivery-15m")
    return Settlement(inherited={key: alert}, known=frozenset([key] if is_known else []))


def failing() -> tuple[Unit, bytes]:
    """A unit whose webhook is breached since 12:01, and the alert of that."""
    unit = new_unit()
    finish(unit.apply(chunk(delivery("12:00", 500)), clock_ms=None))
    finish(unit.tick(clock_ms("12:01:10")))
    return unit, breach_of(unit)


def test_a_breach_of_the_application_before_that_is_not_found_again_recovers_under_its_id() -> None:
    _, before = failing()
    unit = new_unit(settlement=inherited(before))
    work = work_of(unit)
    (key,) = work.rows.keys() - {META_KEY}
    assert (work.rows[key], meta_of(work).rows) == (b"\x02" + before, 1)
    finish(unit.apply(chunk(delivery("12:00")), clock_ms=None))
    finish(unit.tick(clock_ms("12:05:10")))
    unit.reached_end()
    work = work_of(unit)
    alert, state = work.misfits
    assert alert.value == state.value
    recovery, breach = orjson.loads(alert.value or b""), orjson.loads(before)
    assert (recovery["type"], recovery["reason"], recovery["time"][11:16]) == ("RECOVERY", "RETIRED", "12:05")
    assert (recovery["incidentId"], recovery["breachedAt"]) == (breach["incidentId"], breach["time"])
    assert (recovery["sliValue"], recovery["goodCount"], recovery["badCount"]) == (None, 0, 0)
    assert dict(alert.headers)["ce_id"] == f"{breach['incidentId']}-recovery".encode()
    assert (work.rows[key], meta_of(work).rows) == (None, 1)  # the series
    unit.reached_end()
    assert unit.take_work() is None


def test_one_that_is_found_again_goes_its_own_way() -> None:
    _, before = failing()
    unit = new_unit(settlement=inherited(before, is_known=True))
    assert unit.take_work() is None
    finish(unit.apply(chunk(delivery("12:00", 500)), clock_ms=None))
    finish(unit.tick(clock_ms("12:01:10")))
    unit.reached_end()
    work = work_of(unit)
    assert [orjson.loads(record.value or b"")["type"] for record in work.alerts] == ["BREACH", "BREACH"]
    assert list(work.misfits) == []
    assert list(work.rows.values()).count(None) == 1


def test_beside_a_breach_of_its_own_the_old_one_recovers_on_the_alerts_alone() -> None:
    _, before = failing()
    unit = new_unit(settlement=inherited(before))
    finish(unit.apply(chunk(delivery("12:04", 500)), clock_ms=None))
    finish(unit.tick(clock_ms("12:05:10")))
    unit.reached_end()
    work = work_of(unit)
    told = [(one.topic, orjson.loads(one.value or b"")["type"]) for one in (*work.alerts, *work.misfits)]
    assert told == [("slo.alerts.v1", "BREACH"), ("slo.alert-state.v1", "BREACH"), ("slo.alerts.v1", "RECOVERY")]


def test_all_that_are_not_found_again_recover_and_that_alone_is_work() -> None:
    _, before = failing()
    keys = [breach_key("com.example.app", "Jira", f"webhook-delivery-{name}") for name in ("15m", "1h")]
    unit = new_unit(settlement=Settlement(inherited=dict.fromkeys(keys, before)))
    work_of(unit)
    unit.reached_end()
    assert len(list(work_of(unit).misfits)) == 4
    assert unit.counts[counts.alerts(Kind.RECOVERY, AlertReason.RETIRED)] == 2


def test_it_recovers_at_the_last_boundary_of_its_own_objective() -> None:
    _, before = failing()
    minutely = DEFAULTS["webhook-delivery-15m"]
    objectives = [replace(minutely, hop_ms=300_000), replace(minutely, name="webhook-delivery-minutely")]
    unit = new_unit(settlement=inherited(before), objectives=objectives)
    finish(unit.apply(chunk(delivery("12:00")), clock_ms=None))
    finish(unit.tick(clock_ms("12:07:10")))
    unit.reached_end()
    assert [orjson.loads(one.value or b"")["time"][11:16] for one in work_of(unit).misfits] == ["12:05", "12:05"]


def test_a_breach_that_another_judge_left_open_is_gone_on_with() -> None:
    left = (("com.example.app", "Jira"), "webhook-delivery-15m", clock_ms("12:01"))
    unit = new_unit(settlement=Settlement(taken_up=[left]))
    assert list(work_of(unit).rows) == [ROW, META_KEY]
    (series,) = unit.evaluator.series.values()
    assert (unit.open_breaches, series.states[left[1]].breached_at_ms) == (1, left[2])


def test_what_the_alert_state_lacks_is_written_before_what_is_judged_next() -> None:
    lacking = Outgoing("slo.alert-state.v1", b"k", b"v", [])
    unit = new_unit(settlement=Settlement(records=[lacking]))
    assert unit.is_urgent
    finish(unit.apply(chunk(delivery("12:00", 500)), clock_ms=None))
    finish(unit.tick(clock_ms("12:01:10")))
    assert work_of(unit).settled == [lacking]


def test_misplaced_records_that_were_put_right_too_late_are_said(caplog: pytest.LogCaptureFixture) -> None:
    copy = (("rerouted-from", b"slo-streams/slo.webhook.v1/1@7"),)
    unit = new_unit()
    finish(
        unit.apply(chunk(delivery("12:00"), delivery("16:00"), delivery("12:00")._replace(headers=copy)), clock_ms=None)
    )
    work_of(unit)
    with caplog.at_level("WARNING"):
        unit.reached_end()
        unit.reached_end()
    (said,) = caplog.records
    assert said.message.startswith("slo.webhook.v1[3]: 1 misplaced records were put right too late to count")
    late = delivery("12:00")
    for start in (3, 6):
        copies = [late._replace(headers=copy), late, late._replace(headers=copy, value=b"{")]
        finish(unit.apply(chunk(*copies, start=start), clock_ms=None))
        work_of(unit)
    with caplog.at_level("WARNING"):
        unit.reached_end()
    assert caplog.records[-1].message.startswith("slo.webhook.v1[3]: 2 misplaced records")
