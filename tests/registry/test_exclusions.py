"""What the versions of an exclusion come to, and how one ends."""

from typing import Any

import orjson
import pytest

from schemas.exclusions import Exclusion
from streams.names import Topics
from streams.reference.reference import Reference
from streams.registry.exclusions import (
    DeclaredExclusion,
    Phase,
    Series,
    acting,
    ended,
    known_of,
    occurrence_id,
    with_id,
)
from tests.build import Stored

HOUR_MS = 3_600_000
START_MS = 1_772_460_000_000


def exclusion(start_ms: int = START_MS, end_ms: int | None = START_MS + HOUR_MS, **fields: Any) -> Exclusion:
    document = {"id": "CHG-1", "reason": "PLANNED_DOWNTIME", "start": start_ms, "end": end_ms}
    return Exclusion.model_validate(document | fields)


def said(time_ms: int | None, value: bytes | None) -> Stored:
    return Stored(timestamp=time_ms, key=b"CHG-1", value=value)


def version(time_ms: int | None, exclusion: Exclusion | None) -> Stored:
    return said(time_ms, None if exclusion is None else exclusion.model_dump_json().encode())


def known(*versions: Stored) -> DeclaredExclusion | None:
    reference = Reference(Topics())
    for one in versions:
        reference.take("slo.exclusions.v1", one)
    return known_of(reference.exclusions).get("CHG-1")


def announced(*versions: Stored) -> int | None:
    one = known(*versions)
    return None if one is None else one.announced_ms


def test_it_is_as_it_was_declared() -> None:
    everything = exclusion(appKey="com.acme", metricId="app-availability")
    for declared in (everything, exclusion(reason="PLATFORM_FAULT", end_ms=None)):
        assert known(version(5, declared)) == DeclaredExclusion(declared, 5, takes_effect=True)
    assert known(version(None, everything)) == DeclaredExclusion(everything, -1, takes_effect=True)


def test_the_version_that_set_the_start_is_the_announcement() -> None:
    early, late = START_MS - HOUR_MS, START_MS + 1
    longer = exclusion(end_ms=START_MS + 5 * HOUR_MS)
    assert announced(version(early, exclusion()), version(late, longer)) == early
    assert announced(version(early, exclusion(START_MS - 1)), version(late, exclusion())) == late
    assert announced(version(early, exclusion()), version(early + 1, None), version(late, exclusion())) == late
    assert announced(version(early, exclusion()), version(late, None)) is None


def test_what_is_no_exclusion_changes_nothing() -> None:
    junk = [
        said(START_MS, b"not json"),
        said(START_MS, orjson.dumps({"id": "CHG-1"})),
        version(START_MS, exclusion(id="other")),
    ]
    assert announced(*junk) is None
    assert announced(version(1, exclusion()), *junk) == 1


@pytest.mark.parametrize(
    ("reason", "announced_ms", "counts"),
    [
        ("PLANNED_DOWNTIME", START_MS - 1, True),
        ("PLANNED_DOWNTIME", START_MS, False),
        ("PLANNED_DOWNTIME", START_MS + 1, False),
        ("PLATFORM_FAULT", START_MS + 24 * HOUR_MS, True),
    ],
)
def test_only_what_is_planned_needs_notice(reason: str, announced_ms: int, *, counts: bool) -> None:
    one = known(version(announced_ms, exclusion(reason=reason)))
    assert one is not None
    assert one.takes_effect is counts


@pytest.mark.parametrize(
    ("now_ms", "phase"),
    [
        (START_MS - 1, Phase.COMING),
        (START_MS, Phase.CURRENT),
        (START_MS + HOUR_MS - 1, Phase.CURRENT),
        (START_MS + HOUR_MS, Phase.PAST),
    ],
)
def test_it_holds_from_its_start_to_before_its_end(now_ms: int, phase: Phase) -> None:
    assert DeclaredExclusion(exclusion(), 0, takes_effect=True).phase(now_ms) is phase


def test_an_open_one_holds_for_good() -> None:
    assert DeclaredExclusion(exclusion(end_ms=None), 0, takes_effect=True).phase(START_MS + 10**9) is Phase.CURRENT


def test_an_end_keeps_the_start_and_all_the_rest() -> None:
    at_ms = START_MS + 1_000
    assert ended(exclusion(), at_ms) == exclusion(end_ms=at_ms)
    assert ended(exclusion(end_ms=None), at_ms) == exclusion(end_ms=at_ms)


def test_one_that_has_not_begun_takes_nothing_out_once_ended() -> None:
    assert ended(exclusion(), START_MS - HOUR_MS) == exclusion(end_ms=START_MS)


def test_an_end_makes_nothing_longer() -> None:
    assert ended(exclusion(), START_MS + HOUR_MS) is None
    assert ended(exclusion(end_ms=START_MS), START_MS - 1) is None


def test_an_id_stands_for_all_its_occurrences_and_nothing_else() -> None:
    assert occurrence_id("up", START_MS) == "up-20260302T1400Z"
    ids = ["up", "up-20260302T1400Z", "up-20260302T1401Z", "up-2", "upper", "other-up-20260302T1400Z"]
    among = [DeclaredExclusion(exclusion(id=one), 0, takes_effect=True) for one in ids]
    assert {one.exclusion.id for one in with_id(among, "up")} == {"up", "up-20260302T1400Z"}
    assert [one.exclusion.id for one in with_id(among, "up-2")] == ["up-2"]


SERIES = Series("com.acme", "app-availability", "https://acme.example")
BEFORE, INSIDE, AFTER = (-2 * HOUR_MS, 0), (0, HOUR_MS), (HOUR_MS, 2 * HOUR_MS)


@pytest.mark.parametrize(
    ("fields", "span", "acts"),
    [
        ({}, INSIDE, True),
        ({}, BEFORE, False),
        ({}, AFTER, False),
        ({"appKey": "com.acme", "metricId": "app-availability", "scope": "https://acme.example"}, INSIDE, True),
        ({"appKey": "com.other"}, INSIDE, False),
        ({"metricId": "webhook-delivery-success-rate"}, INSIDE, False),
        ({"scope": "https://eu.acme.example"}, INSIDE, False),
        ({"end_ms": None}, AFTER, True),
        ({"end_ms": START_MS}, INSIDE, False),  # called off
    ],
)
def test_what_takes_something_out_of_a_window_is_named(
    fields: dict[str, Any], span: tuple[int, int], *, acts: bool
) -> None:
    reference = Reference(Topics())
    reference.take("slo.exclusions.v1", version(START_MS - 1, exclusion(**fields)))
    window = START_MS + span[0], START_MS + span[1]
    assert acting(reference.exclusions, window[1], SERIES, window) == (["CHG-1"] if acts else [])
    assert acting(reference.exclusions, START_MS - 2, SERIES, window) == []  # not known by then
