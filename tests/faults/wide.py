"""Series with far more state than usual: rows have to fit the broker's limit for a record."""

from pathlib import Path
from typing import Final

import orjson

from streams.names import WEBHOOK, changelog
from streams.tables.changelog import restore
from streams.tables.rows import encode_series
from tests.e2e.test_live_clock import WITHIN_SECONDS
from tests.faults.scenario import Stage
from tests.faults.verdict import verdict
from tests.model import Record, murmur2_partition
from tests.model.build import ORDINARY
from tests.model.generate import HOUR_MS, MINUTE_MS, START_MS

_OBJECTIVES: Final = 500
_APP: Final = "com.example.wide"


async def many_objectives(stage: Stage) -> None:
    """One metric is judged by five hundred objectives; all of them breach and recover at the same boundaries."""
    slo, policy = WITHIN_SECONDS.split("---\n")
    policy = policy.replace("lookbackWindow: 16s", "lookbackWindow: 15m").replace("hop: 1s", "hop: 60s")
    names = [f"webhook-delivery-{'x' * 40}-{number:03}" for number in range(_OBJECTIVES)]
    slo = slo.replace("[webhook-delivery-16s]", f"[{', '.join(names)}]")
    text = "---\n".join([slo, *(policy.replace("webhook-delivery-16s", name) for name in names)])
    events = [_event(stage, minute * MINUTE_MS, bad=minute < 3) for minute in range(60)]
    await _judge(stage, text, events)
    alerts = [alert for alerts in (await stage.flow.alerts()).values() for alert in alerts]
    assert len(alerts) == 2 * _OBJECTIVES, len(alerts)


async def many_panes(stage: Stage) -> None:
    """A window of a day that is judged every minute, and has events in each of its 1,440 panes."""
    text = WITHIN_SECONDS.replace("lookbackWindow: 16s", "lookbackWindow: 24h").replace("hop: 1s", "hop: 60s")
    text = text.replace("webhook-delivery-16s", "webhook-delivery-24h")
    events = [_event(stage, minute * MINUTE_MS, bad=minute < 20) for minute in range(26 * 60)]
    await _judge(stage, text, events)


async def _judge(stage: Stage, objectives: str, events: list[Record]) -> None:
    """Half of the events, a worker that takes their state over, and the other half; all right in the end."""
    flow = stage.flow
    flow.objectives_file = Path(flow.folder) / "objectives.yaml"
    flow.objectives_file.write_text(objectives)
    await flow.create_topics()
    home, sizes = murmur2_partition(_APP.encode(), flow.partitions), []
    half = len(events) - 10 if len(events) > 100 else 10  # when its row is the largest
    for part in (events[:half], events[half:]):
        await flow.produce(part)
        if part[-1] is events[-1]:
            await flow.produce(flow.closing_records(START_MS + len(events) * MINUTE_MS + HOUR_MS))
        worker = flow.start_worker()
        await flow.wait_until_read()
        assert await worker.stop() == 0, worker.log
        state = await restore(flow.settings, changelog(flow.application_id, WEBHOOK), home)
        sizes += [len(encode_series(one)) for one in state.series.values()]
    stage.outcome.figures["largest row, bytes"] = max(sizes)
    stage.outcome.verdict = said = await verdict(flow)
    assert said.alerts, "no alert was published: that proves nothing"
    assert said.problem is None, said.problem


def _event(stage: Stage, offset_ms: int, *, bad: bool) -> Record:
    time_ms = START_MS + offset_ms
    value = {"appKey": _APP, "time": time_ms, **ORDINARY[WEBHOOK.id], "statusCode": 500 if bad else 200}
    partition = murmur2_partition(_APP.encode(), stage.flow.partitions)
    return Record(stage.flow.topics.input(WEBHOOK), partition, _APP.encode(), orjson.dumps(value), time_ms)
