"""`slo-streams objectives check`: what an operator sees before a worker starts."""

from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

from streams.cli.app import app
from streams.objectives.load import SHIPPED

CHECK = ["objectives", "check"]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.delenv("SLO_OBJECTIVES", raising=False)
    return CliRunner()


@pytest.fixture
def strict(tmp_path: Path) -> Path:
    """A copy of the shipped objectives with one of them changed in every column."""
    text = SHIPPED["default"].read_text(encoding="utf-8")
    annotations = 'annotations: {slo-streams/hop: 30s, slo-streams/minimum-events: "20", slo-streams/recover-after: 2m}'
    text = text.replace(
        "metadata: {name: webhook-delivery-15m}", f"metadata: {{name: webhook-delivery-15m, {annotations}}}"
    )
    head, _, policy = text.rpartition("kind: AlertPolicy")
    file = tmp_path / "strict.yaml"
    file.write_text(f"{head}kind: AlertPolicy{policy.replace('op: gt', 'op: gte')}", encoding="utf-8")
    return file


def cells(output: str, objective: str) -> list[str]:
    (row,) = [line for line in output.splitlines() if line.strip().startswith(objective)]
    return [cell.strip() for cell in row.split("  ") if cell.strip()]


def test_without_a_file_the_shipped_objectives_are_shown_without_colour(run: CliRunner) -> None:
    result = run.invoke(app, CHECK)
    assert result.exit_code == 0
    assert cells(result.stdout, "installation-callback-24h") == [
        "installation-callback-24h",
        "installation-callback-success-rate",
        "24h",
        "5m",
        "SLI < 99 %",
        "1",
        "at once",
        "at once",
        "recover",
        "page",
        "worker",
    ]
    assert cells(result.stdout, "app-availability-15m")[4:9] == ["SLI < 99.9 %", "1", "at once", "at once", "hold"]
    assert "default: 4 objectives, no problems" in result.stdout
    assert "history" not in result.stdout
    assert "\x1b" not in result.stdout


def test_a_file_is_shown_as_it_is_understood(run: CliRunner, strict: Path) -> None:
    result = run.invoke(app, [*CHECK, str(strict)])
    assert result.exit_code == 0
    assert cells(result.stdout, "webhook-delivery-15m")[2:] == [
        "15m",
        "30s",
        "SLI <= 99 %",
        "20",
        "at once",
        "2m",
        "recover",
        "page",
        "worker",
    ]


def test_the_file_of_the_worker_is_checked_when_none_is_given(run: CliRunner, strict: Path) -> None:
    result = run.invoke(app, CHECK, env={"SLO_OBJECTIVES": str(strict)})
    assert "SLI <= 99 %" in result.stdout


def test_problems_go_to_stderr_and_the_exit_code_is_1(run: CliRunner, strict: Path) -> None:
    strict.write_text(strict.read_text(encoding="utf-8").replace("target: 0.999}", "target: 99.9}"), encoding="utf-8")
    result = run.invoke(app, [*CHECK, str(strict)])
    line = (
        strict.read_text(encoding="utf-8")
        .splitlines()
        .index(
            '  objectives: [{target: 99.9}]                         # "Healthcheck success rate is less than 99.9% ..."'
        )
    )
    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr == f"{strict}:{line + 1}: spec.objectives[0].target: should be at most 1\n"


def test_help_shows_an_example(run: CliRunner) -> None:
    assert "slo-streams objectives check my-objectives.yaml" in run.invoke(app, [*CHECK, "--help"]).stdout


def test_what_is_left_to_history_and_what_is_not_used_is_told(run: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "more.yaml"
    file.write_text(
        """\
- {apiVersion: openslo/v1, kind: Service, metadata: {name: shop}}
- apiVersion: openslo/v1
  kind: SLO
  metadata: {name: hooks, annotations: {slo-streams/budget-levels: "75,50"}}
  spec:
    indicatorRef: webhook-delivery-success-rate
    budgetingMethod: Occurrences
    objectives: [{target: 0.9}]
""",
        encoding="utf-8",
    )
    result = run.invoke(app, [*CHECK, f"burn-rate,{file}"])
    assert result.exit_code == 0
    assert cells(result.stdout, "webhook-delivery/burn-rate-3d")[2:5] == [
        "72h and 6h",
        "5m",
        "SLI < 99.06666666666666 %",
    ]
    assert cells(result.stdout, "webhook-delivery/burn-rate-3d")[-2:] == ["ticket", "history"]
    (left,) = [line for line in result.stdout.splitlines() if line.startswith("Left to history")]
    assert left.count("burn-rate-1d") == left.count("burn-rate-3d") == 4
    assert "History alerts on the budget of hooks at 50, 75 %" in result.stdout
    assert f"  {file}:1: Service 'shop' is read and not used: alerts have the name" in result.stdout


def test_the_same_as_json(run: CliRunner) -> None:
    documents = orjson.loads(run.invoke(app, [*CHECK, "--json"]).stdout)
    (webhook,) = [one for one in documents if one["objective"] == "webhook-delivery-15m"]
    assert (webhook["windowMillis"], webhook["sloValue"], webhook["judgedBy"]) == (900_000, 99.0, "worker")
