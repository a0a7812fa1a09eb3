"""Who gets which partition when workers come and go."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyPartitionAssignor
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from aiokafka.protocol.metadata import MetadataResponse_v0
from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.assignor import Assignor

TOPICS = [f"slo.{name}.v1" for name in ("healthcheck", "iframe", "installation-callback", "webhook")]
PARTITIONS = 8

Places = set[tuple[str, int]]


def cluster() -> ClusterMetadata:
    partitions = [(0, partition, 1, [1], [1]) for partition in range(PARTITIONS)]
    metadata = ClusterMetadata()
    metadata.update_metadata(MetadataResponse_v0([(1, "kafka", 9092)], [(0, topic, partitions) for topic in TOPICS]))
    return metadata


class Earlier(Assignor):
    """A worker of an earlier version, with the assignor of aiokafka: it shared the sum of all partitions alone."""

    def metadata(self, topics: Iterable[str]) -> Any:
        held = [TopicPartition(topic, number) for topic, numbers in self._assigned for number in numbers]
        return StickyPartitionAssignor._metadata(topics, held or None, self._generation)

    def assign(self, cluster: ClusterMetadata, members: Any) -> dict[str, Any]:
        assigned: dict[str, Any] = StickyPartitionAssignor.assign(cluster, members)
        return assigned


class Group:
    """Workers by name, and what each has."""

    def __init__(self) -> None:
        self._workers: dict[str, Assignor] = {}
        self._generation = 0
        self.places: dict[str, Places] = {}

    def become(self, names: Iterable[str]) -> None:
        """A rebalance among these workers; one that is new remembers nothing."""
        self._workers = {name: self._workers.get(name, Assignor()) for name in sorted(names)}
        self.rebalance(self._workers)

    def rebalance(self, workers: dict[str, Assignor], leader: str = "") -> None:
        """All tell what they had, the leader assigns; it is the first by name if no other is given."""
        told = {name: worker.metadata(TOPICS).encode() for name, worker in workers.items()}
        members = {name: ConsumerProtocolMemberMetadata.decode(one) for name, one in told.items()}
        self._generation += 1
        self.places = {}
        for name, assignment in workers[leader or min(workers)].assign(cluster(), members).items():
            received = ConsumerProtocolMemberAssignment.decode(assignment.encode())
            workers[name].on_generation_assignment(self._generation)
            workers[name].on_assignment(received)
            self.places[name] = {(tp.topic, tp.partition) for tp in received.partitions()}


def is_whole(places: dict[str, Places]) -> bool:
    return sum(map(len, places.values())) == len(set().union(*places.values())) == len(TOPICS) * PARTITIONS


def is_whole_and_even(places: dict[str, Places]) -> bool:
    """Each topic, and all together."""
    shares = [Counter(topic for topic, _ in some) for some in places.values()]
    counts = [[share[topic] for share in shares] for topic in TOPICS] + [[share.total() for share in shares]]
    return is_whole(places) and all(max(some) - min(some) <= 1 for some in counts)


@given(st.lists(st.sets(st.sampled_from("ABCDE"), min_size=1), min_size=2, max_size=6))
def test_every_partition_has_one_worker_and_all_have_alike(memberships: list[set[str]]) -> None:
    group = Group()
    for names in memberships:
        group.become(names)
        assert is_whole_and_even(group.places)


@given(st.sets(st.sampled_from("ABCDE"), min_size=2))
def test_what_a_worker_leaves_behind_is_all_that_moves(names: set[str]) -> None:
    group = Group()
    group.become(names)
    before = group.places
    stay = names - {min(names)}
    group.become(stay)
    assert all(before[name] <= group.places[name] for name in stay)


def test_nothing_moves_without_a_reason() -> None:
    group = Group()
    group.become("ABC")
    before = group.places
    group.become("ABC")
    assert group.places == before


def test_one_that_was_away_does_not_take_back_what_others_have_now() -> None:
    """It still believes to have what it had; the newer generation is right."""
    group = Group()
    away, stays = Assignor(), Assignor()
    group.rebalance({"B": stays, "Z": away})
    group.rebalance({"B": stays})
    group.rebalance({"B": stays, "C": (other := Assignor())})
    before = group.places
    group.rebalance({"B": stays, "C": other, "Z": away})
    assert all(len(before[name] - group.places[name]) <= 6 for name in "BC")
    assert is_whole_and_even(group.places)


def test_two_consumers_of_a_process_remember_apart() -> None:
    one, other = Assignor(), Assignor()
    nothing = other.metadata(TOPICS)
    Group().rebalance({"A": one})
    assert other.metadata(TOPICS) == nothing != one.metadata(TOPICS)


@pytest.mark.parametrize(
    "memory",
    [None, b"", b"consumer-7", b"\x00\x00\x00\x01\x00\x02\xff\xff", b"\xff" * 8, b"\x7f" * 64],
    ids=["null", "none", "a name", "no UTF-8", "null lists", "lengths beyond the end"],
)
def test_a_member_that_remembers_otherwise_is_taken_for_a_new_one(memory: bytes | None) -> None:
    """Nor does it cost the others theirs."""
    group = Group()
    group.rebalance({"A": (worker := Assignor())})
    stranger = ConsumerProtocolMemberMetadata(0, TOPICS, memory)
    assigned = worker.assign(cluster(), {"A": worker.metadata(TOPICS), "B": stranger})
    places = {name: {tuple(tp) for tp in one.partitions()} for name, one in assigned.items()}
    assert is_whole_and_even(places)
    assert places["A"] < group.places["A"]


def test_a_topic_that_is_not_known_yet_is_assigned_later() -> None:
    worker = Assignor()
    assigned = worker.assign(cluster(), {"A": worker.metadata([*TOPICS, "slo.new.v1"])})
    assert {topic for topic, _ in assigned["A"].assignment} == set(TOPICS)


@given(st.permutations("ABC"), st.lists(st.sampled_from("ABC"), min_size=3, max_size=3))
def test_a_version_is_rolled_out_over_one_with_the_assignor_of_the_client(order: list[str], leaders: list[str]) -> None:
    """Workers of both are in one group; the last to be replaced makes the topics shared, whoever assigned before."""
    group = Group()
    workers: dict[str, Assignor] = {name: Earlier() for name in "ABC"}
    group.rebalance(workers)
    for name, leader in zip(order, leaders, strict=True):
        del workers[name]
        group.rebalance(workers)
        workers[name] = Assignor()
        group.rebalance(workers, leader)
        assert is_whole(group.places)
        sizes = [len(some) for some in group.places.values()]
        assert max(sizes) - min(sizes) <= 1
    assert is_whole_and_even(group.places)
