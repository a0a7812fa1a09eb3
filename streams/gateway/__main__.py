"""`python -m streams.gateway > infra/api/openapi.json` writes the OpenAPI document that the gateway serves."""

import asyncio
import sys
import time

import orjson
from aiokafka import AIOKafkaProducer

from streams.gateway.app import documented_app
from streams.gateway.connect_token import REPLAYABLE_S
from streams.gateway.fingerprints import ReplayGuard
from streams.gateway.gateway import Gateway
from streams.gateway.installations import Installations
from streams.gateway.outbox import Outbox
from streams.gateway.settings import GatewaySettings
from streams.gateway.used_tokens import TokenClaims
from streams.gateway.vault import Vault


async def _never_sent(_: bytes) -> None:
    raise NotImplementedError


async def openapi_json() -> bytes:
    """The document of a gateway that is never started."""
    settings = GatewaySettings()
    outbox = Outbox(AIOKafkaProducer(), lambda _key, _partitions: 0, settings.gateway_buffer_bytes, 1.0, time.monotonic)
    tokens = TokenClaims(ReplayGuard(REPLAYABLE_S, time.monotonic), _never_sent, 1.0)
    app = documented_app(Gateway(settings, Installations(Vault([])), outbox, tokens))
    return orjson.dumps(app.openapi(), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


if __name__ == "__main__":
    sys.stdout.buffer.write(asyncio.run(openapi_json()))
