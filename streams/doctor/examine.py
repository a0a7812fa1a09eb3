"""All checks, in the order in which one depends on another."""

import asyncio
from collections.abc import AsyncIterator

from aiokafka.errors import KafkaError

from streams.database.settings import DatabaseSettings
from streams.doctor.checksums import check_checksums
from streams.doctor.clock import check_clock, check_heartbeats
from streams.doctor.finding import Finding, Level, ok, problem, unanswered
from streams.doctor.group import check_group
from streams.doctor.rights import check_reading, check_writing
from streams.doctor.servers import check_advertised, check_servers
from streams.doctor.services import Kinds, check_services
from streams.doctor.topic_findings import check_topics
from streams.evaluation.objective import Objective
from streams.kafka.cluster import admin_client, existing_topics
from streams.objectives import InvalidObjectivesError, load_objectives
from streams.settings import Settings


async def examine(settings: DatabaseSettings, others: Kinds) -> AsyncIterator[Finding]:
    """Findings as they are made. What needs an answer of the cluster is left out when no server gives one.

    `others` are the settings of the services beside the worker.
    """
    yield ok("settings", f"valid; SLO_CLOCK={settings.clock}, group {settings.application_id}")
    finding, objectives = _check_objectives(settings)
    yield finding
    for finding in check_services(others):
        yield finding
    yield check_checksums()
    for finding in check_heartbeats(settings):
        yield finding
    for finding in await _check_database(settings.read_database_url()):
        yield finding
    servers = await check_servers(settings)
    for finding in servers:
        yield finding
    if all(finding.level is Level.PROBLEM for finding in servers):
        return
    try:
        async for finding in _examine_cluster(settings, objectives):
            yield finding
    except (KafkaError, OSError) as error:
        said = f"stopped answering: {type(error).__name__}: {error}"
        yield unanswered("cluster", said, "Look at the brokers' logs, and ask again.")


async def _examine_cluster(settings: DatabaseSettings, objectives: tuple[Objective, ...]) -> AsyncIterator[Finding]:
    for finding in await check_advertised(settings):
        yield finding
    for finding in await check_topics(settings, objectives):
        yield finding
    async with admin_client(settings) as admin:
        existing = await existing_topics(admin)
    if settings.topics.alerts in existing:
        yield await check_clock(settings)
    for finding in await check_reading(settings, existing):
        yield finding
    for finding in await check_writing(settings, existing):
        yield finding
    yield await check_group(settings)
    for finding in await _check_stored_offsets(settings):
        yield finding


async def _check_stored_offsets(settings: DatabaseSettings) -> list[Finding]:
    url = settings.read_database_url()
    if url is None:
        return []
    from streams.doctor.stored_offsets import check_stored_offsets

    return await check_stored_offsets(settings, url)


async def _check_database(url: str | None) -> list[Finding]:
    """Of its driver there is no need where no database is named."""
    if url is None:
        return [ok("database", "SLO_DATABASE_URL is not set; a worker needs none, history and dashboard do")]
    from streams.doctor.database import check_database

    return await asyncio.to_thread(check_database, url)


def _check_objectives(settings: Settings) -> tuple[Finding, tuple[Objective, ...]]:
    name = settings.objectives or "the shipped ones"
    try:
        objectives = load_objectives(settings.objectives)
    except InvalidObjectivesError as error:
        return problem("objectives", str(error), "Set them right; slo-streams objectives check FILE tells when."), ()
    return ok("objectives", f"{len(objectives)} of {name}"), objectives
