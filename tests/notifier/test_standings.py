"""Who is told of a change of standing, and what."""

import asyncio

from streams.impact.step import StandingStep
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
    teller = Teller(Targets([OPERATOR, OTHERS]), FOREVER_MS)

    async def scenario() -> None:
        async with desk(database, StandingStep(Settings(), load_objectives(), ladder.rules, teller.tell)) as one:
            while await one.turn():
                pass

    asyncio.run(scenario())
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
