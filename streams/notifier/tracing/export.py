"""Spans to a collector, by OTLP over HTTP. The libraries come with the extra `otel`, and are loaded here alone.

Where the collector is, is said by OpenTelemetry's own variables, as OTEL_EXPORTER_OTLP_ENDPOINT; what this is called,
by OTEL_SERVICE_NAME.
"""

import asyncio
import os
from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any, Final, Protocol

from streams.notifier.tracing.span import Span
from streams.version import own_version

MISSING: Final = "SLO_TRACES: needs libraries that are not installed: pip install 'slo-streams[otel]'"
_NAME: Final = "slo-streams"
_NEEDED: Final = ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http.trace_exporter")
_NS: Final = 1_000_000


class Exporter(Protocol):
    """Whatever takes spans."""

    async def export(self, spans: Sequence[Span]) -> bool:
        """Hand them over; whether they were taken."""

    async def close(self) -> None:
        """Let go of connections."""


def is_installed() -> bool:
    """Whether the extra `otel` is."""
    try:
        return all(find_spec(name) is not None for name in _NEEDED)
    except ModuleNotFoundError:
        return False


class OtlpExporter:
    """Posts spans as OTLP over HTTP."""

    def __init__(self) -> None:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource

        names = {"service.name": os.environ.get("OTEL_SERVICE_NAME", _NAME), "service.version": own_version()}
        self._resource = Resource.create(names)
        self._exporter = OTLPSpanExporter()

    async def export(self, spans: Sequence[Span]) -> bool:
        """Hand them over; whether they were taken."""
        from opentelemetry.sdk.trace.export import SpanExportResult

        readable = [self._readable(one) for one in spans]
        return await asyncio.to_thread(self._exporter.export, readable) is SpanExportResult.SUCCESS

    async def close(self) -> None:
        """Let go of connections."""
        await asyncio.to_thread(self._exporter.shutdown)

    def _readable(self, span: Span) -> Any:
        from opentelemetry.sdk.trace import ReadableSpan
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope
        from opentelemetry.trace import SpanContext, SpanKind, Status, StatusCode, TraceFlags

        def context(name: str) -> SpanContext:
            sampled = TraceFlags(TraceFlags.SAMPLED)
            return SpanContext(int(span.trace, 16), int(name, 16), is_remote=False, trace_flags=sampled)

        return ReadableSpan(
            span.name,
            context=context(span.id),
            parent=None if span.parent is None else context(span.parent),
            resource=self._resource,
            attributes=dict(span.attributes),
            kind=SpanKind.PRODUCER,
            instrumentation_scope=InstrumentationScope(_NAME, own_version()),
            status=Status(StatusCode.OK) if span.fault is None else Status(StatusCode.ERROR, span.fault),
            start_time=span.start_ms * _NS,
            end_time=max(span.start_ms, span.end_ms) * _NS,
        )
