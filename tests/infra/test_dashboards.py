"""Boards whose every query is PromQL of metrics that exist, and whose every panel says what it shows."""

import re
import subprocess
from itertools import chain
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from infra.dashboards.boards import boards
from tests.infra.metrics import filled, known_metrics, metrics_of
from tests.infra.test_prometheus import promtool

__all__ = ["promtool"]  # a fixture

BOARDS: Final = boards()


def panels(*names: str) -> list[dict[str, Any]]:
    """Of these boards, or of all."""
    return [*chain.from_iterable(BOARDS[name]["panels"] for name in names or BOARDS)]


def expressions(*names: str) -> list[str]:
    return [target["expr"] for panel in panels(*names) for target in panel["targets"]]


def test_every_query_is_promql(promtool: str, tmp_path: Path) -> None:
    rules = [{"record": f"panel:{at}", "expr": filled(expression)} for at, expression in enumerate(expressions())]
    file = tmp_path / "panels.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}), encoding="utf-8")
    done = subprocess.run([promtool, "check", "rules", file], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_query_is_of_metrics_that_exist() -> None:
    named = set[str]().union(*map(metrics_of, expressions()))
    assert named
    assert named <= known_metrics()


@pytest.mark.parametrize("name", BOARDS)
def test_a_board_never_asks_by_app(name: str) -> None:
    chosen = [one["name"] for one in BOARDS[name]["templating"]["list"]]
    assert chosen == ["datasource", "job", "topic"][: len(chosen)]
    asked = {variable for one in expressions(name) for variable in re.findall(r"\$([a-z]+)", one)}
    assert asked <= {*chosen}


def test_every_panel_says_what_it_shows_and_what_to_do() -> None:
    assert all(panel["title"] and panel["description"].endswith(".") for panel in panels())


def test_panels_do_not_lie_over_each_other() -> None:
    for board in BOARDS.values():
        cells = [
            (x, y)
            for panel in board["panels"]
            for at in [panel["gridPos"]]
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        ]
        assert len(cells) == len(set(cells))
        assert max(x for x, _ in cells) < 24
