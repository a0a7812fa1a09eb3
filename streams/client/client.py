"""A client for Python services that produce events: the right topic, key, partition and time, and nothing invalid.

async with EventClient("localhost:9092") as client:
    await client.webhook(app_key="com.example.app", product="Jira", client_key="c-1", event="jira:issue_updated",
                         status_code=204, duration_in_millis=81.5)

It needs aiokafka and pydantic, nothing else of the product, and changes nothing in the process that imports it.
"""

import json
import time as clock
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import datetime
from decimal import Decimal
from numbers import Real
from types import TracebackType
from typing import Final, Literal, Self

from aiokafka import AIOKafkaProducer
from pydantic import ValidationError

from schemas import complaint
from streams.client.producer import acknowledged_producer
from streams.names import AVAILABILITY, IFRAME, INSTALLATION, WEBHOOK, Metric
from streams.settings import Settings

Time = datetime | int | str | None
"""When it happened: an aware datetime, epoch milliseconds, RFC 3339 text; None for now."""

Number = float | Decimal

_SHOWN_OF_ERROR: Final = 256  # characters

FaultOwner = Literal["APP", "PLATFORM"] | None


class InvalidEventError(ValueError):
    """An event is not what its schema asks for; says which field, and why. Nothing was sent."""


class EventClient:
    """Sends events; each call returns when all replicas have its event.

    `bootstrap_servers` and every other setting of the connection, SLO_SASL_USERNAME for example, come from the
    environment unless given. Calls may go on at the same time, and then share requests to the brokers: `asyncio.gather`
    sends many events in the time of few. `traceparent` is the W3C trace context that the event belongs to, carried in a
    header. An event that the brokers do not take raises `aiokafka.errors.KafkaError`;
    while they are away, a call waits for them.
    """

    def __init__(self, bootstrap_servers: str | None = None, *, settings: Settings | None = None) -> None:
        given = {} if bootstrap_servers is None else {"bootstrap_servers": bootstrap_servers}
        self._settings = (settings or Settings()).model_copy(update=given)
        self._stack = AsyncExitStack()
        self._producer: AIOKafkaProducer | None = None

    async def __aenter__(self) -> Self:
        self._producer = await self._stack.enter_async_context(acknowledged_producer(self._settings))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._producer = None
        await self._stack.aclose()

    async def healthcheck(
        self,
        *,
        app_key: str,
        base_url: str,
        status_code: int | None = None,
        duration_in_millis: Number | None = None,
        error: str | None = None,
        group: str | None = None,
        time: Time = None,
        traceparent: str | None = None,
    ) -> None:
        """One health check of one base URL; without an answer, `error` says why."""
        await self._send(
            AVAILABILITY,
            app_key,
            time,
            traceparent,
            baseUrl=base_url,
            statusCode=status_code,
            durationInMillis=duration_in_millis,
            error=error,
            group=group,
        )

    async def iframe(
        self,
        *,
        app_key: str,
        product: str,
        client_key: str,
        module_type: str,
        source: Literal["HOST", "APP"],
        bridge_in_millis: Number | None = None,
        status: Literal["SUCCESS", "FAIL"] | None = None,
        duration_in_millis: Number | None = None,
        group: str | None = None,
        time: Time = None,
        traceparent: str | None = None,
    ) -> None:
        """One load of an iframe: as the host saw it, with `bridge_in_millis`, or as the app did, with `status`."""
        await self._send(
            IFRAME,
            app_key,
            time,
            traceparent,
            product=product,
            clientKey=client_key,
            moduleType=module_type,
            source=source,
            bridgeInMillis=bridge_in_millis,
            status=status,
            durationInMillis=duration_in_millis,
            group=group,
        )

    async def installation_callback(
        self,
        *,
        app_key: str,
        product: str,
        client_key: str,
        lifecycle: Literal["installed", "uninstalled", "enabled", "disabled"],
        status_code: int | None = None,
        duration_in_millis: Number | None = None,
        error: str | None = None,
        fault_owner: FaultOwner = None,
        group: str | None = None,
        time: Time = None,
        traceparent: str | None = None,
    ) -> None:
        """One lifecycle call to an app; `enabled` and `disabled` are counted as webhooks: send them there."""
        await self._send(
            INSTALLATION,
            app_key,
            time,
            traceparent,
            product=product,
            clientKey=client_key,
            lifecycle=lifecycle,
            statusCode=status_code,
            durationInMillis=duration_in_millis,
            error=error,
            faultOwner=fault_owner,
            group=group,
        )

    async def webhook(
        self,
        *,
        app_key: str,
        product: str,
        client_key: str,
        event: str,
        status_code: int | None = None,
        duration_in_millis: Number | None = None,
        error: str | None = None,
        fault_owner: FaultOwner = None,
        group: str | None = None,
        time: Time = None,
        traceparent: str | None = None,
    ) -> None:
        """One attempt to deliver a webhook; every attempt is an event of its own."""
        await self._send(
            WEBHOOK,
            app_key,
            time,
            traceparent,
            product=product,
            clientKey=client_key,
            event=event,
            statusCode=status_code,
            durationInMillis=duration_in_millis,
            error=error,
            faultOwner=fault_owner,
            group=group,
        )

    async def _send(self, metric: Metric, app_key: str, time: Time, traceparent: str | None, **fields: object) -> None:
        if self._producer is None:
            raise RuntimeError("use it as `async with EventClient(...) as client`")
        topic = self._settings.topics.input(metric)
        value = event_json(metric, app_key, time, fields)
        headers = [] if traceparent is None else [("traceparent", traceparent.encode())]
        await self._producer.send_and_wait(topic, value, app_key.encode(), headers=headers)


def event_json(metric: Metric, app_key: str, time: Time, fields: Mapping[str, object]) -> bytes:
    """The value of an event: of its fields those that are not None, named as on the wire.

    Raises:
        InvalidEventError: it is not what its schema asks for.
    """
    event: dict[str, object] = {"appKey": app_key, "time": _written(time)}
    for name, value in fields.items():
        if value is not None:
            event[name] = _as_json(name, value)
    try:
        metric.model.model_validate(event)
    except ValidationError as problem:
        raise InvalidEventError(complaint(problem)) from None
    # Half of an emoji, as of a text that was cut, has no bytes in UTF-8: it stays the escape that JSON has for it.
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")


def _as_json(name: str, value: object) -> object:
    """The value of a field as JSON has it: a decimal, or any other real number, as a number like any other.

    Of why there was no answer only as much goes as anybody is shown: an event of over 64 KiB would be lost over it.
    """
    if name == "error":
        if not isinstance(value, str):
            raise InvalidEventError(f"error: Input should be a text, not {type(value).__name__}")
        return value[:_SHOWN_OF_ERROR]
    if isinstance(value, (Decimal, Real)) and not isinstance(value, (int, float)):
        try:
            return float(value)
        except (ValueError, OverflowError) as problem:
            raise InvalidEventError(f"{name}: {problem}") from None
    return value


def _written(time: Time) -> object:
    match time:
        case None:
            return clock.time_ns() // 1_000_000
        case datetime() if time.tzinfo is None:
            raise InvalidEventError("time: A datetime needs a time zone, datetime.now(UTC) for example")
        case datetime():
            return time.isoformat()
        case _:
            return time
