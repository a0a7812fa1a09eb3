"""An objective in the numbers that people read."""

from dataclasses import replace
from fractions import Fraction

import pytest

from tests.model.build import DEFAULTS


@pytest.mark.parametrize(
    ("budget", "percent"), [(Fraction(1, 1_000), 99.9), (Fraction(5, 100), 95.0), (Fraction(1, 3), 200 / 3)]
)
def test_the_percentage_is_what_is_left_of_the_whole(budget: Fraction, percent: float) -> None:
    assert replace(DEFAULTS["webhook-delivery-15m"], budget=budget).slo_percent == percent
