"""Spans of what was told, at a real OTLP receiver that reads the protocol's own messages."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status
from typer.testing import CliRunner

from streams.cli.app import app
from streams.database.patient import Connection
from streams.incidents.projection import Projection
from streams.names import Topics
from streams.notifier.incidents import incident_teller
from streams.notifier.mail.trace import span_id, trace_id, traceparent
from streams.notifier.rows import database_time
from streams.notifier.target import Target
from streams.notifier.targets import Targets
from streams.notifier.tracing import export
from streams.notifier.tracing.export import OtlpExporter
from streams.notifier.tracing.span import Delivered, of_delivery
from streams.notifier.tracing.step import TraceStep
from tests.cli.test_incidents_command import Terminal
from tests.cli.test_incidents_command import terminal as terminal
from tests.desk.build import desk
from tests.incidents.build import patient
from tests.notifier.mail_server import mail_server
from tests.notifier.office import breach, office, recovery
from tests.prober.servers import serving
from tests.waiting import wait_for


class Collector:
    """Takes spans as a collector does, unless it is away."""

    def __init__(self) -> None:
        self.spans: list[ProtoSpan] = []
        self.service = ""
        self.is_away = False

    async def handle(self, request: web.Request) -> web.StreamResponse:
        if self.is_away:
            return web.Response(status=400)  # for good: the library would try others again by itself
        assert request.path == "/v1/traces"
        assert request.content_type == "application/x-protobuf"
        body = await request.read()
        if request.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        message = ExportTraceServiceRequest()
        message.ParseFromString(body)
        for resource in message.resource_spans:
            names = {one.key: one.value.string_value for one in resource.resource.attributes}
            self.service = names["service.name"]
            for scope in resource.scope_spans:
                self.spans += scope.spans
        return web.Response(body=b"", content_type="application/x-protobuf")


@asynccontextmanager
async def collecting(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    collector = Collector()
    async with serving(collector.handle) as url:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        monkeypatch.setenv("OTEL_SERVICE_NAME", "slo of acme")
        yield collector


async def later(connection: Connection) -> Any:
    """As if a minute had gone by: what is told now is not exported at once."""
    return await database_time(connection) + timedelta(minutes=1)


async def take(one: Any, until: Any) -> None:
    async def is_so() -> bool:
        await one.turn()
        return bool(until())

    await wait_for(is_so, 60, "the spans")


def attributes(span: ProtoSpan) -> dict[str, Any]:
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


def test_each_alert_and_delivery_is_a_span_under_the_ids_of_its_traceparent(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with mail_server() as server, office(database, server.port) as one, collecting(monkeypatch) as collector:
            alert = breach(at_ms=await one.now_ms())
            await one.take_in(alert, recovery(alert))
            await one.work(200)
            assert len(server.received) == 2
            async with desk(database, TraceStep(OtlpExporter, now=later)) as exporting:
                await take(exporting, lambda: len(collector.spans) >= 5)
            check(collector, server.received, alert["incidentId"])

    asyncio.run(scenario())


def check(collector: Collector, received: Any, thread: str) -> None:
    assert collector.service == "slo of acme"
    assert {span.trace_id.hex() for span in collector.spans} == {trace_id(thread)}
    by_name: dict[str, list[ProtoSpan]] = {}
    for span in collector.spans:
        by_name.setdefault(span.name, []).append(span)
    (story,) = by_name["breach"]
    assert (story.span_id.hex(), story.parent_span_id) == (span_id(thread), b"")
    assert story.end_time_unix_nano > story.start_time_unix_nano
    (told,) = by_name["tell BREACH"]
    assert (told.span_id.hex(), told.parent_span_id) == (span_id(f"{thread}-breach"), story.span_id)
    assert attributes(told)["slo.incidentId"] == thread
    sent = by_name["deliver smtp"]
    carried = {str(one.mail["traceparent"]) for one in received}
    assert {f"00-{one.trace_id.hex()}-{one.span_id.hex()}-01" for one in sent} == carried
    assert {traceparent(thread, attributes(one)["slo.delivery"]) for one in sent} == carried
    assert {one.parent_span_id for one in sent} == {told.span_id, by_name["tell RECOVERY"][0].span_id}
    assert {one.status.code for one in sent} == {Status.STATUS_CODE_OK}


def test_a_collector_that_is_away_gets_them_later_and_the_desk_goes_on(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with mail_server() as server, office(database, server.port) as one, collecting(monkeypatch) as collector:
            await one.take_in(breach(at_ms=await one.now_ms()))
            await one.work(200)
            collector.is_away = True
            step = TraceStep(OtlpExporter, now=later)
            async with desk(database, step) as exporting:
                await take(exporting, lambda: step._is_away)
                assert collector.spans == []
                collector.is_away = False
                step._rests_until_s = 0.0
                await take(exporting, lambda: len(collector.spans) == 2)

    asyncio.run(scenario())


def test_an_incident_is_a_span_from_its_start_to_its_end(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    incident = terminal.raised("Down", "--fault", "PLATFORM", "--users", "20000")
    terminal.says("state", incident, "RESOLVED")

    async def scenario() -> None:
        tell = incident_teller(Targets([Target("ops", "smtp", "ops@slo.example", role="operators")]), 10**15)
        async with patient(terminal.url) as one, collecting(monkeypatch) as collector:
            projection = Projection(Topics(), tell)
            await one.run(lambda connection: projection.refresh(connection, 2**41, None))
            async with desk(terminal.url, TraceStep(OtlpExporter, now=later)) as exporting:
                await take(exporting, lambda: "incident" in {span.name for span in collector.spans})
        thread = f"incident-{incident}"
        (story, *_) = [span for span in collector.spans if span.name == "incident"]
        assert (story.trace_id.hex(), story.span_id.hex()) == (trace_id(thread), span_id(thread))
        assert story.end_time_unix_nano >= story.start_time_unix_nano

    asyncio.run(scenario())


def test_a_delivery_that_was_given_up_is_a_span_that_failed() -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC)
    dead = Delivered("i-breach.0123456789", "i-breach", "i", "BREACH", "smtp", "ops", 3, at, at, "REFUSED: 550")
    span = of_delivery(dead)
    assert (span.fault, span.attributes["slo.attempts"]) == ("REFUSED: 550", 3)


def test_without_the_extra_it_says_what_to_install(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "find_spec", lambda _name: None)
    result = CliRunner().invoke(app, ["notifier"], env={"SLO_DATABASE_URL": database, "SLO_TRACES": "true"})
    assert result.exit_code == 2
    assert "pip install 'slo-streams[otel]'" in result.output
