"""Connection options of every Kafka client here, made from the settings in one place; and consumers that end well."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiokafka import AIOKafkaConsumer

from streams.settings import Settings


def client_options(settings: Settings) -> dict[str, Any]:
    """Keyword arguments for any aiokafka client: servers, transport and credentials.

    Reads the certificate files when TLS is on.

    Raises:
        OSError: a certificate file cannot be read (`ssl.SSLError`, a subclass: not a certificate).
    """
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap_servers,
        "security_protocol": settings.security_protocol.value,
        "ssl_context": settings.ssl_context,
    }
    if settings.uses_sasl:
        options |= {
            "sasl_mechanism": settings.sasl_mechanism,
            "sasl_plain_username": settings.sasl_username,
            "sasl_plain_password": settings.read_sasl_password(),
        }
    return options


@asynccontextmanager
async def running(consumer: AIOKafkaConsumer) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer that is started, and stopped at the end.

    Raises:
        KafkaError: no broker could be reached.
    """
    try:
        await consumer.start()
        await asyncio.sleep(0)  # its tasks begin: cancelled before, one would cancel whoever stops the consumer
        yield consumer
    finally:
        await consumer.stop()
