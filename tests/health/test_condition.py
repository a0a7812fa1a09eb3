"""When a worker is live and when it is ready."""

import dataclasses

import pytest

from streams.health.condition import (
    Assigned,
    Condition,
    ContactCondition,
    Held,
    PartitionCondition,
    why_not_live,
    why_not_ready,
)

NOW_S = 1_000.0
LIMIT_S = 30.0


def ready(partition: int, *, settled_s: float = NOW_S) -> Assigned:
    return Assigned("slo.webhook.v1", partition, PartitionCondition(settled_s, 0, Held(None, 0, 0, 0)))


def restoring(partition: int) -> Assigned:
    return Assigned("slo.webhook.v1", partition, None)


def worker(
    *partitions: Assigned,
    has_joined: bool = True,
    contact: ContactCondition | None = None,
    waits_for: str | None = None,
) -> Condition:
    contact = contact or ContactCondition()
    return Condition(NOW_S, has_joined, partitions, {}, contact, waits_for=waits_for)


def test_work_may_wait_for_its_commit_as_long_as_the_limit() -> None:
    waiting = [ready(0), ready(1, settled_s=NOW_S - 30), ready(2, settled_s=NOW_S - 31)]
    assert why_not_live(worker(*waiting[:2]), 30) is None
    assert why_not_live(worker(*waiting), 30) == "no commit within 30 s: slo.webhook.v1[2] 31 s"


def test_a_worker_without_work_is_live() -> None:
    assert why_not_live(worker(has_joined=False), 30) is None
    assert why_not_live(worker(restoring(0)), 30) is None


def test_it_is_ready_once_all_its_partitions_are_taken_over() -> None:
    assert why_not_ready(worker(ready(0), ready(1)), LIMIT_S) is None
    assert why_not_ready(worker(ready(0), restoring(1)), LIMIT_S) == "being restored: slo.webhook.v1[1]"
    assert why_not_ready(worker(has_joined=False), LIMIT_S) == "not yet in the consumer group"


def test_a_spare_worker_is_ready() -> None:
    assert why_not_ready(worker(), LIMIT_S) is None


def test_a_reason_stays_a_sentence() -> None:
    reason = why_not_ready(worker(*map(restoring, range(12))), LIMIT_S)
    assert reason is not None
    assert reason.endswith("slo.webhook.v1[9] and 2 more")
    assert len(worker(*map(restoring, range(12))).restoring) == 12


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("group_heartbeat_age_s", "the consumer group has taken no heartbeat for 31 s"),
        ("fetch_age_s", "a fetch was not answered for 31 s"),
        ("reference_wait_s", "catalogue and exclusions could not be read to their end for 31 s"),
    ],
)
def test_a_worker_that_hears_nothing_is_not_live(field: str, said: str) -> None:
    silent = ContactCondition(**{field: 31.0})
    assert why_not_live(worker(ready(0), contact=silent), LIMIT_S) == said
    assert why_not_ready(worker(ready(0), contact=silent), LIMIT_S) == said
    patient = dataclasses.replace(silent, **{field: 30.0})
    assert why_not_live(worker(ready(0), contact=patient), LIMIT_S) is None


def test_while_no_broker_answers_it_is_live_and_not_ready() -> None:
    silent = ContactCondition(group_heartbeat_age_s=31.0, brokers_away_s=31.0)
    waiting = worker(ready(0, settled_s=NOW_S - 31), contact=silent)
    assert why_not_live(waiting, LIMIT_S) is None
    assert why_not_ready(waiting, LIMIT_S) == "no Kafka broker has answered for 31 s"


def test_what_a_start_waits_for_is_why_it_is_not_ready() -> None:
    waiting = worker(has_joined=False, waits_for="waiting for Kafka: no Kafka broker answers at kafka:9092")
    assert why_not_live(waiting, LIMIT_S) is None
    assert why_not_ready(waiting, LIMIT_S) == "waiting for Kafka: no Kafka broker answers at kafka:9092"
