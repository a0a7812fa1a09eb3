"""What `slo-streams run` prints: steps, one line that changes, and how to look further."""

import io
import re
import shlex
from types import SimpleNamespace

import pytest
from rich.console import Console

from schemas import Alert
from streams.cli.shared.run_view import RunView
from streams.run.view import Status
from tests.cli.alerts import BREACH
from tests.cli.tree import called_commands

CONNECTIONS = {"SLO_BOOTSTRAP_SERVERS": "127.0.0.1:9092", "SLO_DATABASE_URL": "postgresql://me@/x?host=/tmp/a b"}
LIVE = re.compile(r"events? judged")


def on_a(text: io.StringIO, *, terminal: bool, width: int = 80) -> RunView:
    return RunView(Console(file=text, force_terminal=terminal, width=width, color_system=None))


def screen(written: str) -> list[str]:
    """What stands on a terminal of any height after all that was written to it."""
    lines, row = [""], 0
    for piece in re.findall(r"\x1b\[[?\d]*[A-Za-z]|[\r\n]|[^\x1b\r\n]+", written):
        if piece == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        elif piece == "\x1b[1A":
            row -= 1
        elif piece == "\x1b[2K":
            lines[row] = ""
        elif piece[0] not in "\r\x1b":
            lines[row] += piece
    return lines


def test_one_line_changes_below_what_was_said() -> None:
    text = io.StringIO()
    with on_a(text, terminal=True) as view:
        view.say("Kafka is ready.")
        for second in range(1, 4):
            view.status(Status(1_000 * second, 1_000.0, 5, 1))
            view.alert(Alert.model_validate(BREACH))
        shown = screen(text.getvalue())
        assert [bool(LIVE.search(line)) for line in shown if line] == [False] * (len(shown) - 1) + [True]
        assert shown[-1].strip() == "3,000 events judged  1,000/s  5 to read  1 open breach  Ctrl-C ends it"
    assert not any(map(LIVE.search, screen(text.getvalue())))


def test_the_line_never_becomes_two() -> None:
    text = io.StringIO()
    with on_a(text, terminal=True, width=40) as view:
        for second in range(1, 4):
            view.status(Status(123_456_789 * second, 1_000.0, 5, 1))
        (line,) = screen(text.getvalue())
    assert len(line) <= 40


def test_where_nobody_sees_it_change_there_is_a_line_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    text, now = io.StringIO(), SimpleNamespace(s=1_000.0)
    monkeypatch.setattr("streams.cli.shared.run_view.time", SimpleNamespace(monotonic=lambda: now.s))
    with on_a(text, terminal=False) as view:
        for _ in range(130):
            view.status(Status(1, 0.0, 0, 2))
            now.s += 1
    assert text.getvalue() == "1 event judged  0 to read  2 open breaches\n" * 3


@pytest.mark.parametrize("connections", [CONNECTIONS, {"SLO_BOOTSTRAP_SERVERS": "127.0.0.1:9092"}])
def test_how_to_look_further_is_there_to_be_copied(connections: dict[str, str]) -> None:
    text = io.StringIO()
    with on_a(text, terminal=False) as view:
        view.invite(connections)
    head, *lines, others = text.getvalue().splitlines()
    assert head == "To look further, in another terminal:"
    words = [shlex.split(line) for line in lines]
    assert [line[1] for line in words if line[0] == "export"] == [
        f"{key}={value}" for key, value in connections.items()
    ]
    called = [line[1:] for line in words if line[0] != "export"]
    called += [shlex.split(command) for command in others.removeprefix("  and likewise: ").split(", ")]
    assert ["status"] in called
    assert (["incidents", "list"] in called) == ("SLO_DATABASE_URL" in connections)
    for command in called:
        assert {tuple(command[:1]), tuple(command[:2])} & called_commands().keys(), command
