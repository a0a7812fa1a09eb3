"""What an app publishes: the programme's own complaints, to the letter, and the records of what is right."""

from typing import Any

import orjson
import pytest

from schemas import IframeLoad, SyntheticResult
from streams.gateway.installations import Installed
from streams.gateway.modules import module_types
from streams.gateway.results import read_results, records_of
from streams.names import Topics
from streams.web.problem import Problem, ProblemError

INSTALLED = Installed("c-1", "com.example.app", "Jira", "secret")
IFRAME = {"metricsType": "IFRAME", "moduleType": "generalPages", "status": "SUCCESS"}
SYNTHETIC = {"metricsType": "SYNTHETIC", "status": "SUCCESS"}


def without(entry: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != name}


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (IFRAME | {"durationInMillis": -0.5}, Problem.NEGATIVE_LATENCY),
        (SYNTHETIC | {"status": "FAIL", "durationInMillis": -1}, Problem.NEGATIVE_LATENCY),
        (IFRAME | {"metricsType": "WEBHOOK"}, Problem.METRICS_TYPE),
        (IFRAME | {"metricsType": None}, Problem.METRICS_TYPE),
        (IFRAME | {"metricsType": "iframe"}, Problem.METRICS_TYPE),
        (without(IFRAME, "metricsType"), Problem.METRICS_TYPE),
        (without(IFRAME, "metricsType") | {"metricType": "X"}, Problem.METRICS_TYPE),
        (IFRAME | {"moduleType": "holographicPanels"}, Problem.MODULE_TYPE),
        (IFRAME | {"moduleType": "dynamicContentMacros"}, Problem.MODULE_TYPE),
        (IFRAME | {"moduleType": None}, Problem.MODULE_TYPE),
        (without(IFRAME, "moduleType"), Problem.MODULE_TYPE),
        (IFRAME | {"status": "OK"}, Problem.BAD_REQUEST),
        (without(IFRAME, "status"), Problem.BAD_REQUEST),
        (IFRAME | {"durationInMillis": "12"}, Problem.BAD_REQUEST),
        (IFRAME | {"durationInMillis": True}, Problem.BAD_REQUEST),
        ("IFRAME", Problem.BAD_REQUEST),
    ],
)
def test_a_bad_result_is_refused_with_all_the_others(entry: Any, problem: Problem) -> None:
    with pytest.raises(ProblemError) as refused:
        read_results(orjson.dumps([IFRAME, entry, IFRAME]), "Jira")
    assert (refused.value.problem, refused.value.index) == (problem, 1)


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"{}", b'"IFRAME"', b"[NaN]", b"[" * 2_000, b"[\xff]"])
def test_what_is_no_list_is_a_bad_request(body: bytes) -> None:
    with pytest.raises(ProblemError) as refused:
        read_results(body, "Jira")
    assert refused.value.problem is Problem.BAD_REQUEST


def test_the_programme_says_it_so() -> None:
    assert Problem.NEGATIVE_LATENCY.sentence == "Latency should not be a negative value"
    assert Problem.METRICS_TYPE.sentence == "Metrics type not supported"
    assert Problem.MODULE_TYPE.sentence == "Unknown module type"


def test_a_thousand_results_fit_in_a_call() -> None:
    assert len(read_results(orjson.dumps([IFRAME] * 1_000), "Jira")) == 1_000
    with pytest.raises(ProblemError) as refused:
        read_results(orjson.dumps([IFRAME] * 1_001), "Jira")
    assert refused.value.problem is Problem.TOO_MANY_EVENTS


def test_module_types_are_those_of_the_product() -> None:
    assert len(module_types("Jira")) == 36
    assert module_types("jira") == module_types("Jira")
    assert "staticContentMacros" in module_types("Confluence")
    assert "jiraReports" not in module_types("Confluence")
    assert module_types("Another") == module_types("Jira") | module_types("Confluence")


def test_records_are_of_whom_the_token_proved_whatever_the_body_says() -> None:
    forged = {"appKey": "com.example.other", "clientKey": "c-2", "product": "Confluence", "time": 1, "source": "HOST"}
    entries = [
        IFRAME | {"durationInMillis": 12.5} | forged,
        without(IFRAME, "metricsType") | {"metricType": "IFRAME", "status": "FAIL", "durationInMillis": 12.5},
        SYNTHETIC | {"durationInMillis": 7} | forged,
    ]
    results = read_results(orjson.dumps(entries), "Jira")
    records = list(records_of(results, INSTALLED, 1_772_460_000_000, Topics()))
    assert [(record.topic, record.key) for record in records] == [
        ("slo.iframe.v1", b"com.example.app"),
        ("slo.iframe.v1", b"com.example.app"),
        ("slo.synthetic.v1", b"com.example.app"),
    ]
    first, second = (IframeLoad.model_validate(orjson.loads(record.value)) for record in records[:2])
    third = SyntheticResult.model_validate(orjson.loads(records[2].value))
    for event in (first, second, third):
        assert (event.app_key, event.client_key, event.time) == ("com.example.app", "c-1", 1_772_460_000_000)
    assert (first.scope, first.module_type, first.source, first.group) == ("Jira", "generalPages", "APP", None)
    assert (first.status, first.duration_in_millis) == ("SUCCESS", 12.5)
    assert (second.status, second.duration_in_millis) == ("FAIL", None)
    assert (third.scope, third.status, third.duration_in_millis) == ("Jira", "SUCCESS", 7)
