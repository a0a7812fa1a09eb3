"""`slo-streams targets`: what an operator sees of a file, and of a target that is tried out."""

import asyncio
from pathlib import Path

import orjson
import pytest
from aiohttp import web
from typer.testing import CliRunner, Result

from streams.cli.app import app
from tests.notifier.channels.receivers import SECRET, PagerDuty, WebhookReceiver
from tests.notifier.target_file.test_load import ENVIRONMENT, GOOD
from tests.prober.servers import Handler, serving


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("SLO_TARGETS", raising=False)
    path = tmp_path / "targets.yaml"
    path.write_text(GOOD)
    return path


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["targets", *map(str, arguments)])


def test_a_good_file_is_shown_as_it_is_understood_and_what_will_not_work_is_said(file: Path) -> None:
    result = run("check", file)
    assert result.exit_code == 0, result.output
    (row,) = [line for line in result.stdout.splitlines() if "app com.acme.charts" in line]
    assert [cell.strip() for cell in row.split("  ") if cell.strip()] == [
        *("charts-mail", "app com.acme.charts", "smtp", "charts@acme.example", "BREACH, RECOVERY", "any", "yes"),
        "Europe/Berlin",
    ]
    assert f"{file}: 4 targets, no problems." in result.stdout
    assert "charts-mail: no mail is sent: SLO_SMTP_URL is not set" in result.stdout
    assert not any(secret in result.output for secret in ENVIRONMENT.values())


def test_as_json(file: Path) -> None:
    result = run("check", file, "--json")
    found = {one["id"]: one for one in orjson.loads(result.stdout)}
    assert found["everything"]["all"]
    assert found["everything"]["address"] == "https://ops.example/..."
    assert (found["on-duty"]["all"], found["on-duty"]["role"]) == (False, "operators")
    assert found["acme-oncall"]["doubt"] is None


@pytest.mark.parametrize(
    ("line", "doubt"),
    [
        ("channel: webhook, address: 'https://ops.example/'", "not signed: give it a `secret`"),
        ("channel: alertmanager, address: 'http://10.0.0.7:9093'", "its address would not be called: not https."),
        ("channel: slack, address: 'https://127.0.0.1/x'", "127.0.0.1 is not a public address"),
    ],
)
def test_doubts(file: Path, line: str, doubt: str) -> None:
    file.write_text(f"- {{id: t, all: true, {line}}}")
    assert doubt in run("check", file).stdout


def test_a_bad_file_says_every_problem_and_nothing_else(file: Path) -> None:
    file.write_text(GOOD.replace("channel: smtp", "channel: fax").replace("Europe/Berlin", "Moon"))
    result = run("check", file)
    assert (result.exit_code, result.stdout) == (1, "")
    assert [line.removeprefix(str(file)).split(": ")[0] for line in result.stderr.splitlines()] == [":8", ":11"]


def tried(
    handler: Handler, file: Path, monkeypatch: pytest.MonkeyPatch, channel: str, path: str, secret: str
) -> Result:
    """What `send-test` says with a target at a local server."""
    monkeypatch.setenv("SLO_TARGETS", str(file))
    monkeypatch.setenv("SLO_NOTIFY_ALLOW_PRIVATE", "true")

    def send_test(url: str) -> Result:
        file.write_text(f"- {{id: mine, all: true, channel: {channel}, address: '{url}{path}', secret: '{secret}'}}")
        return run("send-test", "mine")

    async def main() -> Result:
        async with serving(handler) as url:
            return await asyncio.to_thread(send_test, url)

    return asyncio.run(main())


def test_a_target_is_tried_out(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = PagerDuty()
    result = tried(service.handle, file, monkeypatch, "pagerduty", "/v2/enqueue", ENVIRONMENT["ACME_KEY"])
    assert result.exit_code == 0, result.output
    assert service.alerts == {"test-mine": "info"}
    receiver = WebhookReceiver()
    result = tried(receiver.handle, file, monkeypatch, "webhook", "/hook", SECRET)
    assert result.exit_code == 0, result.output
    assert receiver.events[0].get_attributes()["type"] == "slo-streams.test.v1"


def test_what_the_other_side_says_is_told(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def act(_: web.Request) -> web.StreamResponse:
        return web.Response(status=404, text="no such hook")

    result = tried(act, file, monkeypatch, "webhook", "/hook", SECRET)
    assert result.exit_code == 1
    assert "did not take it: 404 no such hook" in result.stderr


def test_targets_that_are_not_there(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("send-test", "mine").exit_code == 2
    monkeypatch.setenv("SLO_TARGETS", str(file))
    result = run("send-test", "mine")
    assert result.exit_code == 1
    assert "has no target mine. It has acme-oncall, charts-mail" in result.stderr
    result = run("send-test", "charts-mail")
    assert (result.exit_code, result.stderr[:12]) == (2, "SLO_SMTP_URL")
