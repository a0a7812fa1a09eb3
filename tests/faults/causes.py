"""Incidents recounted from the alerts: judged again from nothing, in one go, by the detector itself."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

import orjson
import psycopg
from psycopg.rows import dict_row

from schemas.event_time import epoch_ms
from streams.common_cause.detector import Begin, Detector, End, What
from streams.common_cause.numbers import MINUTE_MS
from streams.common_cause.onset import Onset
from streams.common_cause.rates import Rates
from streams.common_cause.scope import scopes_of
from streams.names import AVAILABILITY
from tests.e2e.flow import Flow
from tests.model import Alert
from tests.notifier.channels.receivers import WebhookReceiver
from tests.waiting import wait_for

_SETTLES_WITHIN_S: Final = 240.0
"""The live clock judges a boundary a minute after it."""
_KNOWN_BY_THEN_MS: Final = 60_000
_ONSETS = "select breach, incident, is_member from onset"
_INCIDENTS = "select id, scope_kind, scope_name, record from incident"
_UNTOLD = """
select n.id from notification n left join delivery d on d.notification = n.id and d.target = %s
where n.role is not null and n.thread like 'incident-%%' and d.state is distinct from 'SENT'
"""


async def check_incidents(flow: Flow, url: str, receiver: WebhookReceiver, target: str) -> dict[str, float]:
    """Every breach was looked at once; what was found is published, told, and, by the live clock, what a replay finds.

    By the clock of events what is found depends on when a partition's events were read, so there is no such replay.

    Raises:
        AssertionError: something is lost, there twice, or wrong.
        TimeoutError: it does not come to rest.
    """
    read = await flow.read(flow.topics.alerts)
    published = [(one.timestamp, orjson.loads(one.value)) for one in read]
    breaches = {alert["incidentId"]: alert for _, alert in published if _is_page(alert)}
    newest_ms = max(epoch_ms(alert["breachedAt"]) for alert in breaches.values())

    async def is_judged() -> bool:
        (clock,) = _rows(url, "select max(judged_ms) as ms from incident_clock")
        (waiting,) = _rows(url, "select (select count(*) from outbox) + (select count(*) from incident_due) as n")
        return clock["ms"] is not None and clock["ms"] >= newest_ms and not waiting["n"] and not _untold(url, target)

    await wait_for(is_judged, _SETTLES_WITHIN_S, "common cause to be judged, published and told", flow.workers[-4:])
    onsets = _rows(url, _ONSETS)
    assert sorted(one["breach"] for one in onsets) == sorted(breaches)
    incidents = {one["id"]: one for one in _rows(url, _INCIDENTS)}
    members = {
        name: {one["breach"] for one in onsets if one["incident"] == name and one["is_member"]} for name in incidents
    }
    await _check_published(flow, incidents)
    assert len(set(receiver.ids)) >= len(incidents)
    if flow.clock == "live" and all(_is_told_in_time(at_ms, alert) for at_ms, alert in published):
        assert members == _replayed([alert for _, alert in published], newest_ms)
    return {"breaches looked at": len(onsets), "incidents": len(incidents)}


def _replayed(alerts: list[Alert], until_ms: int) -> dict[str, set[str]]:
    """Members of each incident that the detector finds when it is told all at once."""
    ends = {one["incidentId"]: End(epoch_ms(one["time"]), one["reason"] == "EXCLUDED") for one in alerts if _ends(one)}
    begins = [Begin(_onset(one), ends.get(one["incidentId"])) for one in alerts if _is_page(one)]
    first_ms = min(begin.onset.at_ms for begin in begins)
    apps = len({begin.onset.app_key for begin in begins})

    def rates(day_ms: int) -> Rates:
        return Rates(day_ms, [begin.onset for begin in begins], [], first_ms, lambda _scope: apps)

    detector = Detector(-(-first_ms // MINUTE_MS) * MINUTE_MS - MINUTE_MS, [], [], rates)
    found: dict[str, set[str]] = {}
    last_ms = -(-until_ms // MINUTE_MS) * MINUTE_MS
    while detector.judged_ms < last_ms:
        coming = [begin for begin in begins if begin.onset.at_ms > detector.judged_ms]
        for happened in detector.run(last_ms, coming):
            if happened.what is What.OPENED:
                found[happened.incident] = set()
    for breach, (incident, is_member) in detector.spent.items():
        if is_member:
            found[incident].add(breach)
    return found


def _onset(alert: Alert) -> Onset:
    unit = f"app:{alert['appKey']}"  # they are of no partner
    is_product = alert["metricId"] != AVAILABILITY.id
    scopes = scopes_of(unit, alert["metricId"], alert["scope"], is_product=is_product, regions={})
    return Onset(alert["incidentId"], alert["appKey"], unit, scopes, epoch_ms(alert["breachedAt"]))


def _is_page(alert: Alert) -> bool:
    return (alert["type"], alert["severity"]) == ("BREACH", "page")


def _ends(alert: Alert) -> bool:
    return str(alert["type"]) == "RECOVERY"


def _is_told_in_time(published_ms: int, alert: Alert) -> bool:
    return published_ms <= epoch_ms(alert["time"]) + _KNOWN_BY_THEN_MS


async def _check_published(flow: Flow, incidents: Mapping[str, Mapping[str, Any]]) -> None:
    """The newest record of each is what the database has; none is there twice, and timelines only grow."""
    by_id: dict[str, list[dict[str, Any]]] = {}
    for one in await flow.read(flow.topics.incidents):
        by_id.setdefault(one.key.decode(), []).append(orjson.loads(one.value))
    assert {name: records[-1] for name, records in by_id.items()} == {
        name: one["record"] for name, one in incidents.items()
    }
    for records in by_id.values():
        for before, after in pairwise(records):
            assert before != after
            assert len(before["timeline"]) <= len(after["timeline"])


def _untold(url: str, target: str) -> bool:
    return bool(_rows(url, _UNTOLD, [target]))


def _rows(url: str, query: str, values: list[Any] | None = None) -> list[dict[str, Any]]:
    with psycopg.connect(url, row_factory=dict_row, options="-c search_path=slo") as connection:
        return connection.execute(query.encode(), values).fetchall()
