"""`slo-streams rejected`: what a worker could not use is shown, and sent once more, once."""

import asyncio
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from streams.cli.app import app
from tests.e2e.conftest import flow
from tests.e2e.flow import Flow
from tests.e2e.test_bad_input import EVENT, GOOD, KEY, arriving, having, without
from tests.model.generate import START_MS

__all__ = ["flow"]

HOME = arriving(GOOD).partition


def run(flow: Flow, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["rejected", *arguments], env=flow.environment)
    return result.exit_code, result.output


async def told(flow: Flow, *arguments: str) -> str:
    code, said = await asyncio.to_thread(run, flow, *arguments)
    assert code == 0, said
    return said


async def listed(flow: Flow, *arguments: str) -> list[dict[str, Any]]:
    documents: list[dict[str, Any]] = orjson.loads(await told(flow, "list", "--json", *arguments))
    return documents


async def redriven(flow: Flow) -> list[tuple[bytes | None, bytes | None, int, bytes]]:
    """What lies on the input topic with the mark of a redrive: key, value, partition, mark."""
    records = await flow.read(f"{flow.prefix}webhook.v1")
    marked = [(record, dict(record.headers).get("redriven-from")) for record in records]
    return [(record.key, record.value, record.partition, mark) for record, mark in marked if mark is not None]


def test_a_repaired_cause_and_a_record_that_stays_wrong(flow: Flow) -> None:
    async def scenario() -> None:
        await flow.create_topics(largest_record_bytes=4 * 1024 * 1024)
        early = orjson.dumps({"data": {**EVENT, "time": START_MS + 90_000, "statusCode": 500}})
        structured = (("content-type", b"application/cloudevents+json"),)
        bad = [
            arriving(b'{"appKey":"\x1b[2Jhidden"}', key=b"\x1b[2Jkey"),
            arriving(early, headers=structured),
            arriving(without("product")),
            arriving(b"\x00" * 1_000_000),
        ]
        await flow.produce(flow.place([arriving(GOOD), *bad]), max_request_size=4 * 1024 * 1024)
        flow.start_worker()
        await flow.wait_until_read()

        everything = await listed(flow)
        assert sorted(one["reason"] for one in everything) == ["future_time", "not_json", "schema", "too_large"]
        assert everything == sorted(everything, key=lambda one: one["rejectedOffset"], reverse=True)
        assert [one["reason"] for one in await listed(flow, "--limit", "1")] == [everything[0]["reason"]]
        (schema,) = await listed(flow, "--reason", "schema")
        assert (schema["topic"], schema["partition"], schema["offset"]) == (f"{flow.prefix}webhook.v1", HOME, 3)
        assert "product" in schema["detail"]
        shown = await told(flow, "list")
        assert "\x1b" not in shown
        assert r"\x1b[2Jkey" in shown
        assert "1,000,000" in shown

        assert "1 would be sent (1 future_time)" in await told(flow, "redrive", "--reason", "future_time", "--dry-run")
        assert await redriven(flow) == []
        assert "1 sent (1 future_time)" in await told(flow, "redrive", "--reason", "future_time")
        assert "0 sent" in await told(flow, "redrive", "--reason", "future_time")
        said = await told(flow, "redrive", "--dry-run")
        assert "2 would be sent (1 not_json, 1 schema)" in said
        assert "1 cannot be sent: only their beginning was kept (1 too_large)" in said
        (sent,) = await redriven(flow)
        (origin,) = await listed(flow, "--reason", "future_time")
        place = f"{origin['topic']}/{origin['partition']}@{origin['offset']}"
        assert sent == (KEY, early, HOME, f"{flow.application_id}/future_time/{place}".encode())

        # Its timestamp is that of the redrive: now it counts. The others are wrong in themselves.
        await told(flow, "redrive")
        await flow.produce(
            flow.place([arriving(having(time=START_MS + 300_000))._replace(timestamp_ms=START_MS + 300_000)])
        )
        await flow.wait_until_read()
        assert len(await redriven(flow)) == 3
        assert sorted(one["reason"] for one in await listed(flow)) == [
            *("future_time", "not_json", "not_json", "schema", "schema", "too_large")
        ]
        (breach,) = [alert for alerts in (await flow.alerts()).values() for alert in alerts]
        assert (breach["goodCount"], breach["badCount"]) == (1, 1)

    asyncio.run(scenario())


def test_before_anything_was_rejected(flow: Flow) -> None:
    for command in ("list", "redrive"):
        code, said = run(flow, command)
        assert code == 1
        assert "slo-streams worker" in said
    asyncio.run(flow.create_topics())
    assert run(flow, "list") == (0, "No rejected records.\n")
    assert run(flow, "redrive") == (0, "0 sent\n")


@pytest.mark.parametrize(
    "arguments",
    [("list", "--reason", "bad_mood"), ("list", "--limit", "0"), ("redrive", "--since", "noon"), ("redrive", "now")],
)
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert CliRunner().invoke(app, ["rejected", *arguments]).exit_code == 2
