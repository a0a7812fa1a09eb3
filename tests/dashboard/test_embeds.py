"""Badges on other pages: signed, for a time, for some origins, of one budget."""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest
from typer.testing import CliRunner

from streams.cli.app import app as cli
from streams.dashboard.embeds import Embed, sign
from streams.dashboard.settings import DashboardSettings
from tests.dashboard.conftest import Stage, staged
from tests.dashboard.world import CHARTS, TOPICS, count
from tests.history.test_facts import file
from tests.model.build import app as app_of
from tests.model.build import delivery

KEY = "a key that signs"
WEBHOOK = "webhook-delivery-success-rate"
LATER_MS = 4_000_000_000_000


@pytest.fixture
def stage(filled: str) -> Iterator[Stage]:
    """A dashboard with a key for badges."""
    with staged(filled, DashboardSettings(dashboard_embed_key=KEY)) as one:
        yield one


def test_a_badge_shows_one_budget_to_whoever_has_the_link(stage: Stage) -> None:
    env = {"SLO_DASHBOARD_EMBED_KEY": KEY}
    command = ["dashboard", "embed", CHARTS, "webhook", "--origin", "https://acme.example.com"]
    result = CliRunner().invoke(cli, command, env=env)
    assert result.exit_code == 0, result.output
    answer = stage.as_(None).get(result.output.strip().removeprefix("http://127.0.0.1:8090"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/svg+xml")
    policy = "default-src 'none'; frame-ancestors https://acme.example.com"
    assert answer.headers["content-security-policy"] == policy
    drawn = " ".join(ET.fromstring(answer.text).itertext())  # noqa: S314  made by ourselves
    assert "Jira Webhook Delivery Success Rate" in drawn
    assert "85.71 % of 14 events in 28 days; target 0.99" in drawn
    assert "Missed" in drawn
    assert CHARTS not in drawn


def test_links_that_are_none(stage: Stage, filled: str) -> None:
    good = Embed(CHARTS, WEBHOOK, "Jira", "webhook-delivery", LATER_MS, ["https://a.example"])
    ended = Embed(CHARTS, WEBHOOK, "Jira", "webhook-delivery", 1, ["https://a.example"])
    client = stage.as_(None)
    assert client.get(f"/embed/{sign(good, KEY)}").status_code == 200
    for token in (sign(ended, KEY), sign(good, "another key"), sign(good, KEY)[:-2] + "xx", "x"):
        assert client.get(f"/embed/{token}").status_code == 404
    with staged(filled) as without_a_key:
        assert without_a_key.as_(None).get(f"/embed/{sign(good, KEY)}").status_code == 404


def test_a_badge_finds_its_budget_among_many(database: str) -> None:
    last = delivery("12:04:10", app=CHARTS)
    count(database, [*(delivery("12:00:05", app=CHARTS, product=f"Product {n:02}") for n in range(60)), last])
    catalogue = [app_of("Charts", key=CHARTS)]
    file(database, (TOPICS.apps, catalogue))
    with staged(database, DashboardSettings(dashboard_embed_key=KEY)) as one:
        link = Embed(CHARTS, WEBHOOK, "Product 59", "webhook-delivery", LATER_MS, ["https://a.example"])
        assert "100 % of 1 event in" in one.as_(None).get(f"/embed/{sign(link, KEY)}").text


def test_what_is_not_counted_is_said_so(stage: Stage) -> None:
    other = Embed(CHARTS, WEBHOOK, "<Confluence>", "webhook-delivery", LATER_MS, ["https://a.example"])
    drawn = stage.as_(None).get(f"/embed/{sign(other, KEY)}").text
    assert "No data" in drawn
    assert "&lt;Confluence&gt;" in drawn
