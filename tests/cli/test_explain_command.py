"""`slo-streams explain`: why an app paged or did not, from what a worker committed."""

import asyncio

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from typer.testing import CliRunner

from streams.cli.app import app
from streams.settings import Settings
from tests.cli.test_kafka_commands import environment, settings
from tests.cli.test_windows_command import APP, MINUTE_MS, START_MS, commit, delivery

__all__ = ["settings"]


def run(settings: Settings, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["explain", *arguments], env=environment(settings))
    return result.exit_code, " ".join(result.output.split())


def test_why_it_paged(settings: Settings) -> None:
    commit(settings, delivery(0, 200), delivery(0, 500), delivery(2, 204), delivery(3, 204, "Confluence"))
    code, said = run(settings, APP, "webhook", "--scope", "Jira")
    assert code == 0
    assert "Confluence" not in said
    assert "the host" not in said  # who else would report a delivery
    # Seen up to minute 3: minute 2 is judged, minute 3 waits for late events.
    assert "window 2026-03-02 13:47:00Z to 2026-03-02 14:02:00Z (15m)" in said
    assert "1 good, 1 bad: 1 of 2 = 50 %; wanted: at least 99 %, which allows up to 0.02 bad" in said
    assert "verdict below the objective: the breach stands" in said
    assert "now breached since 2026-03-02 14:01:00Z, incident " in said
    assert "next 2026-03-02 14:03:00Z, judged once the watermark reaches 2026-03-02 14:03:10Z" in said
    assert "so far 2 good, 1 bad: if no more came, nothing would be published" in said

    code, said = run(settings, APP, "webhook-delivery-success-rate", "--json")
    assert code == 0
    confluence, jira = orjson.loads(said)
    assert jira["window"]["panes"] == [
        {"start": START_MS, "goodCount": 1, "badCount": 1, "byApp": False, "isExcluded": False}
    ]
    assert (jira["window"]["sliFraction"], jira["sloFraction"]) == ("1/2", "99/100")
    assert jira["breachedAt"] == START_MS + MINUTE_MS
    assert jira["nextBoundary"]["judgedAtWatermark"] == START_MS + 3 * MINUTE_MS + 10_000
    assert (confluence["window"]["verdict"], confluence["incidentId"]) == ("SILENCE", None)

    code, said = run(settings, APP, "webhook", "--scope", "Jira", "--at", "2026-03-02T14:01:59Z")
    assert code == 0
    assert "to 2026-03-02 14:01:00Z" in said
    code, said = run(settings, APP, "webhook", "--scope", "Jira", "--at", "2026-03-02T12:00:00Z")
    assert code == 0
    assert "counts no longer kept verdict no longer kept: nothing before 2026-03-02 13:47:00Z is" in said
    assert "silence" not in said


def test_what_is_excluded_is_told_beside_what_counts(settings: Settings) -> None:
    commit(settings, delivery(0, 200), delivery(0, 500), delivery(1, 500), delivery(2, 204), delivery(3, 204))
    fault = {"id": "fault", "reason": "PLATFORM_FAULT", "start": START_MS, "end": START_MS + 2 * MINUTE_MS}

    async def exclude() -> None:
        async with AIOKafkaProducer(bootstrap_servers=settings.bootstrap_servers) as producer:
            topic, known_ms = settings.topics.exclusions, START_MS + MINUTE_MS
            await producer.send_and_wait(topic, orjson.dumps(fault), b"fault", timestamp_ms=known_ms)

    asyncio.run(exclude())
    code, said = run(settings, APP, "webhook", "--at", "2026-03-02T14:02:00Z")
    assert code == 0
    assert "excluded 2 panes, by fault" in said
    assert "counts no counted event (1 good, 2 bad are excluded); wanted: at least 99 %" in said
    code, said = run(settings, APP, "webhook", "--at", "2026-03-02T14:03:00Z")
    assert code == 0
    assert "counts 1 good, 0 bad (1 good, 2 bad are excluded): 1 of 1 = 100 %" in said
    assert "verdict met: what failed is excluded" in said


def test_an_app_of_which_nothing_is_stored(settings: Settings) -> None:
    commit(settings, delivery(0, 200))
    code, said = run(settings, "com.acme.\x1bunknown", "webhook")
    assert code == 1
    assert r"Nothing is stored for com.acme.\x1bunknown" in said
    assert f"of {settings.topics.prefix}webhook.v1" in said
    assert "slo-streams status" in said


def test_before_a_worker_has_run(settings: Settings) -> None:
    code, said = run(settings, APP, "webhook")
    assert code == 1
    assert "slo-streams worker" in said


@pytest.mark.parametrize("arguments", [(APP,), (APP, "latency"), (APP, "webhook", "--at", "noon")])
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert CliRunner().invoke(app, ["explain", *arguments]).exit_code == 2
