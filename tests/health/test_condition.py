"""When a worker is live and when it is ready."""

from streams.health.condition import Assigned, Condition, Held, PartitionCondition, why_not_live, why_not_ready

NOW_S = 1_000.0


def in_hand(partition: int, *, settled_s: float = NOW_S) -> Assigned:
    return Assigned("slo.webhook.v1", partition, PartitionCondition(settled_s, 0, Held(None, 0, 0, 0)))


def restoring(partition: int) -> Assigned:
    return Assigned("slo.webhook.v1", partition, None)


def worker(*partitions: Assigned, has_joined: bool = True) -> Condition:
    return Condition(NOW_S, has_joined, partitions, {})


def test_work_may_wait_for_its_commit_as_long_as_the_limit() -> None:
    waiting = [in_hand(0), in_hand(1, settled_s=NOW_S - 30), in_hand(2, settled_s=NOW_S - 31)]
    assert why_not_live(worker(*waiting[:2]), 30) is None
    assert why_not_live(worker(*waiting), 30) == "no commit within 30 s: slo.webhook.v1[2] 31 s"


def test_a_worker_without_work_is_live() -> None:
    assert why_not_live(worker(has_joined=False), 30) is None
    assert why_not_live(worker(restoring(0)), 30) is None


def test_it_is_ready_once_all_its_partitions_are_taken_over() -> None:
    assert why_not_ready(worker(in_hand(0), in_hand(1))) is None
    assert why_not_ready(worker(in_hand(0), restoring(1))) == "being restored: slo.webhook.v1[1]"
    assert why_not_ready(worker(has_joined=False)) == "not yet in the consumer group"


def test_a_spare_worker_is_ready() -> None:
    assert why_not_ready(worker()) is None


def test_a_reason_stays_a_sentence() -> None:
    reason = why_not_ready(worker(*map(restoring, range(12))))
    assert reason is not None
    assert reason.endswith("slo.webhook.v1[9] and 2 more")
    assert len(worker(*map(restoring, range(12))).restoring) == 12
