"""Who gets which partition when workers come and go."""

from collections.abc import Iterable

from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment
from aiokafka.protocol.metadata import MetadataResponse_v0
from hypothesis import given
from hypothesis import strategies as st

from streams.intake.membership import StickyAssignor

TOPICS = [f"slo.{name}.v1" for name in ("healthcheck", "iframe", "installation-callback", "webhook")]
PARTITIONS = 8

Places = set[tuple[str, int]]


def cluster() -> ClusterMetadata:
    partitions = [(0, partition, 1, [1], [1]) for partition in range(PARTITIONS)]
    metadata = ClusterMetadata()
    metadata.update_metadata(MetadataResponse_v0([(1, "kafka", 9092)], [(0, topic, partitions) for topic in TOPICS]))
    return metadata


class Group:
    """Workers by name, and what each has."""

    def __init__(self) -> None:
        self._workers: dict[str, StickyAssignor] = {}
        self._generation = 0
        self.places: dict[str, Places] = {}

    def become(self, names: Iterable[str]) -> None:
        """A rebalance among these workers; one that is new remembers nothing."""
        self._workers = {name: self._workers.get(name, StickyAssignor()) for name in sorted(names)}
        self.rebalance(self._workers)

    def rebalance(self, workers: dict[str, StickyAssignor]) -> None:
        members = {name: worker.metadata(TOPICS) for name, worker in workers.items()}
        self._generation += 1
        self.places = {}
        for name, assignment in StickyAssignor.assign(cluster(), members).items():
            received = ConsumerProtocolMemberAssignment.decode(assignment.encode())
            workers[name].on_generation_assignment(self._generation)
            workers[name].on_assignment(received)
            self.places[name] = {(tp.topic, tp.partition) for tp in received.partitions()}


def is_whole_and_even(places: dict[str, Places]) -> bool:
    sizes = [len(some) for some in places.values()]
    union = set().union(*places.values())
    return sum(sizes) == len(union) == len(TOPICS) * PARTITIONS and max(sizes) - min(sizes) <= 1


@given(st.lists(st.sets(st.sampled_from("ABCDE"), min_size=1), min_size=2, max_size=6))
def test_every_partition_has_one_worker_and_all_have_alike(memberships: list[set[str]]) -> None:
    group = Group()
    for names in memberships:
        group.become(names)
        assert is_whole_and_even(group.places)


@given(st.sets(st.sampled_from("ABCD"), min_size=1))
def test_one_that_joins_takes_only_its_share(names: set[str]) -> None:
    group = Group()
    group.become(names)
    before = group.places
    group.become(names | {"E"})
    moved = sum(len(before[name] - group.places[name]) for name in names)
    assert moved == len(group.places["E"])


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
    away, stays = StickyAssignor(), StickyAssignor()
    group.rebalance({"A": away, "B": stays})
    group.rebalance({"B": stays})
    group.rebalance({"B": stays, "C": (other := StickyAssignor())})
    before = group.places
    group.rebalance({"A": away, "B": stays, "C": other})
    assert all(len(before[name] - group.places[name]) <= 6 for name in "BC")
    assert is_whole_and_even(group.places)


def test_two_consumers_of_a_process_remember_apart() -> None:
    group = Group()
    group.become("AB")
    assert group.places["A"].isdisjoint(group.places["B"])
    assert StickyAssignor().metadata(TOPICS).user_data == b""
