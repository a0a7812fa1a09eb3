"""The job in Quix Streams: `python -m tests.bench.peers.quix SERVERS TOPIC OUTPUT COUNT FOLDER`.

Its hopping window over RocksDB with a changelog, at least once, a commit every 5 s (its defaults). Only closed windows
are sent: sending each update would be fifteen records an event. They close by the time of the partition.
"""

import sys
from datetime import timedelta
from typing import Any

from quixstreams import Application
from quixstreams.dataframe.windows import Sum

from tests.bench.peers.protocol import Progress, done


def main(servers: str, topic: str, output: str, count: str, folder: str) -> None:
    """Read `count` events and end."""
    progress = Progress(int(count))

    def processed() -> None:
        progress.add()
        if progress.is_complete:
            application.stop()

    application = Application(
        servers,
        consumer_group=output,
        auto_offset_reset="earliest",
        state_dir=folder,
        loglevel="ERROR",
        on_message_processed=lambda *_: processed(),
    )
    events = application.topic(topic, timestamp_extractor=lambda event, *_: event["time"])
    windows = application.topic(output)
    frame = application.dataframe(events)
    frame = frame.apply(_outcome)
    window = frame.hopping_window(timedelta(minutes=15), timedelta(minutes=1), grace_ms=timedelta(seconds=10))
    frame = window.agg(good=Sum("good"), bad=Sum("bad")).final(closing_strategy="partition")
    frame = frame.apply(_row, metadata=True)
    frame.to_topic(windows)
    application.run()  # commits at its end
    done()


def _outcome(event: dict[str, Any]) -> dict[str, int]:
    good = int(event["statusCode"] in (200, 204))
    return {"good": good, "bad": 1 - good}


def _row(window: dict[str, int], key: Any, *_: Any) -> dict[str, Any]:
    app = key.decode() if isinstance(key, bytes) else key
    return {"appKey": app, "windowEnd": window["end"], "good": window["good"], "bad": window["bad"]}


if __name__ == "__main__":
    main(*sys.argv[1:])
