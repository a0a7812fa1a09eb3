"""The sample feed is well-formed, in order, reproducible, and tells the story it was designed for."""

from collections import Counter, defaultdict
from fractions import Fraction
from itertools import pairwise

import orjson
import pytest

from schemas.event_time import epoch_ms
from schemas.healthcheck import HealthCheck
from schemas.iframe import IframeLoad
from schemas.installation_callback import InstallationCallback
from schemas.record import Record as WireRecord
from schemas.webhook import WebhookDelivery
from streams.common_cause.detector import Begin, Detector, What
from streams.common_cause.onset import Onset
from streams.common_cause.rates import Rates
from streams.common_cause.scope import scopes_of
from streams.evaluation.objective import Objective
from streams.names import AVAILABILITY, IFRAME, INSTALLATION, METRICS, WEBHOOK, Topics
from streams.run.sample import DURATION_MS, SampleEvent, sample_feed
from streams.run.sample_story import APP_KEYS, HIT_BY_PLATFORM_FAULT, OUTAGES
from tests.model import Alert, Record, judge, murmur2_partition

END_MS = 1_772_460_000_000  # 2026-03-02T14:00:00Z
PARTITIONS = 8

OBJECTIVES = [
    Objective("app-availability-15m", AVAILABILITY.id, 900_000, 60_000, Fraction(1, 1_000)),
    Objective("iframe-load-15m", IFRAME.id, 900_000, 60_000, Fraction(5, 100)),
    Objective("installation-callback-24h", INSTALLATION.id, 86_400_000, 300_000, Fraction(1, 100)),
    Objective("webhook-delivery-15m", WEBHOOK.id, 900_000, 60_000, Fraction(1, 100)),
]

SCHEMAS: dict[str, type[WireRecord]] = {
    AVAILABILITY.id: HealthCheck,
    IFRAME.id: IframeLoad,
    INSTALLATION.id: InstallationCallback,
    WEBHOOK.id: WebhookDelivery,
}

# Outages that are somebody else's fault, or overruled by the app's own events
HARMLESS = {("org.opencrate.charts", IFRAME.id), ("org.opencrate.forms", WEBHOOK.id)}
NEVER_RECOVERED = {("dev.kestrel.diagrams", AVAILABILITY.id), ("io.brightlane.checklists", INSTALLATION.id)}


@pytest.fixture(scope="module")
def feed() -> list[SampleEvent]:
    return list(sample_feed(END_MS))


def test_it_covers_the_two_hours_in_time_order(feed: list[SampleEvent]) -> None:
    times_ms = [event.time_ms for event in feed]
    assert END_MS - DURATION_MS <= times_ms[0] < END_MS - DURATION_MS + 60_000
    assert END_MS - 60_000 <= times_ms[-1] < END_MS
    assert all(before <= after for before, after in pairwise(times_ms))


def test_it_has_every_app_in_every_metric_in_sensible_numbers(feed: list[SampleEvent]) -> None:
    assert 50_000 <= len(feed) <= 150_000
    assert {(event.app_key, event.metric.id) for event in feed} == {(app, name) for app in APP_KEYS for name in METRICS}
    assert min(Counter(event.metric.id for event in feed).values()) >= 2_000


def test_every_value_has_the_fields_of_its_topic_and_no_others(feed: list[SampleEvent]) -> None:
    for event in feed:
        schema = SCHEMAS[event.metric.id]
        body = orjson.loads(event.value)
        assert body.keys() | {"group"} == {field.alias or name for name, field in schema.model_fields.items()}
        assert (body["appKey"], body["time"]) == (event.app_key, event.time_ms)
        schema.model_validate_json(event.value)


def test_it_is_a_function_of_its_end_and_seed(feed: list[SampleEvent]) -> None:
    assert list(sample_feed(END_MS)) == feed
    assert list(sample_feed(END_MS, seed=2)) != feed
    moved = list(sample_feed(END_MS + 60_000))
    assert [event.time_ms - 60_000 for event in moved] == [event.time_ms for event in feed]


@pytest.mark.parametrize(("seed", "end_ms"), [(1, END_MS), (7, END_MS + 123_457)])
def test_every_metric_breaches_and_recovers_and_only_where_designed(seed: int, end_ms: int) -> None:
    log = [_record(event) for event in sample_feed(end_ms, seed)]
    judged = judge(log, OBJECTIVES, lateness_ms=10_000, partitions=PARTITIONS)
    assert judged.rejected == []

    types = defaultdict[tuple[str, str], dict[str, list[str]]](lambda: defaultdict(list))
    for alert in judged.all_alerts:
        types[alert["appKey"], alert["metricId"]][alert["scope"]].append(_summary(alert))
    designed = {(outage.app_key, outage.metric.id) for outage in OUTAGES} - HARMLESS
    assert types.keys() == designed
    for where, scopes in types.items():
        story = ["BREACH"] if where in NEVER_RECOVERED else ["BREACH", "RECOVERY RESTORED"]
        assert all(told == story for told in scopes.values()), (where, scopes)
    recovered = {metric for _, metric in designed - NEVER_RECOVERED}
    assert recovered == METRICS.keys()
    _check_that_the_platforms_fault_is_the_only_incident(judged.all_alerts, end_ms)


def _check_that_the_platforms_fault_is_the_only_incident(alerts: list[Alert], end_ms: int) -> None:
    begins = [_begin(alert) for alert in alerts if alert["type"] == "BREACH"]
    start_ms = (end_ms - DURATION_MS) // 60_000 * 60_000
    one = Detector(start_ms, [], [], lambda day_ms: Rates(day_ms, [], [], None, lambda _scope: 6))
    opened = []
    while one.judged_ms < end_ms:
        happened = one.run(end_ms, [begin for begin in begins if begin.onset.at_ms > one.judged_ms])
        opened += [each.incident for each in happened if each.what is What.OPENED]
    assert opened == list(one.causes)
    (cause,) = one.causes.values()
    assert cause.session.scope.name == f"Jira/{WEBHOOK.id}"
    assert {member.onset.app_key for member in cause.members} == set(HIT_BY_PLATFORM_FAULT)


def _begin(alert: Alert) -> Begin:
    unit = alert["appKey"].rpartition(".")[0]
    is_product = alert["metricId"] != AVAILABILITY.id
    scopes = scopes_of(unit, alert["metricId"], alert["scope"], is_product=is_product, regions={})
    at_ms = epoch_ms(alert["time"])
    return Begin(Onset(alert["incidentId"], alert["appKey"], unit, scopes, at_ms))


def _record(event: SampleEvent) -> Record:
    key = event.app_key.encode()
    return Record(
        Topics().input(event.metric), murmur2_partition(key, PARTITIONS), key, event.value, event.time_ms, headers=()
    )


def _summary(alert: Alert) -> str:
    return "BREACH" if alert["type"] == "BREACH" else f"{alert['type']} {alert['reason']}"
