"""Alerts of what lay there already come in the order of time; those of now, as they come."""

from schemas import Alert
from streams.kafka.progress import PartitionProgress
from streams.run.backlog import AlertsInOrder, Backlog
from tests.cli.alerts import BREACH


def alert(time: str) -> Alert:
    return Alert.model_validate(BREACH | {"time": f"2022-03-24T{time}Z"})


def partition(number: int, next_offset: int, end_offset: int) -> PartitionProgress:
    return PartitionProgress("slo.webhook.v1", number, end_offset, next_offset, None)


def test_what_is_kept_is_shown_in_the_order_of_time_and_then_nothing_is_kept() -> None:
    shown: list[str] = []
    alerts = AlertsInOrder(lambda one: shown.append(one.time[11:16]))
    for time in ("12:05:00", "12:01:00", "12:03:00"):
        alerts.take(alert(time))
    assert shown == []
    alerts.release()
    alerts.take(alert("12:02:00"))
    alerts.release()
    assert shown == ["12:01", "12:03", "12:05", "12:02"]


def test_a_backlog_is_read_when_every_partition_is_and_one_more_look_was_had() -> None:
    backlog = Backlog([partition(0, 0, 10), partition(1, 0, 0)])
    assert not backlog.is_read([partition(0, 9, 12), partition(1, 0, 0)])
    assert not backlog.is_read([partition(0, 10, 12), partition(1, 0, 0)])
    assert backlog.is_read([partition(0, 11, 12), partition(1, 0, 0)])
