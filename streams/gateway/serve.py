"""A gateway process: connections to Kafka, the followed installations, and the HTTP server around them."""

import asyncio
import gc
import logging
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import lru_cache, partial
from socket import AF_INET, AF_INET6, create_server, socket
from typing import Final

import uvicorn
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST

from streams.client.producer import acknowledged_producer
from streams.gateway.app import gateway_app
from streams.gateway.gateway import Gateway
from streams.gateway.installations import Installations
from streams.gateway.metrics import GatewayMetrics
from streams.gateway.outbox import Outbox
from streams.gateway.settings import GatewaySettings
from streams.gateway.topics import gateway_rights, gateway_topics
from streams.gateway.vault import Vault
from streams.health.endpoint import served
from streams.kafka.placement import partition_of
from streams.kafka.reader import topic_reader
from streams.kafka.topics import ensure_topics

log = logging.getLogger(__name__)

_GOODBYE_S: Final = 10
"""How long calls under way may take to end when the gateway is stopped."""

_CONNECTIONS: Final = 2_000
_YOUNG_OBJECTS: Final = 50_000
_REQUEST_MS: Final = 5_000
_BATCH_BYTES: Final = 128 * 1024
_KEYS: Final = 10_000  # whose places are remembered: the same apps call again and again


class UnusablePortError(Exception):
    """The gateway cannot listen where it should; the message says where, and why not."""


class BrokenGatewayError(Exception):
    """The gateway cannot go on; a new process may."""


@asynccontextmanager
async def started_gateway(settings: GatewaySettings) -> AsyncIterator[Gateway]:
    """A gateway that knows all installations and follows them, ready to serve.

    Raises:
        KafkaError, UnusableClusterError: it cannot work with the cluster as it is.
        BrokenGatewayError: on leaving: it stopped following the installations.
    """
    created = await ensure_topics(settings, gateway_topics(settings), gateway_rights(settings))
    if created:
        log.info("created topics: %s", ", ".join(created))
    keys = settings.read_installation_keys()
    async with (
        acknowledged_producer(
            settings,
            max_batch_size=_BATCH_BYTES,
            request_timeout_ms=max(settings.gateway_confirm, _REQUEST_MS),
        ) as producer,
        topic_reader(settings, settings.topics.installations) as (consumer, tps),
    ):
        installations = Installations(Vault(keys))
        await installations.read(consumer, tps)
        log.info("%d installations may publish", len(installations))
        _spare_the_collector()
        confirm_s = settings.gateway_confirm / 1_000
        place = lru_cache(maxsize=_KEYS)(partial(partition_of, partitioner=settings.partitioner))
        outbox = Outbox(producer, place, settings.gateway_buffer_bytes, confirm_s, time.monotonic)
        following = asyncio.create_task(installations.follow(consumer))
        following.add_done_callback(lambda _: outbox.broken.set())
        try:
            yield Gateway(settings, installations, outbox)
        finally:
            following.cancel()
            await asyncio.wait([following])


async def serve(settings: GatewaySettings) -> None:
    """Serve until SIGTERM or SIGINT; calls under way are answered first.

    Raises:
        KafkaError, UnusableClusterError: it cannot work with the cluster as it is.
        BrokenGatewayError: it can go on no more.
        UnusablePortError: the port cannot be had.
    """
    if not (settings.read_installation_keys() or settings.read_service_tokens()):
        log.warning("every call will be refused: set SLO_INSTALLATION_KEYS for apps, SLO_SERVICE_TOKENS for services")
    with _listener(settings) as listener:
        await _serve_on(listener, settings)


def _listener(settings: GatewaySettings) -> socket:
    host, port = settings.gateway_host, settings.gateway_port
    try:
        return create_server((host, port), family=AF_INET6 if ":" in host else AF_INET, backlog=_CONNECTIONS)
    except OSError as problem:
        where = f"{host}:{port} (SLO_GATEWAY_HOST, SLO_GATEWAY_PORT)"
        raise UnusablePortError(f"cannot listen at {where}: {problem.strerror}") from None


async def _serve_on(listener: socket, settings: GatewaySettings) -> None:
    async with started_gateway(settings) as gateway:
        config = uvicorn.Config(
            gateway_app(gateway),
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            http="httptools",
            ws="none",
            limit_concurrency=_CONNECTIONS,
            timeout_graceful_shutdown=_GOODBYE_S,
        )
        server = _Server(config)
        metrics = _metrics_app(gateway.metrics)
        metrics_port = settings.gateway_metrics_port
        async with served(
            metrics, settings.health_host, metrics_port, name="metrics", port_setting="SLO_GATEWAY_METRICS_PORT"
        ):
            breaking = asyncio.create_task(gateway.outbox.broken.wait())
            breaking.add_done_callback(lambda _: server.stop())
            log.info("gateway at http://%s:%d (/live, /ready, /openapi.json)", *listener.getsockname()[:2])
            try:
                await server.serve(sockets=[listener])
            finally:
                breaking.cancel()
        if gateway.outbox.broken.is_set():
            raise BrokenGatewayError("the connection to Kafka failed for good")


def _spare_the_collector() -> None:
    """What is there now stays, and what a call makes is dead with it: looking at both took half of all CPU time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 20, 100)


class _Server(uvicorn.Server):
    """Ends with the process still in hand: uvicorn itself would raise the signal again, before goodbyes are said."""

    def stop(self) -> None:
        """Finish what is under way, and end."""
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The first signal asks to end, the second ends."""
        loop = asyncio.get_running_loop()
        numbers = (signal.SIGTERM, signal.SIGINT)

        def on_signal() -> None:
            for number in numbers:
                loop.remove_signal_handler(number)
            self.stop()

        for number in numbers:
            loop.add_signal_handler(number, on_signal)
        try:
            yield
        finally:
            for number in numbers:
                loop.remove_signal_handler(number)


def _metrics_app(metrics: GatewayMetrics) -> web.Application:
    async def exposition(_: web.Request) -> web.Response:
        return web.Response(body=metrics.exposition(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/metrics", exposition)])
    return app
