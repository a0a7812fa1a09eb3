"""Recurrence as independent libraries have it: stored answers, and new ones where node and npm are to be had."""

from datetime import datetime
from random import SystemRandom
from zoneinfo import ZoneInfo

import orjson
import pytest

from streams.registry.recurrence import occurrences
from tests.npm import needs_npm
from tests.registry.recurrence_peers import VECTORS, Case, confirmed


def differing(cases: list[Case]) -> list[tuple[Case, list[int]]]:
    """The cases that we see otherwise, and how."""
    found = []
    for case in cases:
        first = datetime.fromisoformat(case["start"]).replace(tzinfo=ZoneInfo(case["zone"]))
        starts_ms = list(occurrences(case["rule"], first).starts_ms)
        if starts_ms != case["startsMs"]:
            found.append((case, starts_ms))
    return found


def test_stored_answers() -> None:
    cases: list[Case] = orjson.loads(VECTORS.read_bytes())
    assert len(cases) > 300
    assert differing(cases) == []


@pytest.mark.long
@pytest.mark.timeout(300)
@needs_npm
def test_answers_to_new_questions() -> None:
    seed = SystemRandom().randrange(1_000_000)
    cases = confirmed(seed, size=300)
    assert len(cases) > 200, f"seed {seed}"
    assert differing(cases) == [], f"seed {seed}"
