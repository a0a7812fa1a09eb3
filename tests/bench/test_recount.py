"""The recount that answers are held against, by a load small enough to see through, and by the reference model."""

from fractions import Fraction

from streams.evaluation.objective import Objective
from streams.names import WEBHOOK, Topics
from tests.bench.load import START_MS, Load
from tests.bench.recount import LATENESS_MS, PANE_MS, PANES, alert_of, recount
from tests.model import Record, judge, murmur2_partition

PARTITIONS = 4
LOAD = Load(3_000, apps=20, span_ms=20 * PANE_MS)
OBJECTIVE = Objective("webhook-delivery-15m", WEBHOOK.id, PANES * PANE_MS, PANE_MS, Fraction(1, 100))


def log(load: Load) -> list[Record]:
    topic = Topics().input(WEBHOOK)
    return [
        Record(topic, murmur2_partition(record.key, PARTITIONS), record.key, record.value, record.timestamp_ms)
        for record in (*load.first.records(), *load.records())
    ]


def test_alerts_are_those_of_the_reference_model() -> None:
    judged = judge(log(LOAD), [OBJECTIVE], lateness_ms=LATENESS_MS, partitions=PARTITIONS)
    expected = {alert_of(alert) for alert in judged.all_alerts}
    assert expected
    assert recount(LOAD, PARTITIONS).alerts() == expected


def test_every_event_is_in_fifteen_windows() -> None:
    counted = recount(LOAD, PARTITIONS)
    windows = counted.windows()
    assert sum(good + bad for good, bad in windows.values()) == PANES * (LOAD.events + LOAD.first.events)
    assert min(end_ms for _, end_ms in windows) == START_MS  # of events up to 5 s older than the first record
    closed_ms = counted.closed_before_ms()
    assert START_MS < closed_ms < START_MS + LOAD.span_ms
