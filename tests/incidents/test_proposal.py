"""What would be excluded for an incident whose fault is the platform's."""

from streams.incidents.entry import RaisedBy
from streams.incidents.life import Incident
from streams.incidents.proposal import proposed
from streams.names import AVAILABILITY
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
