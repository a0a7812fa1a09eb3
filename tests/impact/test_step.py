"""From facts in the database to what is told and published, as days go by."""

import pytest

from tests.impact.build import APP, HOUR_MS, Ladder, at


@pytest.fixture
def ladder(database: str) -> Ladder:
    return Ladder(database)


def test_three_episodes_are_remediation_until_four_weeks_are_over(ladder: Ladder) -> None:
    ladder.breach(1)
    assert ladder.judge() == [(1, "NOTIFIED", "BREACH")]
    assert ladder.judge() == []
    ladder.breach(5)
    assert ladder.judge() == []
    ladder.breach(12)
    assert ladder.judge() == [(12, "REMEDIATION", "BREACH")]
    ladder.passes(39.9)
    assert ladder.judge() == []
    ladder.passes(40)
    assert ladder.judge() == [(40, "CLEAR", "TIME")]
    assert [one["stage"] for one in ladder.published()] == ["NOTIFIED", "NOTIFIED", "REMEDIATION", "CLEAR"]


def test_what_is_published_says_where_it_stands_and_by_what(ladder: Ladder) -> None:
    incident = ladder.breach(1, 2)
    ladder.judge()
    assert ladder.published() == [
        {
            "appKey": APP,
            "stage": "NOTIFIED",
            "since": "2026-02-17T00:00:00Z",
            "episodes": [
                {
                    "start": "2026-02-17T00:00:00Z",
                    "end": "2026-02-17T02:00:00Z",
                    "incidentIds": [incident],
                    "counts": True,
                    "why": None,
                }
            ],
            "reason": "BREACH",
            "time": "2026-02-17T02:00:00Z",
        }
    ]


def test_an_exclusion_that_comes_late_takes_the_stage_back(ladder: Ladder) -> None:
    for day in (1, 5, 12):
        ladder.breach(day)
    ladder.judge()
    ladder.exclude("ex-1", 4.9, 5)
    assert ladder.judge() == [((at(12) + HOUR_MS - at(0)) / 86_400_000, "NOTIFIED", "RETRACTED")]
    second = ladder.published()[-1]["episodes"][1]
    assert (second["counts"], second["why"]) == (False, "excluded: ex-1")
    ladder.exclude("ex-1", 4.9, None, offset=1)
    assert ladder.judge() == [(12, "REMEDIATION", "BREACH")]


def test_an_exclusion_long_before_a_breach_is_looked_at_if_its_window_is_as_long(ladder: Ladder) -> None:
    ladder.breach(12, window_s=7 * 86_400)
    assert ladder.judge() == [(12, "NOTIFIED", "BREACH")]
    ladder.exclude("ex-1", 6, 7)
    ((_, stage, reason),) = ladder.judge()
    assert (stage, reason) == ("CLEAR", "RETRACTED")


def test_an_accepted_appeal_takes_it_back_and_a_rejected_one_does_not(ladder: Ladder) -> None:
    incident = ladder.breach(1)
    ladder.judge()
    ladder.execute("insert into appeal (app_key, incident_id, who, why) values (%s, %s, 'p', 'no')", APP, incident)
    assert ladder.judge() == []
    decision = "insert into decision (app_key, act, appeal, who, why) values (%s, %s, 1, 'ann', 'so')"
    ladder.execute(decision, APP, "REJECT_APPEAL")
    assert ladder.judge() == []
    ladder.execute(decision, APP, "ACCEPT_APPEAL")
    ((_, stage, reason),) = ladder.judge()
    assert (stage, reason) == ("CLEAR", "RETRACTED")


def test_what_was_annulled_or_came_before_enrolment_does_not_count(ladder: Ladder) -> None:
    ladder.breach(1, recovery="EXCLUDED")
    ladder.breach(3)
    ladder.execute(
        """insert into app (app_key, name, partner_name, email, enrolled_at_ms, healthcheck_urls,
        excluded_client_keys, part, "offset") values (%s, 'A', 'P', 'a@b', %s, '{}', '{}', 0, 0)""",
        *(APP, at(4)),
    )
    assert ladder.judge() == []
    assert ladder.published() == []
    ladder.execute("update app set enrolled_at_ms = %s", at(3))
    assert ladder.judge() == [(3, "NOTIFIED", "BREACH")]


def test_demotion_waits_for_a_person_and_is_only_reviewed_when_it_proves_wrong(ladder: Ladder) -> None:
    for day in (1, 5, 12, 20):
        ladder.breach(day)
    ladder.passes(40)
    assert ladder.judge()[-1] == (40, "DEMOTION_DUE", "TIME")
    ladder.decide(41, "APPROVE_DEMOTION")
    assert ladder.judge() == [(41, "DEMOTED", "DECISION")]
    ladder.exclude("ex-1", 0, 30)
    ((_, stage, reason),) = ladder.judge()
    assert (stage, reason) == ("DEMOTED", "REVIEW_DUE")
    ladder.decide(50, "REINSTATE")
    assert ladder.judge() == [(50, "CLEAR", "DECISION")]


def test_an_override_holds_and_ends(ladder: Ladder) -> None:
    ladder.breach(1)
    ladder.decide(2, "OVERRIDE", "CLEAR")
    assert ladder.judge() == [(1, "NOTIFIED", "BREACH"), (2, "CLEAR", "DECISION")]
    ladder.decide(3, "END_OVERRIDE")
    assert ladder.judge() == [(3, "NOTIFIED", "DECISION")]


def test_apps_do_not_move_each_other(ladder: Ladder) -> None:
    ladder.breach(1)
    ladder.judge()
    ladder.breach(2, app="com.example.other")
    assert ladder.judge() == [(2, "NOTIFIED", "BREACH")]
    assert [one.app_key for one in ladder.told] == ["com.example.other"]


def test_a_window_that_is_not_counted_yet_is_judged_again(ladder: Ladder) -> None:
    ladder.passes(0.5)
    ladder.exclude("ex-1", 0.9, 1)
    ladder.breach(1)
    assert ladder.judge() == [(1, "NOTIFIED", "BREACH")]
    ladder.passes(1.5)
    ((_, stage, reason),) = ladder.judge()
    assert (stage, reason) == ("CLEAR", "RETRACTED")
