"""`slo-streams counts` on a real Kafka and a real PostgreSQL."""

import orjson
from typer.testing import CliRunner

from streams.cli.app import app
from streams.settings import Settings
from tests.cli.test_budgets_command import APP, counted
from tests.cli.test_kafka_commands import environment, settings

__all__ = ["counted", "settings"]


def run(settings: Settings, database: str, *arguments: str) -> tuple[int, str]:
    variables = environment(settings) | {"SLO_DATABASE_URL": database}
    result = CliRunner().invoke(app, ["counts", APP, *arguments], env=variables)
    return result.exit_code, result.output


def test_counts_for_people_and_for_programs(settings: Settings, counted: str) -> None:
    code, said = run(settings, counted, "webhook", "--from", "2026-03-02T12:02:00Z", "--json")
    assert code == 0
    nothing = [None, None]
    assert orjson.loads(said) == {
        "asOf": "2026-03-02T12:04:00Z",
        "from": "2026-03-02T12:02:00Z",
        "step": 60,
        "good": [2, 0],
        "bad": [0, 2],
        "excluded": [0, 0],
        "p50": nothing,
        "p90": nothing,
        "p99": nothing,
    }
    code, said = run(settings, counted, "webhook", "--step", "300", "--to", "2026-03-02T12:01:00Z")
    assert code == 0
    last = said.splitlines()[-1].split()
    assert last == ["2026-03-02T12:00:00Z", "8", "2", "0"]


def test_what_cannot_be_shown(settings: Settings, counted: str) -> None:
    assert run(settings, counted, "iframe")[0] == 1
    assert run(settings, counted, "webhook", "--scope", "Confluence")[0] == 1
    assert run(settings, counted, "webhook", "--step", "61")[0] == 2
    code, said = run(settings, counted, "webhook", "--from", "2000-01-01T00:00:00Z")
    assert code == 2
    assert "at most 36 days" in said
