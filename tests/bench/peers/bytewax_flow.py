"""The job in Bytewax: `python -m tests.bench.peers.bytewax_flow SERVERS TOPIC OUTPUT COUNT FOLDER`.

A sliding window folded in memory, without its recovery store: nothing survives a crash. The topic is read to its
present end, at which every window closes.
"""

import sys
from datetime import UTC, datetime, timedelta

import bytewax.operators as op
import orjson
from bytewax.connectors.kafka import KafkaSinkMessage, KafkaSource, KafkaSourceMessage
from bytewax.connectors.kafka import operators as kafka
from bytewax.dataflow import Dataflow
from bytewax.operators.windowing import EventClock, SlidingWindower, fold_window
from bytewax.testing import run_main

from tests.bench.peers.protocol import Progress, done

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
HOP = timedelta(minutes=1)
LENGTH = timedelta(minutes=15)
BATCH = 10_000

Outcome = tuple[datetime, bool]
Counts = tuple[int, int]


def main(servers: str, topic: str, output: str, count: str, folder: str) -> None:
    """Read the topic to its end."""
    progress = Progress(int(count))

    def outcome(message: KafkaSourceMessage[bytes, bytes]) -> tuple[str, Outcome]:
        progress.add()
        event = orjson.loads(message.value)
        return event["appKey"], (datetime.fromtimestamp(event["time"] / 1_000, UTC), event["statusCode"] in (200, 204))

    flow = Dataflow("windows")
    source = KafkaSource([servers], [topic], tail=False, batch_size=BATCH)
    outcomes = op.map("outcome", op.input("events", flow, source), outcome)
    windows = fold_window(
        "count",
        outcomes,
        EventClock(lambda one: one[0], wait_for_system_duration=timedelta(seconds=10)),
        SlidingWindower(length=LENGTH, offset=HOP, align_to=EPOCH),
        builder=lambda: (0, 0),
        folder=_add,
        merger=lambda one, other: (one[0] + other[0], one[1] + other[1]),
        ordered=False,
    )
    kafka.output("windows", op.map("row", windows.down, _row), brokers=[servers], topic=output)
    run_main(flow)
    done()


def _add(counts: Counts, outcome: Outcome) -> Counts:
    return (counts[0] + 1, counts[1]) if outcome[1] else (counts[0], counts[1] + 1)


def _row(item: tuple[str, tuple[int, Counts]]) -> "KafkaSinkMessage[bytes, bytes]":
    app, (window, (good, bad)) = item
    end_ms = round((EPOCH + window * HOP + LENGTH).timestamp() * 1_000)
    value = {"appKey": app, "windowEnd": end_ms, "good": good, "bad": bad}
    return KafkaSinkMessage(app.encode(), orjson.dumps(value))


if __name__ == "__main__":
    main(*sys.argv[1:])
