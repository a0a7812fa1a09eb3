"""What one application makes of a log is its own affair: copies of others change nothing for it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.evaluation.objective import Objective
from tests.laws.agreement import UNTIL_MS, agree, agree_in_replay
from tests.laws.engine import alerts_of, law, run
from tests.model import Record, put_right
from tests.model.generate import LATENESS_MS, logs, objectives

# A failing log is long; that must not hide how the two differ.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

PARTITIONS = 3


@law
@given(log=logs(PARTITIONS), judged_by=objectives, disorder=st.randoms(use_true_random=False))
def test_copies_of_another_application_change_nothing(
    log: list[Record], judged_by: list[Objective], disorder: random.Random
) -> None:
    with_others = put_right(log, partitions=PARTITIONS, application="canary")
    want, got = (
        run(one, judged_by, lateness_ms=LATENESS_MS, partitions=PARTITIONS, until_ms=UNTIL_MS, disorder=disorder)
        for one in (log, with_others)
    )
    assert alerts_of(got) == alerts_of(want)


@law
@given(log=logs(PARTITIONS), judged_by=objectives, disorder=st.randoms(use_true_random=False))
def test_a_log_that_two_applications_have_put_right_is_judged_as_the_model_does(
    log: list[Record], judged_by: list[Objective], disorder: random.Random
) -> None:
    agree(put_right(log, partitions=PARTITIONS, application="canary"), judged_by, PARTITIONS, disorder)


@law
@given(log=logs(PARTITIONS), judged_by=objectives)
def test_a_replay_counts_every_original_once(log: list[Record], judged_by: list[Objective]) -> None:
    agree_in_replay(put_right(log, partitions=PARTITIONS, application="canary"), judged_by, PARTITIONS)
