"""What others wrote is shown as they wrote it: no text of theirs is ever markup, whichever command shows it."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from typer.testing import CliRunner

import streams
from streams.cli.app import app
from streams.names import WEBHOOK
from tests.e2e.conftest import flow
from tests.e2e.flow import Flow
from tests.model.build import LISTED, ORDINARY
from tests.model.generate import HOUR_MS, START_MS
from tests.model.placement import murmur2_partition
from tests.model.record import Record

__all__ = ["flow"]

ODD = "[/x][bold red]:cat:"
COMMANDS = (
    ("status",),
    ("explain", ODD, "webhook", "--scope", ODD),
    ("windows", ODD),
    ("rejected", "list"),
    ("alerts", "list", "--since", "2026-01-01T00:00:00Z"),
    ("apps", "list"),
    ("exclude", "list"),
)


def test_only_one_place_makes_what_is_printed_to() -> None:
    """A `Console` of rich takes every `[...]` for markup unless it is told otherwise."""

    def makers() -> Iterator[str]:
        for path in sorted(Path(streams.__file__).parent.rglob("*.py")):
            if "Console(" in path.read_text().replace("class _Output(Console)", ""):
                yield path.name

    assert list(makers()) == ["text.py"]


def test_names_that_look_like_markup(flow: Flow) -> None:
    def webhook(**fields: object) -> Record:
        event = {"appKey": ODD, "time": START_MS, **ORDINARY[WEBHOOK.id], "product": ODD, **fields}
        key = ODD.encode()
        return Record("slo.webhook.v1", murmur2_partition(key, flow.partitions), key, orjson.dumps(event), START_MS)

    async def scenario() -> None:
        await flow.create_topics()
        listed = orjson.dumps({"appKey": ODD, **LISTED, "name": ODD, "partnerName": ODD})
        exclusion = {"id": ODD, "appKey": ODD, "metricId": None, "reason": "PLATFORM_FAULT", "start": 1, "end": 2}
        times = {"start": START_MS + 9 * HOUR_MS, "end": START_MS + 10 * HOUR_MS}
        beside = [
            Record("slo.apps.v1", 0, ODD.encode(), listed, START_MS),
            Record("slo.exclusions.v1", 0, ODD.encode(), orjson.dumps(exclusion | times), START_MS),
        ]
        await flow.produce(flow.place([*beside, webhook(statusCode=500), webhook(statusCode=ODD)]))
        await flow.produce(flow.closing_records(START_MS + 2 * 60_000))
        worker = flow.start_worker()
        await flow.wait_until_read()
        for command in COMMANDS:
            result = await asyncio.to_thread(CliRunner().invoke, app, list(command), env=flow.environment)
            assert result.exit_code == 0, f"{command}: {result.output}"
            assert ODD in result.output, f"{command}: {result.output}"
        assert await worker.stop() == 0

    asyncio.run(scenario())


@pytest.mark.parametrize("line", [f'"{ODD}"', f'{{"topic": "{ODD}"}}'])
def test_lines_of_a_log(line: str, tmp_path: Path) -> None:
    log = tmp_path / f"{ODD.replace('/', '')}.ndjson"
    log.write_text(line + "\n")
    result = CliRunner().invoke(app, ["replay", str(log)])
    assert result.exit_code in (0, 1), result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
