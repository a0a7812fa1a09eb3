"""How `slo-streams run` shows itself: a live status line below the alerts, or plain lines on a pipe."""

import shlex
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from schemas import Alert
from streams.cli.shared.alert_line import print_alert
from streams.cli.shared.text import is_piped
from streams.plural import number_of
from streams.run.demo_apps import FLAKY_APP
from streams.run.past import SHOWN_APP
from streams.run.view import Status

_COMMAND: Final = "slo-streams"
_DATABASE: Final = "SLO_DATABASE_URL"
_INVITATIONS: Final = ("alerts list", "topics", f"explain {FLAKY_APP} availability")
_PLAIN_STATUS_INTERVAL_S: Final = 60.0


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
        """Print a step of the job; a link is left in one piece, else it could not be followed."""
        self._console.print(line, style="dim", soft_wrap=is_piped(self._console) or "://" in line)

    def complain(self, line: str) -> None:
        """What went wrong."""
        self._console.print(line, style="red", soft_wrap=is_piped(self._console))

    def invite(self, environment: Mapping[str, str]) -> None:
        """Print how to look further, from another terminal."""
        command = sys.argv[0] if Path(sys.argv[0]).name == _COMMAND else _COMMAND
        self._console.print("To look further, in another terminal:")
        for name, value in environment.items():
            self._console.print(f"  export {name}={shlex.quote(value)}", soft_wrap=True)
        self._console.print(f"  {command} status", soft_wrap=True)
        if _DATABASE in environment:
            self._console.print(f"  {command} budgets {SHOWN_APP}", soft_wrap=True)
            self._console.print(f"  {command} counts {SHOWN_APP} webhook --step 86400", soft_wrap=True)
            self._console.print(f"  {command} incidents list", soft_wrap=True)
        self._console.print(f"  and likewise: {', '.join(_INVITATIONS)}", soft_wrap=True)

    def alert(self, alert: Alert) -> None:
        """Print a breach or a recovery."""
        print_alert(self._console, alert)

    def status(self, status: Status) -> None:
        """How things stand: one line that changes; on a pipe one a minute."""
        if self._live is not None:
            line = Text(f" {_status_text(status)}  Ctrl-C ends it ", style="reverse", no_wrap=True, overflow="ellipsis")
            self._live.update(line, refresh=True)
        elif time.monotonic() >= self._status_due_s:
            self._status_due_s = time.monotonic() + _PLAIN_STATUS_INTERVAL_S
            self._console.print(_status_text(status), soft_wrap=True)


def _status_text(status: Status) -> str:
    open_breaches = number_of(status.open_breaches, "open breach", "open breaches")
    rate = f"  {status.events_per_s:,.0f}/s" if status.events_per_s >= 1 else ""
    return f"{number_of(status.events, 'event')} judged{rate}  {status.lag:,} to read  {open_breaches}"
