"""What excuses a breach, against trying every combination of exclusions."""

from fractions import Fraction
from itertools import chain, combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from streams.evaluation.objective import Objective
from streams.evaluation.verdict import Verdict, verdict_of
from streams.impact.recount import Panes, heaviest_union, is_excused

WINDOW = 12
ranges = st.tuples(st.integers(-2, WINDOW + 2), st.integers(-2, WINDOW + 2)).map(lambda one: (min(one), max(one)))
counts = st.lists(st.integers(0, 4), min_size=WINDOW, max_size=WINDOW)
objectives = st.builds(
    Objective,
    st.just("o"),
    st.just("m"),
    st.just(WINDOW * 60_000),
    st.just(60_000),
    st.sampled_from((Fraction(1, 100), Fraction(1, 4), Fraction(1, 2))),
    st.booleans(),
    st.sampled_from((1, 8)),
    short_ms=st.sampled_from((None, 4 * 60_000)),
)


def some(excluded: list[tuple[int, int]]) -> chain[tuple[tuple[int, int], ...]]:
    return chain.from_iterable(combinations(excluded, size) for size in range(len(excluded) + 1))


def breaches(objective: Objective, panes: Panes, left_out: tuple[tuple[int, int], ...]) -> bool:
    kept = [pane for pane in range(WINDOW) if not any(first <= pane < end for first, end in left_out)]
    short = None
    if objective.short_ms is not None:
        short = counted(panes, [pane for pane in kept if pane >= WINDOW - 4])
    return verdict_of(objective, counted(panes, kept), short, is_breached=False) is Verdict.BELOW


def counted(panes: Panes, kept: list[int]) -> tuple[int, int]:
    return sum(panes.good[pane] for pane in kept), sum(panes.bad[pane] for pane in kept)


@settings(max_examples=300, deadline=None)
@given(objective=objectives, good=counts, bad=counts, excluded=st.lists(ranges, max_size=5))
def test_it_is_excused_if_any_combination_excuses_it(
    objective: Objective, good: list[int], bad: list[int], excluded: list[tuple[int, int]]
) -> None:
    panes = Panes(good, bad)
    expected = any(not breaches(objective, panes, left_out) for left_out in some(excluded))
    assert is_excused(objective, panes, excluded) is expected


@settings(max_examples=200, deadline=None)
@given(weights=st.lists(st.integers(-9, 9), min_size=WINDOW, max_size=WINDOW), excluded=st.lists(ranges, max_size=6))
def test_the_heaviest_union_is_found(weights: list[int], excluded: list[tuple[int, int]]) -> None:
    within = [(max(first, 0), min(end, WINDOW)) for first, end in excluded]
    within = [one for one in within if one[0] < one[1]]
    expected = max(
        sum(weights[pane] for pane in {pane for first, end in taken for pane in range(first, end)})
        for taken in some(within)
    )
    assert heaviest_union(within, weights) == expected
