"""The Poisson tail against a hundred digits."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.common_cause.poisson import log_tail
from tests.common_cause.naive import tail


@given(st.floats(0.001, 300), st.integers(0, 400))
def test_right_to_the_rounding(mean: float, at_least: int) -> None:
    with localcontext(prec=120):
        right = float(tail(mean, at_least).ln())
    assert log_tail(mean, at_least) == pytest.approx(right, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize(
    ("mean", "scopes", "needed"),
    [(0.07, 200, 6), (0.37, 200, 8), (1.9, 200, 15), (37, 200, 77), (0.01, 1, 3), (0.1, 1, 5), (1, 1, 9), (10, 1, 29)],
)
def test_how_many_it_takes(mean: float, scopes: int, needed: int) -> None:
    level = float((1 / Decimal(525_600 * scopes)).ln())
    assert log_tail(mean, needed) <= level < log_tail(mean, needed - 1)


@given(st.floats(0.001, 1_000), st.floats(0.001, 1_000), st.integers(0, 2_000))
def test_more_are_less_probable_and_where_more_are_usual_less_improbable(a: float, b: float, at_least: int) -> None:
    assert log_tail(min(a, b), at_least) <= log_tail(max(a, b), at_least) + 1e-12
    assert log_tail(a, at_least + 1) <= log_tail(a, at_least) + 1e-12


def test_of_faults_beyond_the_smallest_number_the_smaller_is_told() -> None:
    assert log_tail(0.01, 2_000) < log_tail(0.01, 1_999) < -10_000
