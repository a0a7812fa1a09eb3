"""Who is told of a change of standing, and what."""

import asyncio

from schemas.apps import App
from streams.impact.step import StandingStep
from streams.notifier.contacts import Contacts
from streams.notifier.standings import Teller
from streams.notifier.target import Target
from streams.notifier.targets import Targets
from streams.objectives import load_objectives
from streams.settings import Settings
from tests.desk.build import desk
from tests.impact.build import APP, Ladder

FOREVER_MS = 10**13
OPERATOR = Target("ops", "smtp", "ops@slo.example", role="operators")
OTHERS = Target("others", "smtp", "sre@other.example", partner="other")


def test_the_partner_hears_of_every_change_and_operators_where_a_person_has_to_act(database: str) -> None:
    ladder = Ladder(database)
    ladder.execute(
        """insert into app (app_key, name, partner_id, partner_name, email, healthcheck_urls, excluded_client_keys,
        part, "offset") values (%s, 'Charts', 'acme', 'Acme', 'sre@acme.example', '{}', '{}', 0, 0)""",
        APP,
    )
    for day in (1, 5, 12):
        ladder.breach(day)
    judge(ladder, Teller(Targets([OPERATOR, OTHERS]), FOREVER_MS))
    told = ladder.rows(
        """select target, state, data->>'subject' from delivery
        join notification on notification.id = delivery.notification order by seq"""
    )
    assert told == [
        ("sre@acme.example", "DUE", "Charts: standing CLEAR -> NOTIFIED"),
        ("ops", "DUE", "Charts: standing CLEAR -> NOTIFIED"),
        ("sre@acme.example", "DUE", "Charts: standing NOTIFIED -> REMEDIATION"),
        ("ops", "DUE", "Charts: standing NOTIFIED -> REMEDIATION"),
        ("ops", "DUE", "Charts: standing NOTIFIED -> REMEDIATION"),
    ]


def test_operators_who_heard_of_a_stage_hear_that_it_is_taken_back(database: str) -> None:
    ladder = Ladder(database)
    for day in (1, 5, 12):
        ladder.breach(day)
    judge(ladder, Teller(Targets([OPERATOR]), FOREVER_MS))
    ladder.exclude("ex-1", 0, 6)
    judge(ladder, Teller(Targets([OPERATOR]), FOREVER_MS))
    subject = f"{APP}: standing REMEDIATION -> NOTIFIED"
    query = "select role from notification where data->>'subject' = %s order by role"
    assert ladder.rows(query, subject) == [("operators",), (None,)]


def test_the_partner_hears_of_an_app_that_history_has_not_stored_yet(database: str) -> None:
    ladder, contacts = Ladder(database), Contacts()
    ladder.breach(1)
    said = {"appKey": APP, "name": "Charts", "partnerName": "Acme", "email": "sre@acme.example"}
    contacts.put(App.model_validate({**said, "healthcheckUrls": [], "excludedClientKeys": []}), None)
    judge(ladder, Teller(Targets([OTHERS]), FOREVER_MS, contacts))
    told = ladder.rows("select target, data->>'subject' from delivery join notification n on n.id = notification")
    assert told == [("sre@acme.example", "Charts: standing CLEAR -> NOTIFIED")]


def judge(ladder: Ladder, teller: Teller) -> None:
    async def scenario() -> None:
        async with desk(ladder.url, StandingStep(Settings(), load_objectives(), ladder.rules, teller.tell)) as one:
            while await one.turn():
                pass

    asyncio.run(scenario())
