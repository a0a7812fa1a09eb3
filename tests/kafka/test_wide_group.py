"""Two hundred workers share four topics of 256 partitions: evenly, with little moved, and in a moment."""

import sys
from collections import Counter
from types import FrameType
from typing import Any

import pytest

from streams.kafka.assignor import assign
from streams.kafka.standbys import Place, choose_standbys

TOPICS = ("availability", "iframe", "installation", "webhook")
WORKERS = [f"worker-{number:03}" for number in range(200)]
PARTITIONS = 256

Assigned = dict[str, dict[str, list[int]]]


def shared(names: list[str], owners: dict[Place, str]) -> Assigned:
    return assign(dict.fromkeys(names, TOPICS), dict.fromkeys(TOPICS, range(PARTITIONS)), owners)


def owners_in(assignment: Assigned) -> dict[Place, str]:
    return {(topic, one): name for name, parts in assignment.items() for topic, some in parts.items() for one in some}


def check(assignment: Assigned, workers: int) -> None:
    """Everything has an owner, and of each topic and of all nobody has two more than another."""
    assert len(owners_in(assignment)) == len(TOPICS) * PARTITIONS
    for topic in TOPICS:
        counts = [len(parts.get(topic, ())) for parts in assignment.values()]
        assert (len(counts), max(counts) - min(counts) <= 1) == (workers, True)
    totals = [sum(map(len, parts.values())) for parts in assignment.values()]
    assert max(totals) - min(totals) <= 1


def test_workers_come_one_by_one_and_leave_in_tens() -> None:
    owners: dict[Place, str] = {}
    moved = Counter[str]()
    for size in (1, 2, 3, 50, 99, 100, 101, 150, 199, 200):
        assignment = shared(WORKERS[:size], owners)
        check(assignment, size)
        now = owners_in(assignment)
        moved["all"] += sum(now[place] != name for place, name in owners.items())
        owners = now
    before = owners
    for left in range(190, 140, -10):
        staying = WORKERS[:left]
        assignment = shared(staying, owners)
        check(assignment, left)
        now = owners_in(assignment)
        # What the ten had has to move, a twentieth of all: beside it, less than as much for the balance.
        had = sum(name not in staying for name in owners.values())
        assert sum(now[place] != name for place, name in owners.items()) <= 2 * had
        owners = now
    assert sum(owners[place] == name for place, name in before.items()) >= len(before) / 2


def lines_run(names: list[str], owners: dict[Place, str]) -> int:
    """How many lines of Python an assignment and its standbys take: the same on every machine."""
    ran = 0

    def count(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal ran
        ran += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        assignment = shared(names, owners)
        choose_standbys(assignment, dict.fromkeys(names, TOPICS), {})
    finally:
        sys.settrace(before)
    return ran


@pytest.mark.parametrize("workers", [50, 200])
@pytest.mark.parametrize("joining", [50, 0])
def test_the_cost_is_a_few_lines_for_each_pair_of_partition_and_worker(workers: int, joining: int) -> None:
    """Some 2,000,000 lines for 200 workers, which take a moment; a power more would be longer than a session."""
    names = WORKERS[:workers]
    owners = owners_in(shared(names[joining:], {})) if joining < workers else {}
    assert lines_run(names, owners) <= 20 * workers * len(TOPICS) * PARTITIONS
