"""How `slo-streams run` shows itself: a live status line below the alerts, or plain lines on a pipe."""

import time
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from schemas import Alert
from streams.cli.shared.alert_line import print_alert
from streams.run.view import Status

_PLAIN_STATUS_INTERVAL_S: Final = 5.0


class RunView:
    """Implements `streams.run.view.View` on a console."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True) if console.is_terminal else None
        self._status_due_s = 0.0

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, line: str) -> None:
        """Print a step of the job."""
        self._console.print(line, style="dim", markup=False, soft_wrap=True)

    def complain(self, line: str) -> None:
        """What went wrong."""
        self._console.print(line, style="red", markup=False, soft_wrap=True)

    def alert(self, alert: Alert) -> None:
        """Print a breach or a recovery."""
        print_alert(self._console, alert)

    def status(self, status: Status) -> None:
        """How things stand; on a pipe only every few seconds."""
        if self._live is not None:
            self._live.update(Text(f"{_status_text(status)}   Ctrl-C ends it", style="reverse"), refresh=True)
        elif time.monotonic() >= self._status_due_s:
            self._status_due_s = time.monotonic() + _PLAIN_STATUS_INTERVAL_S
            self._console.print(_status_text(status), soft_wrap=True)


def _status_text(status: Status) -> str:
    noun = "breach" if status.open_breaches == 1 else "breaches"
    return (
        f"{status.events:,} events judged   {status.events_per_s:,.0f} events/s   {status.lag:,} to read   "
        f"{status.open_breaches} open {noun}"
    )
