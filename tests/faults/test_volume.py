"""The quick recount of large loads says what the reference model says of a small one."""

from datetime import datetime

from streams.names import WEBHOOK, Topics
from streams.objectives import load_objectives
from tests.faults.volume import Volume, transition_of
from tests.model import Record, judge, murmur2_partition
from tests.model.generate import MINUTE_MS, START_MS

LATENESS_MS = 10_000
PARTITIONS = 4


def test_the_transitions_of_counts_are_those_of_the_model() -> None:
    volume = Volume(6_000, 20, 60, seed=1, bad_share=0.05, hot_share=0.3)
    counts = volume.counts()
    topic = Topics().input(WEBHOOK)
    log = [
        Record(topic, murmur2_partition(key, PARTITIONS), key, value, timestamp_ms)
        for key, value, timestamp_ms in volume.records(counts)
    ]
    until_ms = START_MS + 90 * MINUTE_MS
    expected = judge(log, load_objectives(None), lateness_ms=LATENESS_MS, partitions=PARTITIONS, until_ms=until_ms)
    alerts = {transition_of(alert, _epoch_ms(alert["time"])) for alert in expected.all_alerts}
    assert len(alerts) > 20
    assert set(counts.transitions(until_ms)) == alerts


def _epoch_ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1_000)
