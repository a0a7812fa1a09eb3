"""A server in a child process: its data folder is its alone, its log is kept, and it never outlives this process."""

import fcntl
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

from streams.child.leash import leashed

STOP_TIMEOUT_S: Final = 30.0
_POLL_S: Final = 0.05


class ChildServer:
    """Starts and ends the server called `name`, 'Kafka'; whatever keeps it from running is raised as a `problem`.

    `data_dir` holds what it stores and its log. `gist` makes a message out of what it logged.
    """

    def __init__(
        self, name: str, data_dir: Path, *, log: str, problem: type[Exception], gist: Callable[[str], str]
    ) -> None:
        self.data_dir = data_dir.absolute()
        self.log_path = self.data_dir / log
        self._name = name
        self._problem = problem
        self._gist = gist
        self._process: subprocess.Popen[bytes] | None = None
        self._log_offset = 0
        self._lock: IO[str] | None = None

    @property
    def pid(self) -> int | None:
        """Process id, None when it does not run."""
        return self._process.pid if self._process is not None else None

    def claim(self) -> None:
        """Make the data folder and keep every other server out of it, until `end`.

        A server's own lock comes too late: by then a second one may have written.
        """
        if self._process is not None:
            raise self._problem(f"This {self._name} runs already.")
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            lock = (self.data_dir / ".lock").open("w", encoding="utf-8")
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._lock = lock
        except BlockingIOError:
            lock.close()
            raise self._problem(
                f"Another {self._name} uses the data folder {self.data_dir}. Stop it, or choose another."
            ) from None
        except OSError as error:
            raise self._problem(f"The data folder {self.data_dir} cannot be written: {error.strerror}.") from error

    def run(self, command: list[str], wrap: Callable[[list[str]], list[str]] = lambda command: command) -> None:
        """Start the command with the data folder as its working directory; `wrap` puts a program before its leash."""
        with self.log_path.open("ab") as log:
            self._log_offset = log.tell()
            # A session of its own: Ctrl-C in a terminal reaches this program, which then stops the server in order.
            self._process = subprocess.Popen(
                wrap(leashed(command)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.data_dir,
                start_new_session=True,
            )

    def await_answer(self, answers: Callable[[], bool], timeout_s: float) -> None:
        """Wait until the server answers; one that ends instead, or takes longer, is a problem."""
        deadline = time.monotonic() + timeout_s
        while not answers():
            status = self._process.poll() if self._process is not None else 0
            if status is not None:
                raise self._problem(f"{self._name} ended while starting (exit status {status}):\n{self.failure()}")
            if time.monotonic() > deadline:
                raise self._problem(f"{self._name} did not answer within {timeout_s:g} s:\n{self.failure()}")
            time.sleep(_POLL_S)

    def wait(self) -> int:
        """Wait until it has ended; its exit status, negative for a signal."""
        return self._process.wait() if self._process is not None else 0

    def failure(self) -> str:
        """What it logged last since it was started: for a message."""
        with self.log_path.open(encoding="utf-8", errors="replace") as log:
            log.seek(self._log_offset)
            return self._gist(log.read())

    def end(self, signal_number: signal.Signals) -> None:
        """Send a signal and wait; a server that takes over 30 s is killed. The data folder is free again."""
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
