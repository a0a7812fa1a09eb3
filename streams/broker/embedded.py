"""A real Apache Kafka in a child process: KRaft mode, one node, 127.0.0.1 only."""

import secrets
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from streams.broker import probe
from streams.broker.errors import BrokerError
from streams.broker.jars import default_cache
from streams.broker.java import BROKER, format_storage, gist, java_command
from streams.broker.properties import HOST, properties_text, server_properties
from streams.child.server import ChildServer

START_TIMEOUT_S: Final = 180.0
_NOT_BOUND: Final = "failed to bind"  # Kafka's words for a port that another program has


class EmbeddedKafka:
    """A broker that lives as long as this object's `start` to `stop`, and never longer than this process.

    `port` 0 takes a free one, kept over restarts. `data_dir` holds the topics and the broker's log (`kafka.log`); it is
    made and formatted at the first start, and a later start finds its topics again. `overrides` are further
    lines of `server.properties`. `report` gets one readable line when something takes long.

    Start it from the main thread: on Linux the broker ends with the thread that started it.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        data_dir: Path,
        overrides: Mapping[str, str] | None = None,
        cache_dir: Path | None = None,
        report: Callable[[str], None] = lambda _line: None,
    ) -> None:
        self.port = port
        self._child = ChildServer("Kafka", data_dir, log="kafka.log", problem=BrokerError, gist=gist)
        self.data_dir = self._child.data_dir
        # Who answers at the port has to be this broker, and not another that took it meanwhile: its rack tells.
        self._rack = secrets.token_hex(8)
        self._overrides = {"broker.rack": self._rack, **(overrides or {})}
        self._cache_dir = cache_dir or default_cache()
        self._report = report

    @property
    def bootstrap_servers(self) -> str:
        """Address for clients: '127.0.0.1:9092'."""
        return f"{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """Process id of the broker, None when it does not run."""
        return self._child.pid

    @property
    def log_path(self) -> Path:
        """What the broker itself logged."""
        return self._child.log_path

    @property
    def _topics_dir(self) -> Path:
        return self.data_dir / "topics"

    @property
    def _properties_path(self) -> Path:
        return self.data_dir / "server.properties"

    def start(self) -> None:
        """Start the broker and return once it answers.

        Raises:
            BrokerError: it cannot start; the message says why.
        """
        self.launch()
        self.await_ready()

    def launch(self) -> None:
        """Start the broker without waiting for it: one of several needs the others to become ready.

        Raises:
            BrokerError: it cannot start; the message says why.
        """
        if self.port and probe.is_taken(self.port):
            raise self._taken()
        java = java_command(self._cache_dir, report=self._report)
        self._child.claim()
        try:
            self._launch(java)
        except BaseException:
            self.kill()
            raise

    def await_ready(self) -> None:
        """Wait until the launched broker answers; one that does not is ended.

        Raises:
            BrokerError: it ended, or did not answer within 60 s; the message says why.
        """
        try:
            self._child.await_answer(lambda: probe.answers(self.port, self._rack), START_TIMEOUT_S)
        except BaseException as problem:
            self.kill()
            if isinstance(problem, BrokerError) and _NOT_BOUND in self.failure():
                raise self._taken() from None
            raise

    def wait(self) -> int:
        """Wait until the broker has ended; its exit status, negative for a signal."""
        return self._child.wait()

    def stop(self) -> None:
        """Stop the broker cleanly; one that takes over 30 s is killed."""
        self._child.end(signal.SIGTERM)

    def kill(self) -> None:
        """End the broker at once, as a crash would."""
        self._child.end(signal.SIGKILL)

    def failure(self) -> str:
        """What the broker logged last since it was started, without warnings and stack frames: for a message."""
        return self._child.failure()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _launch(self, java: list[str]) -> None:
        self.port = self.port or probe.free_port()
        self._write_properties()
        if not (self._topics_dir / "meta.properties").exists():
            format_storage(java, self._properties_path)
        self._child.run([*java, *BROKER, str(self._properties_path)])

    def _taken(self) -> BrokerError:
        said = f"Port {self.port} on {HOST} is taken by another program."
        return BrokerError(f"{said} Choose another one, or 0 for any free port.")

    def _write_properties(self) -> None:
        properties = server_properties(
            port=self.port,
            controller_port=probe.free_port(),
            log_dir=self._topics_dir,
            overrides=self._overrides,
        )
        self._properties_path.write_text(properties_text(properties), encoding="utf-8")
