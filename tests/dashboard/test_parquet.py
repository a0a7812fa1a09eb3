"""Tables as Parquet, read back by DuckDB, which shares no code with what writes them."""

import csv
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import duckdb
import psycopg
import pytest

from streams.dashboard.api import parquet
from streams.dashboard.api.parquet import parquet_pieces
from tests.dashboard.conftest import PLATFORM, Stage, staged
from tests.dashboard.world import ACME, CHARTS, FOO, fill
from tests.database_fixture import own_database

WEBHOOK = "webhook-delivery-success-rate"
TIME = "2026-03-02T12:00:00Z"
TABLES = (
    "/budgets",
    f"/budgets?app={CHARTS}",
    f"/counts?app={CHARTS}&metric={WEBHOOK}&from={TIME}",
    f"/burn?app={CHARTS}&metric={WEBHOOK}&from={TIME}",
    "/alerts",
    "/deliveries",
    "/incidents",
    "/standing",
    "/exclusions",
    "/incident-measures?from=2026-01&to=2026-03",
    "/reports?partner=acme&month=2026-03",
)


def read(path: Path) -> tuple[list[str], list[str], list[tuple[Any, ...]]]:
    """Names, types and rows."""
    with duckdb.connect() as connection:
        found = connection.execute("select * from read_parquet(?)", [str(path)])
        described = found.description or []
        return [one[0] for one in described], [str(one[1]) for one in described], found.fetchall()


def downloaded(stage: Stage, table: str, ending: str, viewer: Any = ACME) -> Any:
    path, _, query = table.partition("?")
    return stage.as_(viewer).get(f"/api/v1{path}.{ending}?{query}")


def as_text(value: Any, kind: str) -> str:
    """As CSV has it, apart from how times and fractions are written."""
    if value is None:
        return ""
    if kind == "BOOLEAN":
        return str(value).lower()
    return str(value)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_the_same_as_parquet(world: Stage, tmp_path: Path, table: str) -> None:
    answer = downloaded(world, table, "parquet")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/vnd.apache.parquet")
    file = tmp_path / "table.parquet"
    file.write_bytes(answer.content)
    names, kinds, rows = read(file)
    header, *lines = csv.reader(StringIO(downloaded(world, table, "csv").text))
    assert names == header
    assert len(rows) == len(lines) > 0
    for row, line in zip(rows, lines, strict=True):
        for value, kind, text in zip(row, kinds, line, strict=True):
            if kind.startswith("TIMESTAMP"):
                assert (value is None) == (text == "")
            elif kind == "DOUBLE":
                assert value == (float(text) if text else None)
            else:
                assert as_text(value, kind) == text.removeprefix("'")


def test_numbers_and_times_are_no_text(world: Stage, tmp_path: Path) -> None:
    file = tmp_path / "counts.parquet"
    file.write_bytes(downloaded(world, TABLES[2], "parquet").content)
    names, kinds, rows = read(file)
    assert dict(zip(names, kinds, strict=True)) == {
        "from": "TIMESTAMP WITH TIME ZONE",
        **dict.fromkeys(["good", "bad", "excluded"], "BIGINT"),
        **dict.fromkeys(["p50", "p90", "p99"], "DOUBLE"),
    }
    assert sum(row[1] + row[2] + row[3] for row in rows) == 18  # of the story, but for the event after what is complete


def test_a_partner_gets_its_own_apps_only(world: Stage, tmp_path: Path) -> None:
    assert downloaded(world, TABLES[1], "parquet", FOO).status_code == 404
    file = tmp_path / "budgets.parquet"
    file.write_bytes(downloaded(world, "/budgets", "parquet", FOO).content)
    _, _, rows = read(file)
    assert {row[0] for row in rows} == {"com.foo.boards"}


@pytest.fixture(scope="module")
def many(postgres: str, migrated: str) -> Iterator[Stage]:
    """The small world, and 5,000 budgets more."""
    with own_database(postgres, template=migrated) as url:
        fill(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(b"""
insert into slo.budget (app_key, metric, scope, slo, target, period_ms, good, bad, covered_minutes, state, consumed,
  remaining_events, burn_1h, burn_6h, burn_1d, burn_3d, as_of_ms)
select 'com.many.a' || n, 'app-availability', 'u', 'slo', '0.99', 2419200000, 1000, 1, 40320, 'MET', 0.1, 3, 1, 1, 1, 1,
  1772453040000 from generate_series(1, 5000) n
""")
        with staged(url) as stage:
            yield stage


def test_all_pages_are_in_one_file_but_no_more_than_so_many(
    many: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "budgets.parquet"
    monkeypatch.setattr(parquet, "_GROUP", 2_000)
    file.write_bytes(downloaded(many, "/budgets", "parquet", PLATFORM).content)
    names, _, rows = read(file)
    assert len({row[names.index("appKey")] for row in rows}) == len(rows) == 5_004
    monkeypatch.setattr(parquet, "MOST_ROWS", 3_500)
    file.write_bytes(downloaded(many, "/budgets", "parquet", PLATFORM).content)
    assert len(read(file)[2]) == 3_500


def test_rows_are_taken_as_they_are_sent() -> None:
    taken = 0

    def rows() -> Iterator[dict[str, int]]:
        nonlocal taken
        for number in range(100_000):
            taken += 1
            yield {"good": number}

    pieces = parquet_pieces(["good"], rows())
    assert next(pieces)
    assert taken == 10_000


def test_where_it_is_not_installed_it_says_so(world: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "find_spec", lambda _name: None)
    answer = downloaded(world, "/budgets", "parquet")
    assert (answer.status_code, answer.json()["type"]) == (501, "urn:slo-streams:no-parquet")
    assert "slo-streams[parquet]" in answer.text
