"""Connection options of every Kafka client here, made from the settings in one place."""

import logging
from typing import Any

from aiokafka import conn
from faust.auth import Credentials, SASLCredentials, SSLCredentials

import streams.kafka.header_names  # noqa: F401 - in effect wherever there is a client: no reader stops at a header's name
from streams.settings import Settings

# asyncio stops listening where more than twice as much waits to be read, and starts again, which is dear: by default
# with every 128 KiB of a fetched response.
conn.READER_LIMIT = 16 * 1024 * 1024

# At DEBUG it logs every request byte for byte: with SASL PLAIN the password itself.
logging.getLogger("aiokafka.conn").addFilter(lambda record: record.levelno > logging.DEBUG)


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
            "sasl_plain_password": _password(settings),
        }
    return options


def faust_credentials(settings: Settings) -> Credentials | None:
    """The same credentials for `faust.App(broker_credentials=...)`; None on a plaintext connection.

    Raises:
        OSError: as `client_options`.
    """
    if settings.uses_sasl:
        # Faust takes the transport from the context alone: without one, SASL goes out in the clear.
        return SASLCredentials(
            username=settings.sasl_username,
            password=_password(settings),
            mechanism=settings.sasl_mechanism,
            ssl_context=settings.ssl_context,
        )
    if settings.uses_tls:
        return SSLCredentials(settings.ssl_context)
    return None


def _password(settings: Settings) -> str | None:
    return settings.sasl_password.get_secret_value() if settings.sasl_password is not None else None
