"""Tables at the widths that terminals have, and on a pipe: ids and dates are whole, and nothing is markup."""

from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from streams.cli.shared.table import Column, Table, print_facts

APP, SINCE, INCIDENT = "com.example.a-rather-long-key", "2026-03-02 14:01:00Z", "FOotlQrY5ZQ"
NAME, COUNTS = "Jira Installation Callback Success Rate", "97.3 % < 99 %"


def shown(table: Table, width: int | None, indent: int = 0) -> list[str]:
    """Its lines on a terminal of that width, or on a pipe."""
    out = Console(file=StringIO(), width=width or 240, force_terminal=width is not None, no_color=True, markup=False)
    table.print(out, indent)
    assert isinstance(out.file, StringIO)
    text = out.file.getvalue().replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", "")
    assert "\x1b" not in text
    return text.splitlines()


def breaches() -> Table:
    table = Table(
        Column("since"),
        Column("for", rank=1, is_number=True),
        Column("app"),
        Column("incident"),
        Column("metric", is_long=True),
        Column("SLI", is_long=True),
        title="Open breaches",
    )
    table.add(SINCE, "2h", APP, INCIDENT, NAME, COUNTS)
    return table


@pytest.mark.parametrize("width", [60, 80, 120, None])
def test_ids_and_dates_are_whole_at_every_width(width: int | None) -> None:
    lines = shown(breaches(), width)
    (row,) = [line for line in lines if SINCE in line]
    assert APP in row
    assert INCIDENT in row
    assert any(NAME in line for line in lines)


def test_at_120_columns_long_text_is_below() -> None:
    assert shown(breaches(), 120) == [
        "Open breaches",
        "since                 for  app                            incident",
        "2026-03-02 14:01:00Z   2h  com.example.a-rather-long-key  FOotlQrY5ZQ",
        "    Jira Installation Callback Success Rate  97.3 % < 99 %",
    ]


def test_at_60_columns_a_column_leaves_and_is_named() -> None:
    assert shown(breaches(), 64) == [
        "Open breaches",
        "since                 app                            incident",
        "2026-03-02 14:01:00Z  com.example.a-rather-long-key  FOotlQrY5ZQ",
        "    Jira Installation Callback Success Rate  97.3 % < 99 %",
        "(a wider terminal also shows: for)",
    ]


def test_on_a_pipe_a_row_is_a_line() -> None:
    lines = shown(breaches(), None)
    assert len(lines) == 3
    assert lines[2].split() == f"{SINCE} 2h {APP} {INCIDENT} {NAME} {COUNTS}".split()


def test_what_others_wrote_is_no_markup() -> None:
    table = Table(Column("key"))
    table.add("[/x][bold]:cat:")
    assert shown(table, 80)[1] == "[/x][bold]:cat:"


WORDS = st.lists(st.text("abcdefgh.-", min_size=1, max_size=12), max_size=12).map(" ".join)


@given(rows=st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=3), width=st.integers(40, 200))
def test_no_word_is_ever_broken_or_lost(rows: list[tuple[str, str, str]], width: int) -> None:
    table = Table(Column("a"), Column("b", rank=1), Column("c", is_long=True))
    for row in rows:
        table.add(*row)
    lines = shown(table, width)
    words = " ".join(lines).split()
    kept = [0, 2] if "(a wider terminal also shows: b)" in lines else [0, 1, 2]
    assert all(word in words for row in rows for at in kept for word in row[at].split())


def test_facts_hang_below_their_names() -> None:
    out = Console(file=StringIO(), width=40, force_terminal=True, no_color=True, color_system=None, markup=False)
    print_facts(out, [("window", "15m"), ("verdict", "below the objective: the breach stands, still")], indent=2)
    assert isinstance(out.file, StringIO)
    assert out.file.getvalue().splitlines() == [
        "  window   15m",
        "  verdict  below the objective: the",
        "           breach stands, still",
    ]
