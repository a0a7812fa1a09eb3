"""Who is told what of one entry of a timeline."""

from typing import Any

import pytest

from streams.incidents.entry import Act, Entry
from streams.incidents.telling import Told, tellings
from tests.incidents.test_life import entry, found, life
from tests.model.build import clock_ms


def told(new: Entry, visibility: str) -> list[Told]:
    """What is told of the newest entry of an incident that was confirmed with this visibility."""
    incident = life(found(), entry(Act.CONFIRMED, "12:04", visibility=visibility), new)
    return list(tellings(incident, 3, new, ["acme"], clock_ms("12:10")))


@pytest.mark.parametrize("act", [Act.SEVERITY, Act.CHANGED])
def test_another_severity_is_told_as_one_whether_it_rose_or_a_person_decided_it(act: Act) -> None:
    to_all, to_partner = told(entry(act, "12:05", severity="SEV1"), "PARTNER")
    assert (to_all.is_severity, to_all.partner, to_all.all_partners) == (True, None, False)
    assert (to_partner.is_severity, to_partner.partner) == (True, "acme")
    assert "SEV1" in to_partner.text[0]
    assert [one.all_partners for one in told(entry(act, "12:05", severity="SEV1"), "ALL_PARTNERS")] == [False, True]
    assert len(told(entry(act, "12:05", severity="SEV1"), "INTERNAL")) == 1


def test_what_the_platform_says_with_a_severity_is_for_itself() -> None:
    said: dict[str, Any] = {"severity": "SEV1", "apps": ["com.other.app"], "suspectedFault": "APP"}
    to_all, to_partner = told(entry(Act.CHANGED, "12:05", **said), "PARTNER")
    assert "com.other.app" in to_all.text[0]
    assert to_partner.text == ["severity: SEV1"]


def test_what_is_known_better_is_told_nobody() -> None:
    assert told(entry(Act.CHANGED, "12:05", users=20), "PARTNER") == []
