"""Severity: every edge of the tables, and what holds of all inputs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.severity.severity import HOUR_MS, Impact, Kind, Level, Severity, Tier, kind_of, votes_on, while_open

impacts = st.builds(
    Impact,
    level=st.sampled_from(Level),
    kind=st.sampled_from(Kind),
    users=st.none() | st.integers(0, 10_000_000),
    apps=st.none() | st.integers(0, 500),
    tier=st.none() | st.sampled_from(Tier),
    duration_ms=st.integers(0, 12 * HOUR_MS),
    reports=st.integers(0, 30),
)


@pytest.mark.parametrize(
    ("users", "major", "minor"),
    [
        (999, None, None),
        (1_000, 3, 3),
        (100_000, 3, 3),
        (100_001, 2, 3),
        (5_000_000, 2, 3),
        (5_000_001, 1, 2),
    ],
)
def test_by_users(users: int, major: int | None, minor: int | None) -> None:
    assert votes_on(Impact(Level.MAJOR, users=users)).severity == major
    assert votes_on(Impact(Level.MINOR, users=users)).severity == minor


@pytest.mark.parametrize(
    ("apps", "major", "minor"),
    [(0, None, None), (2, None, None), (3, 3, 3), (10, 3, 3), (11, 2, 3), (100, 2, 3), (101, 1, 2)],
)
def test_by_apps(apps: int, major: int | None, minor: int | None) -> None:
    assert votes_on(Impact(Level.MAJOR, apps=apps)).severity == major
    assert votes_on(Impact(Level.MINOR, apps=apps)).severity == minor


@pytest.mark.parametrize(("reports", "severity"), [(0, None), (2, None), (3, 3), (5, 3), (6, 2), (15, 2), (16, 1)])
def test_by_reports(reports: int, severity: int | None) -> None:
    assert votes_on(Impact(reports=reports)).severity == severity
    assert votes_on(Impact(apps=2, reports=reports)).severity == severity


@pytest.mark.parametrize(
    ("tier", "kind", "severities"),
    [
        (Tier.C1, Kind.OUTAGE, (2, 1, 1, 1)),
        (Tier.C2, Kind.OUTAGE, (3, 2, 2, 2)),
        (Tier.C3, Kind.OUTAGE, (3, 3, 3, 3)),
        (Tier.C1, Kind.DEGRADATION, (3, 2, 2, 2)),
        (Tier.C2, Kind.DEGRADATION, (3, 3, 3, 2)),
        (Tier.C3, Kind.DEGRADATION, (3, 3, 3, 3)),
    ],
)
def test_by_capability_at_every_edge(tier: Tier, kind: Kind, severities: tuple[int, ...]) -> None:
    durations_ms = (2 * HOUR_MS - 1, 2 * HOUR_MS, 5 * HOUR_MS, 5 * HOUR_MS + 1)
    said = [votes_on(Impact(kind=kind, tier=tier, duration_ms=duration_ms)).severity for duration_ms in durations_ms]
    assert said == list(severities)


def test_capability_is_silent_where_a_number_is_known() -> None:
    assert votes_on(Impact(tier=Tier.C1, kind=Kind.OUTAGE, duration_ms=6 * HOUR_MS, apps=1)).severity is None


def test_one_apps_own_breach_has_no_severity_however_long_it_lasts() -> None:
    assert votes_on(Impact(Level.MAJOR, Kind.OUTAGE, apps=1, tier=Tier.C1, duration_ms=99 * HOUR_MS)).severity is None


def test_of_both_numbers_the_greater_column_and_of_all_votes_the_most_severe() -> None:
    assert votes_on(Impact(Level.MAJOR, users=100_001, apps=3)).severity is Severity.SEV2
    assert votes_on(Impact(Level.MAJOR, users=0, apps=101, reports=3)).severity is Severity.SEV1
    assert votes_on(Impact(Level.MINOR, apps=3, reports=16)).severity is Severity.SEV1


@given(impact=impacts, users=st.integers(0, 10_000_000), apps=st.integers(0, 500), reports=st.integers(0, 30))
def test_more_never_lowers_a_severity(impact: Impact, users: int, apps: int, reports: int) -> None:
    more = Impact(
        impact.level,
        impact.kind,
        None if impact.users is None else impact.users + users,
        None if impact.apps is None else impact.apps + apps,
        impact.tier,
        impact.duration_ms + users,
        impact.reports + reports,
    )
    assert while_open(votes_on(more).severity, None) == while_open(votes_on(more).severity, votes_on(impact).severity)


@given(impact=impacts)
def test_major_is_never_less_severe_than_minor(impact: Impact) -> None:
    def rank(level: Level) -> int:
        changed = Impact(level, impact.kind, impact.users, impact.apps, impact.tier, impact.duration_ms, impact.reports)
        return votes_on(changed).severity or 4

    assert rank(Level.MAJOR) <= rank(Level.MINOR)


def test_it_never_falls_by_itself() -> None:
    assert while_open(Severity.SEV3, Severity.SEV1) is Severity.SEV1
    assert while_open(None, Severity.SEV2) is Severity.SEV2
    assert while_open(Severity.SEV1, None) is Severity.SEV1
    assert while_open(None, None) is None


@pytest.mark.parametrize(
    ("good", "bad", "kind"),
    [(1, 1, Kind.OUTAGE), (2, 1, Kind.DEGRADATION), (0, 1, Kind.OUTAGE), (0, 0, Kind.DEGRADATION)],
)
def test_half_of_what_happened_is_an_outage(good: int, bad: int, kind: Kind) -> None:
    assert kind_of(good, bad) is kind
