"""Which worker reads which partition: every topic is shared by all workers, and what need not move stays.

The load of one topic can be most of all load, so that a balance of the sum alone would leave a worker idle. In this
order: (1) of a topic all its readers have as many partitions as each other, or one more; (2) so they have of all
topics together, as far as (1) allows; (3) as many partitions stay with their owners as (1) and (2) allow.
"""

from collections import Counter, deque
from collections.abc import Collection, Iterable, Mapping
from io import BytesIO
from itertools import islice, pairwise
from typing import Any

from aiokafka.cluster import ClusterMetadata
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.coordinator.assignors.sticky.sticky_assignor import StickyAssignorUserDataV1
from aiokafka.coordinator.protocol import ConsumerProtocolMemberAssignment, ConsumerProtocolMemberMetadata
from aiokafka.protocol.struct import Struct
from aiokafka.protocol.types import Array, Int32, Schema, String

from streams.kafka.standbys import Assignment, Place, choose_standbys

Part = tuple[str, str]  # topic, member


def assign(
    members: Mapping[str, Collection[str]],
    topics: Mapping[str, Collection[int]],
    owners: Mapping[Place, str],
    standbys: Mapping[Place, str] | None = None,
) -> Assignment:
    """Member -> topic -> its partitions, in order; the same for the same input.

    `members`: the topics that each reads. `topics`: the partitions of each. `owners`: who had a partition so far; of
    no account is one that is no member now, or does not read the topic. `standbys`: who has its state at hand; of what
    moves to a member anyway, that comes first.
    """
    readers = {topic: sorted(name for name in members if topic in members[name]) for topic in sorted(topics)}
    readers = {topic: names for topic, names in readers.items() if names}
    held: dict[Part, list[int]] = {(topic, name): [] for topic, names in readers.items() for name in names}
    for topic in readers:
        for partition in sorted(topics[topic]):
            owner = owners.get((topic, partition), "")
            if (topic, owner) in held:
                held[topic, owner].append(partition)

    assignment: Assignment = {name: {} for name in sorted(members)}
    shares = _shares(readers, {topic: len(topics[topic]) for topic in readers}, held)
    for topic, names in readers.items():
        kept = {name: held[topic, name][: shares[topic, name]] for name in names}
        free = set(topics[topic]).difference(*kept.values())
        for partition in sorted(free):
            name = (standbys or {}).get((topic, partition), "")
            if name in kept and len(kept[name]) < shares[topic, name]:
                kept[name].append(partition)
                free.remove(partition)
        rest = iter(sorted(free))
        for name, stays in kept.items():
            if share := shares[topic, name]:
                assignment[name][topic] = sorted([*stays, *islice(rest, share - len(stays))])
    return assignment


def _shares(
    readers: Mapping[str, list[str]], sizes: Mapping[str, int], held: Mapping[Part, Collection[int]]
) -> dict[Part, int]:
    """How many partitions of a topic a member gets.

    All get the same, and what remains of a topic goes to some of its readers, one each. Each time on the cheapest
    chain: a member takes one, and may for that pass one of another topic on, and so forth. That is a flow of least cost
    by successive shortest paths (Ahuja, Magnanti, Orlin: Network Flows, 1993, 9.7): no other choice keeps more.
    """
    least = {topic: sizes[topic] // len(names) for topic, names in readers.items()}
    keeps = {part: len(partitions) > least[part[0]] for part, partitions in held.items()}  # one more, if it may
    more: dict[str, set[str]] = {topic: set() for topic in readers}
    totals = Counter[str]()
    for topic, name in held:
        totals[name] += least[topic]
    for topic, names in readers.items():
        for _ in range(sizes[topic] % len(names)):
            chain = _cheapest_chain(topic, readers, more, keeps, totals)
            for taken, name in chain:
                more[taken].add(name)
            for (_, name), (passed_on, _) in pairwise(chain):
                more[passed_on].remove(name)
            totals[chain[-1][1]] += 1
    return {(topic, name): least[topic] + (name in more[topic]) for topic, name in held}


def _cheapest_chain(
    start: str,
    readers: Mapping[str, list[str]],
    more: Mapping[str, set[str]],
    keeps: Mapping[Part, bool],
    totals: Mapping[str, int],
) -> tuple[Part, ...]:
    """Who takes one more of `start`, and of each topic passed on for it: the last has the fewest partitions, then the
    most stay where they are.
    """
    chains: dict[str, tuple[int, tuple[Part, ...]]] = {start: (0, ())}  # topic with one to give: moves, how it came
    changed = deque([start])
    while changed:
        topic = changed.popleft()
        moves, chain = chains[topic]
        for name in readers[topic]:
            if name in more[topic]:
                continue
            for other in readers:
                if name in more[other]:
                    cost = moves - keeps[topic, name] + keeps[other, name]
                    if other not in chains or cost < chains[other][0]:
                        chains[other] = cost, (*chain, (topic, name))
                        changed.append(other)
    *_, cheapest = min(
        (totals[name], moves - keeps[topic, name], (*chain, (topic, name)))
        for topic, (moves, chain) in chains.items()
        for name in readers[topic]
        if name not in more[topic]
    )
    return cheapest


class Assignor(AbstractPartitionAssignor):  # type: ignore[misc]
    """The consumer group's protocol `sticky` (KIP-54), with an assignment of its own.

    Name and messages are those of aiokafka's assignor: workers with either can be in one group, whoever of them
    assigns, so that a version with the one is rolled out over the other. A group that knew no common protocol would
    turn every worker away that comes new. The memory is in the object: a process may have several consumers.

    Behind its memory a member that `stands_by` says what it stands by for; what it is to stand by for from then on lies
    beside what it is assigned. Others read neither.
    """

    name = "sticky"
    version = 0

    def __init__(self, *, stands_by: bool = False) -> None:
        self.standby: frozenset[Place] = frozenset()
        """What to stand by for, since the last assignment."""
        self._stands_by = stands_by
        self._generation = -1
        self._assigned: list[tuple[str, list[int]]] = []

    def metadata(self, topics: Iterable[str]) -> Any:
        """What this member tells the one that assigns."""
        memory = StickyAssignorUserDataV1(self._assigned, self._generation).encode()
        standby = _Standby.of(self.standby).encode() if self._stands_by else b""
        return ConsumerProtocolMemberMetadata(self.version, sorted(topics), memory + standby)

    def assign(self, cluster: ClusterMetadata, members: Mapping[str, Any]) -> dict[str, Any]:
        """What each member gets, by the `metadata` of all; a topic that is not known yet is left out."""
        topics = {topic for metadata in members.values() for topic in metadata.subscription}
        before = {name: _standby_of(metadata.user_data) for name, metadata in members.items()}
        standbys = {place: name for name in sorted(before) for place in before[name] or ()}
        reads = {name: metadata.subscription for name, metadata in members.items()}
        partitions = {topic: cluster.partitions_for_topic(topic) or () for topic in topics}
        assignment = assign(reads, partitions, _owners(members), standbys)
        ready = {name: topics for name, topics in reads.items() if before[name] is not None}
        chosen = choose_standbys(assignment, ready, standbys)
        return {
            name: ConsumerProtocolMemberAssignment(
                self.version, [*parts.items()], _Standby.of(chosen[name]).encode() if name in ready else b""
            )
            for name, parts in assignment.items()
        }

    def on_generation_assignment(self, generation: int) -> None:
        """Remember when the next `on_assignment` is."""
        self._generation = generation

    def on_assignment(self, assignment: Any) -> None:
        """Remember what was assigned."""
        self._assigned = assignment.assignment
        self.standby = frozenset(_standby_in(BytesIO(assignment.user_data or b"")) or ())


class _Standby(Struct):  # type: ignore[misc]
    """Partitions that a member stands by for."""

    SCHEMA = Schema(("partitions", Array(("topic", String("utf-8")), ("partitions", Array(Int32)))))

    @classmethod
    def of(cls, places: Iterable[Place]) -> "_Standby":
        by_topic: dict[str, list[int]] = {}
        for topic, partition in sorted(places):
            by_topic.setdefault(topic, []).append(partition)
        return cls([*by_topic.items()])


def _standby_in(data: BytesIO) -> list[Place] | None:
    try:
        told = _Standby.decode(data).partitions
        return [(topic, partition) for topic, partitions in told for partition in partitions]
    except (ValueError, TypeError):
        return None


def _standby_of(user_data: bytes | None) -> list[Place] | None:
    """What a member stands by for; None of one that does not."""
    data = BytesIO(user_data or b"")
    try:
        StickyAssignorUserDataV1.decode(data)
    except (ValueError, TypeError):  # of a client that remembers otherwise, or nothing
        return None
    return _standby_in(data)


def _owners(members: Mapping[str, Any]) -> dict[Place, str]:
    """Previous owner of each partition: of several that claim it, the one of the latest generation.

    One that was away for long still believes to have what others took over.
    """
    claims = [claim for name, metadata in members.items() for claim in _claims(name, metadata.user_data)]
    claims.sort(key=lambda claim: claim[:2])
    return {place: name for _, name, place in claims}


def _claims(name: str, user_data: bytes | None) -> list[tuple[int, str, Place]]:
    try:
        memory = StickyAssignorUserDataV1.decode(user_data or b"")
        return [
            (memory.generation, name, (topic, partition))
            for topic, partitions in memory.previous_assignment
            for partition in partitions
        ]
    except (ValueError, TypeError):  # of a client that remembers otherwise, or nothing
        return []
