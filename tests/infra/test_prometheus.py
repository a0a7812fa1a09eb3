"""Rules that can fire: each is tested by promtool, speaks of metrics that exist, and leads to a page that exists."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from infra.system_packages import NotInstalledError, install, may_install
from tests.infra.metrics import known_metrics, metrics_of

RULES: Final = Path("infra/prometheus/rules.yaml")
TESTS: Final = Path("infra/prometheus/rules_test.yaml")
RUNBOOK: Final = Path("infra/docs/pages/how-to/runbook.md")


@pytest.fixture(scope="module")
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None and may_install():
        try:
            install(["prometheus"], print)
        except NotInstalledError as problem:
            pytest.skip(str(problem))
        found = shutil.which("promtool")
    if found is None:
        pytest.skip("promtool is not here: apt-get install prometheus")
    return found


def rules() -> Iterator[dict[str, Any]]:
    for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]:
        yield from group["rules"]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def test_each_alert_comes_where_it_has_to_and_nowhere_else(promtool: str) -> None:
    done = subprocess.run(
        [promtool, "test", "rules", TESTS.name], cwd=TESTS.parent, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_has_a_test() -> None:
    document = yaml.safe_load(TESTS.read_text(encoding="utf-8"))
    tested = {
        one["alertname"] for test in document["tests"] for one in test["alert_rule_test"] if one.get("exp_alerts")
    }
    assert tested == {rule["alert"] for rule in alerts()}


def test_rules_speak_of_metrics_that_exist() -> None:
    named = set[str]().union(*(metrics_of(rule["expr"]) for rule in rules()))
    assert named
    assert named <= known_metrics()


def test_each_alert_leads_to_a_place_in_the_runbook() -> None:
    headings = re.findall(r"^## (.+)$", RUNBOOK.read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for rule in alerts():
        page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
        assert page.endswith("/how-to/runbook/")
        assert anchor in anchors, rule["alert"]
