"""Can each broker be reached, with transport and credentials as set, and can it do what we need?"""

import asyncio
import socket
import ssl
from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiokafka.conn import collect_hosts, create_conn
from aiokafka.errors import IllegalSaslStateError, KafkaConnectionError, KafkaError, UnsupportedSaslMechanismError
from aiokafka.protocol.admin import ApiVersionRequest

from streams.doctor.finding import Finding, ok, problem
from streams.kafka.cluster import admin_client
from streams.kafka.connection import client_options
from streams.settings import Settings

_TIMEOUT_S: Final = 4.0

# Request name, its number in Kafka's protocol, and the version of it that brought what we need.
_NEEDED_REQUESTS: Final = (
    ("Fetch (read_committed)", 1, 4),
    ("InitProducerId", 22, 0),
    ("AddPartitionsToTxn", 24, 0),
    ("AddOffsetsToTxn", 25, 0),
    ("EndTxn", 26, 0),
    ("TxnOffsetCommit", 28, 0),
)

Address = tuple[str, int]


async def check_servers(settings: Settings) -> list[Finding]:
    """One finding for each of SLO_BOOTSTRAP_SERVERS."""
    try:
        options = client_options(settings)
    except OSError as error:
        files = "SLO_SSL_CAFILE, SLO_SSL_CERTFILE and SLO_SSL_KEYFILE"
        return [problem("TLS", f"the certificate files cannot be used: {error}", f"Look at {files}.")]
    addresses = [(host, port) for host, port, _family in collect_hosts(options.pop("bootstrap_servers"))]
    return await _check_all("server", sorted(addresses), options)


async def check_advertised(settings: Settings) -> list[Finding]:
    """One finding for each broker at the address the cluster gives for it: that is where clients go on.

    Raises:
        KafkaError: the cluster does not answer.
    """
    options = client_options(settings)
    named = {(host, port) for host, port, _family in collect_hosts(options.pop("bootstrap_servers"))}
    async with admin_client(settings) as admin:
        brokers = (await admin.describe_cluster())["brokers"]
    return await _check_all("broker", sorted({(one["host"], one["port"]) for one in brokers} - named), options)


async def _check_all(kind: str, addresses: Iterable[Address], options: Mapping[str, Any]) -> list[Finding]:
    return await asyncio.gather(*(_check(f"{kind} {host}:{port}", host, port, options) for host, port in addresses))


async def _check(subject: str, host: str, port: int, options: Mapping[str, Any]) -> Finding:
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            connection = await create_conn(host, port, **options)
            try:
                answer = await connection.send(ApiVersionRequest())
            finally:
                connection.close()
    except (KafkaError, OSError, TimeoutError) as error:
        said, advice = _explain(error)
        return problem(subject, said, advice)
    newest = {key: version for key, _oldest, version in answer.api_versions}
    missing = [name for name, key, version in _NEEDED_REQUESTS if newest.get(key, -1) < version]
    if missing:
        return problem(subject, f"too old: it lacks {', '.join(missing)}", "Use Apache Kafka 1.0 or newer.")
    return ok(subject, f"answers over {options['security_protocol']}, can do transactions")


def _explain(error: Exception) -> tuple[str, str]:
    """What happened, and what to look at. The special cases come before what they are a case of."""
    match error:
        case ssl.SSLCertVerificationError():
            return (
                f"its certificate is not trusted: {error.verify_message}",
                "Set SLO_SSL_CAFILE to the CA of the brokers.",
            )
        case ssl.SSLError():
            return f"no TLS with it: {error.reason}", "Is SLO_SECURITY_PROTOCOL right for this port?"
        case socket.gaierror():
            return "there is no such host name", "Is SLO_BOOTSTRAP_SERVERS spelled right, and does DNS know it here?"
        case ConnectionRefusedError():
            return "nothing listens there", "Is the broker running, and is the port in SLO_BOOTSTRAP_SERVERS right?"
        case TimeoutError():
            hint = "Is a firewall between, or does the port speak another SLO_SECURITY_PROTOCOL?"
            return f"no answer within {_TIMEOUT_S:.0f} s", hint
        case UnsupportedSaslMechanismError():
            return str(error), "Set SLO_SASL_MECHANISM to one that the broker has enabled."
        case IllegalSaslStateError():
            return "it asks for no login on this port", "Is SLO_SECURITY_PROTOCOL right for it?"
        case ConnectionError() | KafkaConnectionError():
            return "it closes the connection", "Is SLO_SECURITY_PROTOCOL right for this port?"
        case KafkaError():
            return f"{type(error).__name__}: {error}", "Look at SLO_SASL_USERNAME and SLO_SASL_PASSWORD."
    return f"it cannot be reached: {error}", "Look at SLO_BOOTSTRAP_SERVERS."
