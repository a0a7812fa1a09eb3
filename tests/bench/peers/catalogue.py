"""The peers: what each is, what it guarantees, and how it is started."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tests.bench.peers.environment import java_with, python_with

_FLINK_OPENS: Final = ("java.base/java.util", "java.base/java.lang", "java.base/java.net", "java.base/java.nio")
_JVM: Final = ("-Xmx2g", "-XX:+UseParallelGC")  # a third less CPU time than the default collector on two cores


@dataclass(frozen=True, slots=True)
class Peer:
    """One way to do the job.

    `command` makes it available and gives the start of its command line, to which SERVERS TOPIC OUTPUT COUNT FOLDER
    are added, then `arguments`. `most_events` bounds one that is slow: it runs once, on a topic of its own.
    `is_checked` tells whether it gives windows, `closes_all` whether those that the end of the topic leaves open, too;
    `is_quick` whether it is part of a quick run.
    """

    name: str
    version: str
    guarantee: str
    command: Callable[[], list[str]]
    arguments: tuple[str, ...] = ()
    most_events: int | None = None
    is_checked: bool = True
    closes_all: bool = True
    is_quick: bool = False


def _here(module: str) -> Callable[[], list[str]]:
    return lambda: [sys.executable, "-m", f"tests.bench.peers.{module}"]


def _python(module: str, *requirements: str) -> Callable[[], list[str]]:
    return lambda: [python_with(module, requirements), "-m", f"tests.bench.peers.{module}"]


def _java(folder: str, main: str, *options: str) -> Callable[[], list[str]]:
    def command() -> list[str]:
        java, class_path = java_with(folder)
        quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"
        return [java, *_JVM, *options, quiet, "-cp", class_path, main]

    return command


def _flink(main: str) -> Callable[[], list[str]]:
    opens = (f"--add-opens={package}=ALL-UNNAMED" for package in _FLINK_OPENS)
    return _java("flink", main, *opens)


FETCH: Final = "raw aiokafka: fetch"
COUNT: Final = "raw aiokafka: fetch, orjson, count"
CHUNKS: Final = "the worker's transport: fetch, decode, count"
LIMITS: Final = (FETCH, COUNT, CHUNKS)
_LIMIT: Final = "none: a limit"

PEERS: Final = (
    Peer(FETCH, "0.14.0", _LIMIT, _here("raw_loop"), ("fetch",), is_checked=False, is_quick=True),
    Peer(COUNT, "0.14.0", _LIMIT, _here("raw_loop"), ("check",), is_quick=True),
    Peer(CHUNKS, "", _LIMIT, _here("chunk_loop"), is_checked=False, is_quick=True),
    Peer(
        "Flink SQL, parallelism 1",
        "2.2.0",
        "exactly once, a checkpoint every 5 s",
        _flink("FlinkWindows"),
        ("1",),
        is_quick=True,
    ),
    Peer("Flink SQL, parallelism 2", "2.2.0", "exactly once, a checkpoint every 5 s", _flink("FlinkWindows"), ("2",)),
    Peer(
        "Kafka Streams",
        "4.3.0",
        "exactly once, a commit every 5 s",
        _java("kafka_streams", "KafkaStreamsWindows"),
        ("1",),
    ),
    Peer(
        "Bytewax",
        "0.21.1",
        "none: without its recovery store",
        _python("bytewax_flow", "bytewax==0.21.1", "confluent-kafka==2.12.2", "orjson==3.11.4"),
        most_events=200_000,
    ),
    Peer(
        "Quix Streams",
        "3.28.1",
        "at least once, a commit every 5 s",
        _python("quix", "quixstreams==3.28.1"),
        most_events=100_000,
        closes_all=False,
    ),
    Peer("stock Faust hopping tables", "0.15.3", "at least once", _here("faust_tables"), most_events=2_000),
)

LIVE_PEERS: Final = (
    Peer("Flink SQL, parallelism 1", "2.2.0", "exactly once, a checkpoint every 5 s", _flink("FlinkLive"), ("1",)),
    Peer(
        "Kafka Streams",
        "4.3.0",
        "exactly once, a commit every 5 s",
        _java("kafka_streams", "KafkaStreamsLive"),
        ("1",),
        closes_all=False,
    ),
)
"""The same jobs on all four topics as events come: they put out the windows below the objective."""
