"""A gateway process: connections to Kafka, the followed installations, and the HTTP server around them."""

import asyncio
import gc
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache, partial
from typing import Final

from streams.client.producer import acknowledged_producer
from streams.gateway.app import gateway_app
from streams.gateway.connect_token import REPLAYABLE_S
from streams.gateway.fingerprints import ReplayGuard
from streams.gateway.gateway import Gateway
from streams.gateway.installations import Installations
from streams.gateway.outbox import Outbox
from streams.gateway.settings import GatewaySettings
from streams.gateway.topics_needed import gateway_rights, gateway_topics
from streams.gateway.used_tokens import PARTITION, TokenClaims
from streams.gateway.vault import Vault
from streams.health.endpoint import plain_health_app, served
from streams.kafka.placement import partition_of
from streams.kafka.reader import topic_reader
from streams.kafka.topic_setup import ensure_topics
from streams.web.http_server import BrokenServerError, check_port, serve_http

log = logging.getLogger(__name__)

_YOUNG_OBJECTS: Final = 50_000
_REQUEST_MS: Final = 5_000
_BATCH_BYTES: Final = 128 * 1024
_KEYS: Final = 10_000  # whose places are remembered: the same apps call again and again


@asynccontextmanager
async def started_gateway(settings: GatewaySettings) -> AsyncIterator[Gateway]:
    """A gateway that knows all installations and follows them, ready to serve.

    Raises:
        KafkaError, UnusableClusterError: it cannot work with the cluster as it is.
        BrokenServerError: on leaving: it stopped following the installations.
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
        topic_reader(settings, settings.topics.used_tokens) as (claims_consumer, claims_tps),
    ):
        installations = Installations(Vault(keys))
        await installations.read(consumer, tps)
        log.info("%d installations may publish", len(installations))
        _spare_the_collector()
        confirm_s = settings.gateway_confirm / 1_000
        place = lru_cache(maxsize=_KEYS)(partial(partition_of, partitioner=settings.partitioner))
        outbox = Outbox(producer, place, settings.gateway_buffer_bytes, confirm_s, time.monotonic)
        claims_tp = claims_tps[PARTITION]

        async def send_claims(value: bytes) -> None:
            await producer.send_and_wait(claims_tp.topic, value, partition=claims_tp.partition)

        tokens = TokenClaims(ReplayGuard(REPLAYABLE_S, time.monotonic), send_claims, confirm_s)
        await tokens.read(claims_consumer, claims_tp, REPLAYABLE_S)
        following = [
            asyncio.create_task(installations.follow(consumer)),
            asyncio.create_task(tokens.follow(claims_consumer)),
        ]
        for task in following:
            task.add_done_callback(lambda _: outbox.broken.set())
        try:
            yield Gateway(settings, installations, outbox, tokens)
        finally:
            for task in following:
                task.cancel()
            await asyncio.wait(following)


async def serve(settings: GatewaySettings) -> None:
    """Serve until SIGTERM or SIGINT; calls under way are answered first.

    Raises:
        KafkaError, UnusableClusterError: it cannot work with the cluster as it is.
        BrokenServerError: it can go on no more.
        UnusablePortError: the port cannot be had.
    """
    if not (settings.read_installation_keys() or settings.read_service_tokens()):
        log.warning("every call will be refused: set SLO_INSTALLATION_KEYS for apps, SLO_SERVICE_TOKENS for services")
    check_port(settings.gateway_host, settings.gateway_port, "SLO_GATEWAY_HOST, SLO_GATEWAY_PORT")
    async with started_gateway(settings) as gateway:
        health = plain_health_app(
            lambda: "the producer failed, and only a restart helps" if gateway.outbox.broken.is_set() else None,
            lambda: _why_not_ready(gateway),
            gateway.metrics.exposition,
        )
        health_port = settings.gateway_health_port
        async with served(health, settings.health_host, health_port, port_setting="SLO_GATEWAY_HEALTH_PORT"):
            log.info("gateway at http://%s:%d (/openapi.json)", settings.gateway_host, settings.gateway_port)
            await serve_http(
                gateway_app(gateway), settings.gateway_host, settings.gateway_port, until=gateway.outbox.broken
            )
        if gateway.outbox.broken.is_set():
            raise BrokenServerError("the connection to Kafka failed for good")


def _why_not_ready(gateway: Gateway) -> str | None:
    if not gateway.installations.is_complete:
        return "the installations are being read"
    return "the brokers do not answer" if gateway.is_stuck else None


def _spare_the_collector() -> None:
    """What is there now stays, and what a call makes is dead with it: looking at both took half of all CPU time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 20, 100)
