"""Every topic is shared by all workers, and what need not move stays."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from itertools import combinations, product

from hypothesis import example, given
from hypothesis import strategies as st

from streams.kafka.assignor import assign
from streams.kafka.standbys import Place

Assigned = dict[str, dict[str, list[int]]]

TOPICS = ("availability", "iframe", "installation", "webhook")
names = st.sets(st.sampled_from("ABCDEFG"), min_size=1)
sizes = st.fixed_dictionaries({topic: st.integers(0, 13) for topic in TOPICS})
places = st.tuples(st.sampled_from((*TOPICS, "of nobody")), st.integers(0, 14))
owners = st.dictionaries(places, st.sampled_from("ABCDEFGX"), max_size=60)


def shared(members: Iterable[str], sizes: Mapping[str, int], owners: Mapping[Place, str] | None = None) -> Assigned:
    """The assignment of topics that all read."""
    return assign(dict.fromkeys(members, sizes), {topic: range(size) for topic, size in sizes.items()}, owners or {})


def owners_in(assignment: Assigned) -> dict[Place, str]:
    """Who has a partition; each has one owner at most."""
    owned = [((topic, one), name) for name, parts in assignment.items() for topic in parts for one in parts[topic]]
    assert len(dict(owned)) == len(owned)
    return dict(owned)


def moved(before: Mapping[Place, str], after: Mapping[Place, str]) -> list[Place]:
    return [place for place in after if place in before and before[place] != after[place]]


def is_even(counts: Collection[int]) -> bool:
    return max(counts) - min(counts) <= 1


def is_shared(assignment: Assigned, sizes: Mapping[str, int]) -> bool:
    """Whether everything is assigned, and evenly: each topic for itself, and all together."""
    whole = owners_in(assignment).keys() == {(topic, number) for topic in sizes for number in range(sizes[topic])}
    each = all(is_even([len(parts.get(topic, ())) for parts in assignment.values()]) for topic in sizes)
    return whole and each and is_even([sum(map(len, parts.values())) for parts in assignment.values()])


@given(names, sizes, owners)
def test_each_topic_and_all_together_are_shared_evenly(
    names: set[str], sizes: dict[str, int], owners: dict[Place, str]
) -> None:
    assert is_shared(shared(names, sizes, owners), sizes)


@given(names, sizes, owners)
def test_the_order_in_which_things_are_told_is_of_no_account(
    names: set[str], sizes: dict[str, int], owners: dict[Place, str]
) -> None:
    one, other = (
        shared(turn(sorted(names)), dict(turn(sorted(sizes.items()))), dict(turn(sorted(owners.items()))))
        for turn in (list, reversed)
    )
    assert one == other


@given(names, sizes, owners)
def test_nothing_moves_without_a_reason(names: set[str], sizes: dict[str, int], owners: dict[Place, str]) -> None:
    assignment = shared(names, sizes, owners)
    assert shared(names, sizes, owners_in(assignment)) == assignment


@given(
    st.sets(st.sampled_from("ABCD"), min_size=1),
    st.fixed_dictionaries({topic: st.integers(0, 7) for topic in TOPICS[:3]}),
    st.dictionaries(st.tuples(st.sampled_from(TOPICS[:3]), st.integers(0, 6)), st.sampled_from("ABCD")),
)
@example(  # found by the second way, which passes one more topic on
    {"A", "B", "C", "D"},
    {"availability": 3, "iframe": 1, "installation": 2},
    {
        ("availability", 0): "B",
        ("availability", 1): "A",
        ("availability", 2): "D",
        ("iframe", 0): "A",
        ("installation", 0): "C",
        ("installation", 1): "D",
    },
)
def test_no_other_even_assignment_moves_less(names: set[str], sizes: dict[str, int], owners: dict[Place, str]) -> None:
    """Held against all of them."""
    before = {(topic, number): name for (topic, number), name in owners.items() if number < sizes[topic]}
    held = Counter((topic, name) for (topic, _), name in before.items())
    most_kept = 0
    for luckier in product(*(combinations(sorted(names), sizes[topic] % len(names)) for topic in sizes)):
        shares = {
            (topic, name): sizes[topic] // len(names) + (name in lucky)
            for topic, lucky in zip(sizes, luckier, strict=True)
            for name in names
        }
        if is_even([sum(shares[topic, name] for topic in sizes) for name in names]):
            most_kept = max(most_kept, sum(min(held[part], share) for part, share in shares.items()))
    after = owners_in(shared(names, sizes, owners))
    assert len(moved(before, after)) == len(before) - most_kept


@given(st.sets(st.sampled_from("ABCDEF"), min_size=1), st.integers(1, 24))
def test_of_topics_alike_one_that_joins_is_given_its_share_and_nothing_else_moves(names: set[str], size: int) -> None:
    """In a group of up to seven; in a larger one some more may have to move, for the balance of all topics together."""
    sizes = dict.fromkeys(TOPICS, size)
    before = owners_in(shared(names, sizes))
    after = owners_in(shared(names | {"G"}, sizes, before))
    assert {after[place] for place in moved(before, after)} <= {"G"}
    per_topic = Counter(topic for topic, _ in moved(before, after))
    assert all(count <= -(-size // (len(names) + 1)) for count in per_topic.values())


@given(names, sizes, st.sampled_from("ABCDEFG"))
def test_of_any_topics_a_join_or_a_leave_costs_a_member_only_what_is_above_its_share(
    names: set[str], sizes: dict[str, int], other: str
) -> None:
    before = owners_in(shared(names, sizes))
    now = names ^ {other} or {other}
    after = owners_in(shared(now, sizes, before))
    lost = Counter((place[0], before[place]) for place in moved(before, after) if before[place] in now)
    had = Counter((topic, name) for (topic, _), name in before.items())
    assert all(had[topic, name] - count >= sizes[topic] // len(now) for (topic, name), count in lost.items())


def test_the_second_worker_takes_half_of_every_topic() -> None:
    sizes = dict.fromkeys(TOPICS, 8)
    after = shared("AB", sizes, owners_in(shared("A", sizes)))
    assert {len(parts[topic]) for parts in after.values() for topic in TOPICS} == {4}


def test_of_several_topics_what_remains_goes_to_whoever_has_least() -> None:
    ones = dict.fromkeys(TOPICS[:3], 1)
    assert [sum(map(len, parts.values())) for parts in shared("ABC", ones).values()] == [1, 1, 1]


@given(names, sizes, owners, st.dictionaries(st.sampled_from("ABCDEFG"), st.sets(st.sampled_from(TOPICS))))
def test_a_topic_is_shared_by_those_who_read_it(
    names: set[str], sizes: dict[str, int], owners: dict[Place, str], unread: dict[str, set[str]]
) -> None:
    """Workers of a version that reads one topic more, beside others that do not."""
    members = {name: set(TOPICS) - unread.get(name, set()) for name in names}
    assignment = assign(members, {topic: range(size) for topic, size in sizes.items()}, owners)
    read = {topic for topics in members.values() for topic in topics}
    assert owners_in(assignment).keys() == {(topic, number) for topic in read for number in range(sizes[topic])}
    for topic in read:
        assert all(topic not in parts for name, parts in assignment.items() if topic not in members[name])
        assert is_even([len(assignment[name].get(topic, ())) for name in names if topic in members[name]])
