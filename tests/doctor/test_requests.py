"""What a broker has to take: told by the versions it and we know."""

import pytest

from streams.doctor.requests import NEEDS, Need, gaps

FITTING = {need.key: (0, need.known[-1]) for need in NEEDS}
BY_NAME = {need.name: need for need in NEEDS}


def test_every_need_can_be_met_by_what_we_speak() -> None:
    assert [need.name for need in NEEDS if not need.known] == []
    assert gaps(FITTING) == gaps(FITTING, is_static=True)
    assert (gaps(FITTING).too_old, gaps(FITTING).too_new) == ([], [])


@pytest.mark.parametrize("need", NEEDS, ids=lambda need: need.name)
def test_one_that_takes_only_older_ones_is_too_old(need: Need) -> None:
    without = {key: versions for key, versions in FITTING.items() if key != need.key}
    (said,) = gaps(without).too_old
    assert said == f"{need.name} {need.oldest} ({need.why}; it does not know it)"
    if need.oldest:
        (said,) = gaps(FITTING | {need.key: (0, need.oldest - 1)}).too_old
        assert said == f"{need.name} {need.oldest} ({need.why}; it knows up to {need.oldest - 1})"


@pytest.mark.parametrize("need", NEEDS, ids=lambda need: need.name)
def test_one_that_takes_only_newer_ones_is_too_new(need: Need) -> None:
    newest = need.known[-1]
    assert gaps(FITTING | {need.key: (newest, newest + 9)}).too_new == []
    (said,) = gaps(FITTING | {need.key: (newest + 1, newest + 9)}).too_new
    assert said == f"{need.name} {newest} (it takes {newest + 1} and newer)"


def test_an_instance_id_needs_static_members() -> None:
    old = FITTING | {BY_NAME["JoinGroup"].key: (0, 4)}
    assert gaps(old).too_old == []
    assert gaps(old, is_static=True).too_old == ["JoinGroup 5 (SLO_INSTANCE_ID; it knows up to 4)"]
