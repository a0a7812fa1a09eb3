"""Alerts as the evaluator publishes them, and what the database has of them."""

from typing import Any

import orjson
import psycopg
from psycopg.rows import DictRow, dict_row

from streams.evaluation.transition import AlertReason, Kind, Transition
from streams.names import WEBHOOK, Topics
from streams.outlet.alert import alert_document
from streams.reference.catalogue import AppDetails
from tests.model import Record
from tests.model.build import clock_ms, defaults_of

APP = "com.example.app"


def alert(breached: str, recovered: str | None = None, /, *, app: str = APP, **other: Any) -> dict[str, Any]:
    """A breach at a time of the day or, with a second time, the recovery from it; any field can be set."""
    kind, reason, now, good, bad = Kind.BREACH, AlertReason.BELOW_OBJECTIVE, breached, 6, 4
    if recovered is not None:
        kind, reason, now, good, bad = Kind.RECOVERY, AlertReason.RESTORED, recovered, 10, 0
    (objective,) = defaults_of(WEBHOOK.id)
    transition = Transition(kind, reason, app, "Jira", objective, clock_ms(now), clock_ms(breached), good, bad)
    return {**alert_document(transition, AppDetails("Example", "Acme")), **other}


def published(document: dict[str, Any], key: str | None = None, at_ms: int | None = 1_772_452_860_000) -> Record:
    """It as a record of the topic."""
    return Record(Topics().alerts, 0, (key or document["appKey"]).encode(), orjson.dumps(document), at_ms)


def rows(url: str, query: str) -> list[DictRow]:
    """What a query finds in schema slo."""
    with psycopg.connect(url, row_factory=dict_row, options="-c search_path=slo") as connection:
        return connection.execute(query.encode()).fetchall()
