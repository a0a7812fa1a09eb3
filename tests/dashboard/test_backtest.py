"""Back-tests: the evaluator's own core over what is counted, two sets of rules side by side."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.dashboard.jobs import Job, Jobs, State
from streams.dashboard.queries.backtest import Outcome, Rules, UnfitRulesError
from streams.dashboard.viewer import Viewer
from streams.evaluation.boundary import Boundary
from streams.evaluation.exclusions import ExclusionRule, Exclusions
from streams.evaluation.knowledge import Known
from streams.evaluation.listings import Listings
from streams.evaluation.objective import Objective, Silence
from streams.evaluation.transition import Transition
from streams.history.backtest import Firing, _paired, _series, backtest
from streams.history.codec import MINUTE_MS
from streams.history.minutes import Minutes
from streams.objectives.bind import Objectives
from streams.objectives.load import objectives_of
from streams.settings import Settings
from streams.web.problem import Problem, ProblemError
from streams.windows.hopping import NEVER, next_boundary
from tests.dashboard.conftest import FORM_TOKEN, PLATFORM, Stage
from tests.dashboard.world import ACME, APPS, BOARDS, CHARTS, FORMS

START, LENGTH, AHEAD = 29_540_160, 120, 30  # minutes
KEY = ("com.example.app", "Jira")
counts = st.lists(st.sampled_from([0, 0, 0, 1, 5]), min_size=LENGTH, max_size=LENGTH)
rules = st.builds(
    lambda window, hop, share, **more: Objective("rule", "m", window * hop * MINUTE_MS, hop * MINUTE_MS, share, **more),
    st.integers(1, 5),
    st.integers(1, 5),
    st.fractions(0, 1).filter(bool),
    minimum_events=st.integers(1, 5),
    alert_after_ms=st.sampled_from([0, 5 * MINUTE_MS]),
    recover_after_ms=st.sampled_from([0, 5 * MINUTE_MS]),
    silence=st.sampled_from(Silence),
    hold_for_ms=st.just(20 * MINUTE_MS),
)
spans = st.lists(st.tuples(st.integers(0, LENGTH), st.integers(1, 20)), max_size=2)


def every_boundary(rule: Objective, told: list[Minutes], known: Known, start_ms: int, end_ms: int) -> list[Firing]:
    """The same without knowing which boundaries matter."""
    series, transitions = _series(KEY, told), list[Transition]()
    at_ms = next_boundary(start_ms, rule.hop_ms)
    while at_ms <= end_ms:
        Boundary.at(at_ms, [rule], [], MINUTE_MS, known, {}).judge(series, transitions)
        at_ms += rule.hop_ms
    return _paired(transitions)


@given(rule=rules, told=st.lists(st.tuples(counts, counts), min_size=1, max_size=2), excluded=spans)
@settings(max_examples=60, deadline=None)
def test_no_boundary_that_matters_is_passed_over(
    rule: Objective, told: list[tuple[list[int], list[int]]], excluded: list[tuple[int, int]]
) -> None:
    all_exclusions = Exclusions()
    for number, (first, length) in enumerate(excluded):
        begin_ms = (START + first) * MINUTE_MS
        span = ExclusionRule(None, None, is_planned=False, start_ms=begin_ms, end_ms=begin_ms + length * MINUTE_MS)
        all_exclusions.add(str(number), span, None)
    exclusions = all_exclusions.known_at(NEVER - 1, "m")
    minutes = [Minutes(START, good, bad) for good, bad in told]
    start_ms, end_ms = (START + AHEAD) * MINUTE_MS, (START + LENGTH) * MINUTE_MS
    expected = every_boundary(rule, minutes, Known(NEVER - 1, exclusions, Listings()), start_ms, end_ms)
    assert backtest(KEY, [rule], minutes, exclusions, start_ms, end_ms) == expected


RULE = """
apiVersion: openslo/v1
kind: AlertCondition
metadata: {name: burns}
spec:
  severity: page
  condition: {kind: burnrate, op: gt, threshold: %(threshold)s, lookbackWindow: 5m, alertAfter: 0m}
---
apiVersion: openslo/v1
kind: AlertPolicy
metadata: {name: tried}
spec:
  conditions: [{conditionRef: burns}]
---
apiVersion: openslo/v1
kind: SLO
metadata:
  name: webhook
spec:
  service: apps
  indicatorRef: webhook-delivery-success-rate
  budgetingMethod: Occurrences
  timeWindow: [{duration: 28d, isRolling: true}]
  objectives: [{target: 0.99}]
  alertPolicies: [tried]
"""


def post(stage: Stage, viewer: Any = PLATFORM, **body: Any) -> Any:
    headers = {"Sec-Fetch-Site": "same-origin"}
    return stage.as_(viewer).post("/api/v1/backtest", json=body, headers=headers)


def test_two_sets_of_rules_side_by_side(world: Stage) -> None:
    answer = post(world, objectives=RULE % {"threshold": 50}, days=1, apps=[CHARTS])
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert (found["asOf"], found["apps"], found["seriesJudged"], found["complete"]) == (
        "2026-03-02T12:04:00Z",
        1,
        1,
        True,
    )
    (now,) = found["now"]["items"]
    assert (now["objective"], now["breachedAt"], now["recoveredAt"]) == (
        "webhook-delivery-15m",
        "2026-03-02T12:03:00Z",
        None,
    )
    assert (found["tried"]["firings"], found["now"]["alone"]) == (0, 1)
    assert found["difference"] == [
        {"appKey": CHARTS, "metricId": "webhook-delivery-success-rate", "scope": "Jira", "now": 1, "tried": 0}
    ]
    same = post(world, objectives=RULE % {"threshold": 2}, days=1, apps=[CHARTS]).json()
    assert (same["tried"]["firings"], same["tried"]["alone"], same["difference"]) == (1, 0, [])


def test_a_sample_at_once_and_all_in_the_background(world: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.dashboard.jobs.MOST_S", 60.0)
    for viewer, apps in ((PLATFORM, APPS), (ACME, (CHARTS, FORMS))):
        found = post(world, viewer, objectives=RULE % {"threshold": 2}, days=28).json()
        assert {one["appKey"] for one in found["now"]["items"]} == set(apps)
        job = found["job"]
        state = over(world, viewer, job)
        assert (state["state"], state["apps"], state["appsJudged"]) == ("DONE", len(apps), len(apps))
        assert state["now"] == found["now"] or state["now"]["firings"] == found["now"]["firings"]
        other = ACME if viewer is PLATFORM else PLATFORM
        assert world.as_(other).get(f"/api/v1/backtest/{job}").status_code == 404


def test_only_so_many_rules_are_tried_at_once() -> None:
    many = Objectives(tuple([Objective("rule", "m", MINUTE_MS, MINUTE_MS, Fraction(1, 2))] * 101), ())
    with pytest.raises(UnfitRulesError, match="at most 100"):
        Rules.of(Objectives((), ()), many)


def test_what_cannot_be_tried_is_said(world: Stage) -> None:
    broken = post(world, objectives="kind: SLO\nmetadata: 1", apps=[CHARTS])
    assert broken.status_code == 400
    assert "objectives" in broken.json()["fault"]
    assert post(world, ACME, objectives=RULE % {"threshold": 2}, apps=[BOARDS]).status_code == 404
    assert post(world, objectives=RULE % {"threshold": 2}, days=36).status_code == 400
    assert post(world, objectives=RULE % {"threshold": 2}, apps=[]).status_code == 400
    assert post(world, objectives=RULE % {"threshold": 2}, more=1).status_code == 400
    assert post(world, None, objectives="").status_code == 401
    elsewhere = world.as_(PLATFORM).post("/api/v1/backtest", json={}, headers={"Sec-Fetch-Site": "cross-site"})
    assert elsewhere.status_code == 403


def until(condition: Callable[[], bool]) -> None:
    deadline_s = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline_s
        time.sleep(0.02)


def over(stage: Stage, viewer: Viewer, job: str) -> dict[str, Any]:
    """A job, once it is over."""
    found: dict[str, Any] = {}

    def is_over() -> bool:
        found.update(stage.as_(viewer).get(f"/api/v1/backtest/{job}").json())
        return bool(found["state"] != "RUNNING")

    until(is_over)
    return found


def test_all_that_came_of_it_is_a_table_for_who_began_it(world: Stage) -> None:
    job = post(world, objectives=RULE % {"threshold": 50}, days=1).json()["job"]
    whole = over(world, PLATFORM, job)
    path = f"/api/v1/backtest/{job}"
    assert world.as_(PLATFORM).get(f"{path}/difference").json()["items"] == whole["difference"]
    firings = world.as_(PLATFORM).get(f"{path}/firings").json()["items"]
    assert firings == [{"rules": "now", **one} for one in whole["now"]["items"]]
    lines = world.as_(PLATFORM).get(f"{path}/difference.csv").text.splitlines()
    assert lines[0] == "appKey,metricId,scope,now,tried"
    assert len(lines) == 1 + len(APPS)
    for table in ("difference", "firings", "difference.csv", "firings.csv"):
        assert world.as_(ACME).get(f"{path}/{table}").status_code == 404


def test_a_job_can_be_ended_by_who_began_it(world: Stage) -> None:
    headers = {"Sec-Fetch-Site": "same-origin"}
    job = post(world, objectives=RULE % {"threshold": 2}).json()["job"]
    assert world.as_(ACME).delete(f"/api/v1/backtest/{job}", headers=headers).status_code == 404
    assert world.as_(PLATFORM).delete(f"/api/v1/backtest/{job}").status_code == 403
    ended = world.as_(PLATFORM).delete(f"/api/v1/backtest/{job}", headers=headers).json()
    assert ended["state"] in ("CANCELLED", "DONE")
    assert over(world, PLATFORM, job)["state"] == ended["state"]


def test_one_at_a_time_and_never_too_many_firings(world: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Rules.of(Objectives(), objectives_of([("tried", (RULE % {"threshold": 2}).encode())]))
    jobs = Jobs(Settings(), world.database)
    running = Job(ACME, "", Outcome(1))
    monkeypatch.setattr(jobs, "_jobs", OrderedDict({running.id: running}))
    with pytest.raises(ProblemError) as refused:
        jobs.begin(PLATFORM, asked, "", 1)
    assert refused.value.problem is Problem.BUSY
    again = jobs.begin(ACME, asked, "", 1)
    assert running.state is State.CANCELLED
    until(lambda: again.is_over)
    monkeypatch.setattr("streams.dashboard.jobs.MOST_FIRINGS", -1)
    many = jobs.begin(PLATFORM, asked, "", 28)
    until(lambda: many.is_over)
    assert (many.state, many.outcome.apps) == (State.FAILED, 0)


def test_one_sample_at_a_time_whether_a_page_or_a_program_asks(world: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, ends = threading.Event(), threading.Event()

    def slowly(*_given: object) -> None:
        begun.set()
        assert ends.wait(60)

    monkeypatch.setattr("streams.dashboard.jobs.judge_apps", slowly)
    form = {"form_token": FORM_TOKEN, "use": "yaml", "objectives": RULE % {"threshold": 2}, "app": CHARTS}
    with ThreadPoolExecutor(1) as thread:
        first = thread.submit(post, world, objectives=RULE % {"threshold": 2}, apps=[CHARTS])
        try:
            assert begun.wait(60)
            page = world.as_(PLATFORM).post("/rules/try", data=form, headers={"Sec-Fetch-Site": "same-origin"})
            assert (page.status_code, "Somebody else tries a rule right now" in page.text) == (422, True)
            assert post(world, objectives=RULE % {"threshold": 2}, apps=[CHARTS]).status_code == 503
        finally:
            ends.set()
        assert first.result(60).status_code == 200
