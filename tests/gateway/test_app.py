"""What the application says when an endpoint fails: the caller hears of it, the metrics too, and the server gets it."""

import asyncio
import time

import orjson
import pytest
from aiokafka import AIOKafkaProducer
from starlette.types import Message, Scope

from streams.gateway.app import gateway_app
from streams.gateway.connect_token import REPLAYABLE_S
from streams.gateway.fingerprints import ReplayGuard
from streams.gateway.gateway import Gateway
from streams.gateway.installations import Installations
from streams.gateway.outbox import Outbox
from streams.gateway.settings import GatewaySettings
from streams.gateway.used_tokens import TokenClaims
from streams.gateway.vault import Vault
from tests.gateway.process import TOKEN
from tests.gateway.test_events import EVENTS


class BrokenError(Exception):
    """A fault of ours."""


def test_a_fault_of_ours_is_told_as_one_counted_and_left_to_the_server() -> None:
    def broken(_key: bytes, _partitions: int) -> int:
        raise BrokenError

    async def nothing(_value: bytes) -> None:
        pass

    async def scenario() -> tuple[list[Message], bytes]:
        producer = AIOKafkaProducer()
        producer.partitions_for = _one_partition  # no broker is asked
        outbox = Outbox(producer, broken, 1_000_000, 1.0, time.monotonic)
        tokens = TokenClaims(ReplayGuard(REPLAYABLE_S, time.monotonic), nothing, 1.0)
        settings = GatewaySettings(service_tokens=f"tests:{TOKEN}")
        gateway = Gateway(settings, Installations(Vault([])), outbox, tokens)
        sent: list[Message] = []
        body = orjson.dumps(EVENTS["webhook"])

        async def receive() -> Message:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        scope: Scope = {
            "type": "http",
            "method": "POST",
            "path": "/events/webhook",
            "headers": [
                (b"authorization", f"Bearer {TOKEN}".encode()),
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
            ],
            "client": ("192.0.2.1", 1),
        }
        with pytest.raises(BrokenError):
            await gateway_app(gateway)(scope, receive, send)
        return sent, gateway.metrics.exposition()

    (start, content), metrics = asyncio.run(scenario())
    assert start["status"] == 500
    assert orjson.loads(content["body"])["code"] == "internal"
    assert b'slo_streams_gateway_requests_total{endpoint="events",outcome="internal"} 1.0' in metrics


async def _one_partition(_topic: str) -> set[int]:
    return {0}
