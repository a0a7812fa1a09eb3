"""What a worker tells once a minute of each partition that it judges."""

import orjson

from schemas import Heartbeat
from streams.health.condition import Assigned, Condition, Held, PartitionCondition
from streams.outlet.heartbeat import heartbeat_records
from tests.model.build import clock_ms


def test_every_partition_in_hand_has_one() -> None:
    judged = PartitionCondition(0.0, 12, Held(clock_ms("12:00:30.999"), series=3, open_breaches=0, dirty_rows=0))
    new = PartitionCondition(0.0, None, Held(None, series=0, open_breaches=0, dirty_rows=0))
    partitions = (
        Assigned("slo.webhook.v1", 0, judged),
        Assigned("slo.webhook.v1", 1, new),
        Assigned("slo.webhook.v1", 2, None),
    )
    condition = Condition(0.0, True, partitions, {})
    (key, value), (new_key, new_value) = heartbeat_records(condition, "slo-streams", "a", clock_ms("12:01"))
    assert (key, new_key) == (b'["slo-streams","slo.webhook.v1",0]', b'["slo-streams","slo.webhook.v1",1]')
    assert orjson.loads(value) == {
        "applicationId": "slo-streams",
        "topic": "slo.webhook.v1",
        "partition": 0,
        "time": "2026-03-02T12:01:00Z",
        "worker": "a",
        "watermark": "2026-03-02T12:00:30Z",
        "lag": 12,
        "prober": None,
    }
    heartbeat = Heartbeat.model_validate(orjson.loads(new_value))
    assert (heartbeat.watermark, heartbeat.lag) == (None, None)
