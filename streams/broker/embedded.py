"""A real Apache Kafka in a child process: KRaft mode, one node, 127.0.0.1 only."""

import fcntl
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import IO, Final, Self

from streams.broker import probe
from streams.broker.errors import BrokerError
from streams.broker.jars import default_cache
from streams.broker.java import BROKER, format_storage, gist, java_command, leashed
from streams.broker.properties import HOST, properties_text, server_properties

START_TIMEOUT_S: Final = 60.0
STOP_TIMEOUT_S: Final = 30.0
_POLL_S: Final = 0.05


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
        self.data_dir = data_dir.absolute()
        self._overrides = dict(overrides or {})
        self._cache_dir = cache_dir or default_cache()
        self._report = report
        self._process: subprocess.Popen[bytes] | None = None
        self._log_offset = 0
        self._lock: IO[str] | None = None

    @property
    def bootstrap_servers(self) -> str:
        """Address for clients: '127.0.0.1:9092'."""
        return f"{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """Process id of the broker, None when it does not run."""
        return self._process.pid if self._process is not None else None

    @property
    def log_path(self) -> Path:
        """What the broker itself logged."""
        return self.data_dir / "kafka.log"

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
        if self._process is not None:
            raise BrokerError("This broker runs already.")
        if self.port and probe.is_taken(self.port):
            raise BrokerError(
                f"Port {self.port} on {HOST} is taken by another program. Choose another one, or 0 for any free port."
            )
        java = java_command(self._cache_dir, report=self._report)
        self.port = self.port or probe.free_port()
        try:
            self._open_data_dir()
            if not (self._topics_dir / "meta.properties").exists():
                format_storage(java, self._properties_path)
            self._process = self._run([*java, *BROKER, str(self._properties_path)])
        except BaseException:
            self.kill()
            raise

    def await_ready(self) -> None:
        """Wait until the launched broker answers; one that does not is ended.

        Raises:
            BrokerError: it ended, or did not answer within 60 s; the message says why.
        """
        try:
            self._await_answer()
        except BaseException:
            self.kill()
            raise

    def wait(self) -> int:
        """Wait until the broker has ended; its exit status, negative for a signal."""
        return self._process.wait() if self._process is not None else 0

    def stop(self) -> None:
        """Stop the broker cleanly; one that takes over 30 s is killed."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the broker at once, as a crash would."""
        self._end(signal.SIGKILL)

    def failure(self) -> str:
        """What the broker logged last since it was started, without warnings and stack frames: for a message."""
        with self.log_path.open(encoding="utf-8", errors="replace") as log:
            log.seek(self._log_offset)
            return gist(log.read())

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _open_data_dir(self) -> None:
        properties = server_properties(
            port=self.port,
            controller_port=probe.free_port(),
            log_dir=self._topics_dir,
            overrides=self._overrides,
        )
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            # Kafka's own lock comes too late: by then a second broker has written to the metadata log.
            self._lock = (self.data_dir / ".lock").open("w", encoding="utf-8")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._properties_path.write_text(properties_text(properties), encoding="utf-8")
        except BlockingIOError:
            raise BrokerError(
                f"Another Kafka uses the data folder {self.data_dir}. Stop it, or choose another."
            ) from None
        except OSError as error:
            raise BrokerError(f"The data folder {self.data_dir} cannot be written: {error.strerror}.") from error

    def _run(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self.log_path.open("ab") as log:
            self._log_offset = log.tell()
            # A session of its own: Ctrl-C in a terminal reaches this program, which then stops the broker in order.
            return subprocess.Popen(
                leashed(command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.data_dir,
                start_new_session=True,
            )

    def _await_answer(self) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not probe.answers(self.port):
            status = self._process.poll() if self._process is not None else 0
            if status is not None:
                raise BrokerError(f"Kafka ended while starting (exit status {status}):\n{self.failure()}")
            if time.monotonic() > deadline:
                raise BrokerError(f"Kafka did not answer within {START_TIMEOUT_S:g} s:\n{self.failure()}")
            time.sleep(_POLL_S)

    def _end(self, signal_number: int) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal_number)
            try:
                process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self._lock is not None:
            self._lock.close()
            self._lock = None
