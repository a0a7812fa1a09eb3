"""What the versions of an exclusion come to, and how one ends."""

from typing import Any

import orjson
import pytest

from schemas.exclusions import Exclusion
from streams.catalogue.exclusions import Known, Phase, ended, known_of, occurrence_id, with_id
from streams.catalogue.log import Version

HOUR_MS = 3_600_000
START_MS = 1_772_460_000_000


def exclusion(start_ms: int = START_MS, end_ms: int | None = START_MS + HOUR_MS, **fields: Any) -> Exclusion:
    document = {"id": "CHG-1", "reason": "PLANNED_DOWNTIME", "start": start_ms, "end": end_ms}
    return Exclusion.model_validate(document | fields)


def version(time_ms: int, said: Exclusion | None) -> Version:
    return Version(None if said is None else said.model_dump_json().encode(), time_ms)


def announced(*versions: Version) -> int | None:
    known = known_of(b"CHG-1", versions)
    return None if known is None else known.announced_ms


def test_the_version_that_set_the_start_is_the_announcement() -> None:
    early, late = START_MS - HOUR_MS, START_MS + 1
    longer = exclusion(end_ms=START_MS + 5 * HOUR_MS)
    assert announced(version(early, exclusion()), version(late, longer)) == early
    assert announced(version(early, exclusion(START_MS - 1)), version(late, exclusion())) == late
    assert announced(version(early, exclusion()), version(early + 1, None), version(late, exclusion())) == late
    assert announced(version(early, exclusion()), version(late, None)) is None


def test_what_is_no_exclusion_changes_nothing() -> None:
    junk = [
        Version(b"not json", START_MS),
        Version(orjson.dumps({"id": "CHG-1"}), START_MS),
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
    assert Known(exclusion(reason=reason), announced_ms).counts is counts


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
    assert Known(exclusion(), 0).phase(now_ms) is phase


def test_an_open_one_holds_for_good() -> None:
    assert Known(exclusion(end_ms=None), 0).phase(START_MS + 10**9) is Phase.CURRENT


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
    known = [Known(exclusion(id=one), 0) for one in ids]
    assert {one.exclusion.id for one in with_id(known, "up")} == {"up", "up-20260302T1400Z"}
    assert [one.exclusion.id for one in with_id(known, "up-2")] == ["up-2"]
