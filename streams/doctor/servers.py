"""Can each broker be reached, with transport and credentials as set, and can it do what we need?"""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from aiokafka.protocol.admin import ApiVersionRequest

from streams.doctor.finding import Finding, ok, problem, unanswered
from streams.doctor.requests import STATIC, gaps
from streams.kafka.cluster import admin_client
from streams.kafka.servers import TIMEOUT_S, Address, Failure, addresses, connect, explain, is_away
from streams.settings import Settings


async def check_servers(settings: Settings) -> list[Finding]:
    """One finding for each of SLO_BOOTSTRAP_SERVERS; Kafka is away if none of them answers."""
    found = await _check_all("server", addresses(settings), settings)
    return found if all(one.away for one in found) else [replace(one, away=False) for one in found]


async def check_advertised(settings: Settings) -> list[Finding]:
    """One finding for each broker at the address the cluster gives for it: that is where clients go on.

    Raises:
        KafkaError: the cluster does not answer.
    """
    async with admin_client(settings) as admin:
        brokers = (await admin.describe_cluster())["brokers"]
    named = set(addresses(settings))
    others = sorted({(one["host"], one["port"]) for one in brokers} - named)
    return [replace(one, away=False) for one in await _check_all("broker", others, settings)]


async def _check_all(kind: str, asked: Iterable[Address], settings: Settings) -> list[Finding]:
    return await asyncio.gather(*(_check(f"{kind} {host}:{port}", (host, port), settings) for host, port in asked))


async def _check(subject: str, address: Address, settings: Settings) -> Finding:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            connection = await connect(settings, address)
            try:
                answer = await connection.send(ApiVersionRequest())
            finally:
                connection.close()
    except Failure as error:
        return (unanswered if is_away(error) else problem)(subject, *explain(error))
    taken = {key: (oldest, newest) for key, oldest, newest in answer.api_versions}
    found = gaps(taken, is_static=settings.instance_id is not None)
    if found.too_old:
        said = f"too old: it lacks {', '.join(found.too_old)}"
        if all(STATIC in one for one in found.too_old):
            return problem(subject, said, f"Unset {STATIC}, or use Apache Kafka 2.3 or newer.")
        return problem(subject, said, "Use Apache Kafka 1.0 or newer, or what speaks its protocol as fully.")
    if found.too_new:
        said = f"too new: it no longer takes {', '.join(found.too_new)}"
        return problem(subject, said, "Stay on Apache Kafka 4 until slo-streams is upgraded.")
    return ok(subject, f"answers over {settings.security_protocol}, can do transactions")
