"""What would be excluded for an incident whose fault is the platform's."""

from dataclasses import replace

import pytest

from streams.common_cause.scope import Kind
from streams.incidents.entry import RaisedBy
from streams.incidents.life import Incident
from streams.incidents.proposal import proposed
from streams.names import AVAILABILITY, WEBHOOK
from tests.model.build import MIDNIGHT_MS

REGION = Incident("q1TFPuySB3k", RaisedBy.COMMON_CAUSE, "eu", MIDNIGHT_MS, MIDNIGHT_MS, scope=("region", "eu"))


def test_of_a_region_each_url_is_named_the_same_however_many_there_are_by_then() -> None:
    (before,) = proposed(REGION, MIDNIGHT_MS, ["https://b.eu.example"])
    after = proposed(REGION, MIDNIGHT_MS, ["https://b.eu.example", "https://a.eu.example"])
    assert [(one.metric_id, one.scope) for one in after] == [
        (AVAILABILITY.id, "https://a.eu.example"),
        (AVAILABILITY.id, "https://b.eu.example"),
    ]
    assert after[1] == before
    assert after[0].id != before.id


@pytest.mark.parametrize(
    ("kind", "name", "places"),
    [
        (Kind.ALL, "", [(None, None)]),
        (Kind.METRIC, WEBHOOK.id, [(WEBHOOK.id, None)]),
        (Kind.PRODUCT, "Jira", [(None, "Jira")]),
        (Kind.PRODUCT_METRIC, f"Jira/{WEBHOOK.id}", [(WEBHOOK.id, "Jira")]),
        (Kind.REGION, "eu", [(AVAILABILITY.id, "https://a.eu.example")]),
        (Kind.HOST, "a.eu.example", []),
        (Kind.PARTNER, "id:acme", []),
    ],
)
def test_what_may_be_the_platforms_proposes_its_place_and_a_host_or_a_partner_nothing(
    kind: Kind, name: str, places: list[tuple[str | None, str | None]]
) -> None:
    incident = replace(REGION, scope=(kind, name))
    found = proposed(incident, MIDNIGHT_MS, ["https://a.eu.example"])
    assert [(one.metric_id, one.scope) for one in found] == places
    assert {one.reason for one in found} <= {"PLATFORM_FAULT"}


def test_what_a_person_raised_proposes_nothing() -> None:
    assert proposed(replace(REGION, scope=None), MIDNIGHT_MS, []) == []
