"""Who stands by for which partition: never its owner, evenly, and who has its state is asked first."""

from collections import Counter
from collections.abc import Iterator
from types import SimpleNamespace

from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyAssignorUserDataV1
from hypothesis import given
from hypothesis import strategies as st

from streams.kafka.assignor import Assignor, assign
from streams.kafka.standbys import Place, choose_standbys

TOPICS = ("availability", "iframe", "installation", "webhook")
names = st.sets(st.sampled_from("ABCDEFG"), min_size=1)
sizes = st.fixed_dictionaries({topic: st.integers(0, 13) for topic in TOPICS})
before = st.dictionaries(st.tuples(st.sampled_from(TOPICS), st.integers(0, 13)), st.sampled_from("ABCDEFGX"))


def shared(names: set[str], sizes: dict[str, int]) -> dict[str, dict[str, list[int]]]:
    return assign(dict.fromkeys(names, TOPICS), {topic: range(size) for topic, size in sizes.items()}, {})


def places(parts: dict[str, list[int]]) -> Iterator[Place]:
    return ((topic, one) for topic, some in parts.items() for one in some)


@given(names, sizes, st.sets(st.sampled_from("ABCDEFG")), before)
def test_each_partition_has_one_that_is_not_its_owner(
    names: set[str], sizes: dict[str, int], ready: set[str], before: dict[Place, str]
) -> None:
    assignment = shared(names, sizes)
    ready &= names
    chosen = choose_standbys(assignment, dict.fromkeys(ready, TOPICS), before)
    assert chosen.keys() == ready
    for name, stands_by in chosen.items():
        assert not stands_by & {*places(assignment[name])}
    covered = Counter(place for stands_by in chosen.values() for place in stands_by)
    assert set(covered.values()) <= {1}
    wanted = {place for name, parts in assignment.items() for place in places(parts) if ready - {name}}
    assert covered.keys() == wanted


@given(names, sizes, before)
def test_nothing_moves_without_a_reason(names: set[str], sizes: dict[str, int], before: dict[Place, str]) -> None:
    assignment, ready = shared(names, sizes), dict.fromkeys(names, TOPICS)
    chosen = choose_standbys(assignment, ready, before)
    again = {place: name for name, stands_by in chosen.items() for place in stands_by}
    most = -(-sum(sizes.values()) // len(names))
    if all(len(stands_by) <= most for stands_by in chosen.values()):
        assert choose_standbys(assignment, ready, again) == chosen


@given(st.sets(st.sampled_from("ABCDEFG"), min_size=2), st.integers(1, 24))
def test_the_end_of_one_worker_is_everybodys(names: set[str], size: int) -> None:
    """What one has is divided among all others evenly, and most of it goes to whoever stood by."""
    partitions = dict.fromkeys(TOPICS, size)
    assignment = shared(names, partitions)
    chosen = choose_standbys(assignment, dict.fromkeys(names, TOPICS), {})
    for owner in names:
        owned = {*places(assignment[owner])}
        parts = [len(chosen[name] & owned) for name in names - {owner}]
        assert max(parts) - min(parts) <= 1
    gone = min(names)
    owners = {place: name for name, parts in assignment.items() if name != gone for place in places(parts)}
    standbys = {place: name for name, stands_by in chosen.items() for place in stands_by if name != gone}
    ranges = {topic: range(size) for topic in TOPICS}
    after = assign(dict.fromkeys(names - {gone}, TOPICS), ranges, owners, standbys)
    cold = assign(dict.fromkeys(names - {gone}, TOPICS), ranges, owners)
    warm = sum(standbys[place] == name for name, parts in after.items() for place in places(parts) if place in standbys)
    assert {name: len([*places(parts)]) for name, parts in after.items()} == {
        name: len([*places(parts)]) for name, parts in cold.items()
    }
    if len(names) == 2:
        assert warm == len({*places(assignment[gone])})


def cluster() -> ClusterMetadata:
    found = ClusterMetadata()
    found.update_metadata(
        SimpleNamespace(
            API_VERSION=0,
            brokers=[(0, "127.0.0.1", 9092)],
            topics=[(0, topic, [(0, number, 0, [0], [0]) for number in range(4)]) for topic in TOPICS],
        )
    )
    return found


def test_members_are_told_what_to_stand_by_for_and_tell_it_when_they_join() -> None:
    members = {name: Assignor(stands_by=name != "C") for name in "ABC"}
    for _ in range(2):
        assignment = members["A"].assign(cluster(), {name: one.metadata(TOPICS) for name, one in members.items()})
        for name, one in members.items():
            one.on_generation_assignment(1)
            one.on_assignment(type(assignment[name]).decode(assignment[name].encode()))
    assert assignment["C"].user_data == b""
    assert not members["C"].standby
    owned = {name: {*places(dict(one.assignment))} for name, one in assignment.items()}
    assert members["A"].standby == owned["B"] | {place for place in owned["C"] if place not in members["B"].standby}
    after = members["A"].assign(cluster(), {name: members[name].metadata(TOPICS) for name in "AC"})
    moved = {*places(dict(after["A"].assignment))} - owned["A"]
    assert len(moved & members["A"].standby) == len(moved)


def test_members_of_a_version_without_it_understand_the_rest() -> None:
    memory = Assignor(stands_by=True).metadata(TOPICS).user_data
    assert StickyAssignorUserDataV1.decode(memory) == StickyAssignorUserDataV1([], -1)
