"""Why a broker cannot be reached with transport and credentials as set: in words, with what to look at."""

import asyncio
import socket
import ssl
from dataclasses import dataclass
from typing import Final

from aiokafka.conn import AIOKafkaConnection, collect_hosts, create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)

from streams.kafka.connection import client_options
from streams.settings import Settings

TIMEOUT_S: Final = 4.0

Failure = (KafkaError, OSError, TimeoutError)
"""What `connect` raises."""

Address = tuple[str, int]
"""Host and port."""

_FOR_GOOD: Final = (
    ssl.SSLCertVerificationError,
    IllegalSaslStateError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a server cannot be reached, and what to look at; `is_for_good` when waiting will not help."""

    said: str
    is_for_good: bool


def addresses(settings: Settings) -> list[Address]:
    """Each of SLO_BOOTSTRAP_SERVERS, sorted."""
    return sorted((host, port) for host, port, _family in collect_hosts(settings.bootstrap_servers))


async def connect(settings: Settings, address: Address) -> AIOKafkaConnection:
    """An open connection, logged in; to be closed by the caller.

    Raises:
        KafkaError, OSError: there is none; `explain` says why.
        TimeoutError: not within 4 s.
    """
    options = client_options(settings)
    del options["bootstrap_servers"]
    async with asyncio.timeout(TIMEOUT_S):
        return await create_conn(*address, **options)


async def obstacles(settings: Settings) -> list[Obstacle]:
    """What keeps us from each of SLO_BOOTSTRAP_SERVERS that cannot be reached."""
    found = await asyncio.gather(*(_obstacle(settings, address) for address in addresses(settings)))
    return [obstacle for obstacle in found if obstacle is not None]


async def _obstacle(settings: Settings, address: Address) -> Obstacle | None:
    try:
        (await connect(settings, address)).close()
    except Failure as error:
        said, advice = explain(error)
        return Obstacle(f"server {address[0]}:{address[1]}: {said}. {advice}", isinstance(error, _FOR_GOOD))
    return None


def is_away(error: Exception) -> bool:
    """Whether nobody answers there: somebody who answers and refuses is there."""
    return isinstance(error, (socket.gaierror, ConnectionRefusedError, TimeoutError))


def explain(error: Exception) -> tuple[str, str]:
    """What happened, and what to look at. The special cases come before what they are a case of."""
    match error:
        case ssl.SSLCertVerificationError() if "mismatch" in error.verify_message:
            advice = "Put a name into SLO_BOOTSTRAP_SERVERS that the broker's certificate is for."
            return f"its certificate is for another name: {error.verify_message}", advice
        case ssl.SSLCertVerificationError():
            said = f"its certificate is not trusted: {error.verify_message}"
            return said, "Set SLO_SSL_CAFILE to the CA of the brokers."
        case ssl.SSLError():
            return f"no TLS with it: {error.reason}", "Is SLO_SECURITY_PROTOCOL right for this port?"
        case socket.gaierror():
            advice = "Is SLO_BOOTSTRAP_SERVERS spelled right, and does DNS know it here?"
            return "there is no such host name", advice
        case ConnectionRefusedError():
            advice = "Is the broker running, and is the port in SLO_BOOTSTRAP_SERVERS right?"
            return "nothing listens there", advice
        case TimeoutError():
            advice = "Is a firewall between, or does the port speak another SLO_SECURITY_PROTOCOL?"
            return f"no answer within {TIMEOUT_S:.0f} s", advice
        case UnsupportedSaslMechanismError():
            return str(error), "Set SLO_SASL_MECHANISM to one that the broker has enabled."
        case IllegalSaslStateError():
            return "it asks for no login on this port", "Is SLO_SECURITY_PROTOCOL right for it?"
        case SaslAuthenticationFailed():
            return f"it refuses the login: {error}", "Look at SLO_SASL_USERNAME and SLO_SASL_PASSWORD."
        case ConnectionError() | KafkaConnectionError():
            advice = (
                "Is SLO_SECURITY_PROTOCOL right for this port, and does it ask for a certificate (SLO_SSL_CERTFILE)?"
            )
            return "it closes the connection", advice
        case KafkaError():
            said = f"{type(error).__name__}: {error}"
            return said, "Look at SLO_SASL_USERNAME and SLO_SASL_PASSWORD."
    return f"it cannot be reached: {error}", "Look at SLO_BOOTSTRAP_SERVERS."
