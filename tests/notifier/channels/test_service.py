"""A notifier with a file of targets, on a real broker and database: every channel hears of a breach and of its end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

from tests.e2e.conftest import flow as flow
from tests.e2e.flow import Flow, WorkerProcess
from tests.notifier.channels.alertmanager import alertmanager
from tests.notifier.channels.alertmanager import alertmanager_program as alertmanager_program
from tests.notifier.channels.receivers import KEY, SECRET, Jsm, PagerDuty, Slack, Teams, WebhookReceiver
from tests.notifier.mail_server import mail_server
from tests.notifier.office import breach, recovery
from tests.notifier.test_service import now_ms, publish, start
from tests.prober.servers import serving
from tests.waiting import wait_for

TARGETS = """\
- {{id: hook, partner: Acme, channel: webhook, address: "{hook}/slo", secret: "${{SIGN}}", severities: [page]}}
- {{id: pager, all: true, channel: pagerduty, address: "{pager}/v2/enqueue", secret: "${{KEY}}"}}
- {{id: desk, app: com.acme.charts, channel: jsm, address: "{jsm}/jsm/ops/integration/v2/alerts", secret: "${{KEY}}"}}
- {{id: chat, all: true, channel: slack, address: "{slack}/services/T0/B0/XXXX", events: [breach]}}
- {{id: teams, all: true, channel: teams, address: "{teams}/flow?sig=XXXX", severities: [ticket]}}
- {{id: am, all: true, channel: alertmanager, address: "{am}"}}
- {{id: other, partner: Other, channel: webhook, address: "{hook}/slo"}}
"""


async def until(condition: Callable[[], Awaitable[bool]], what: str, service: WorkerProcess) -> None:
    await wait_for(condition, 120, what, [service])


def test_every_channel_hears_of_what_it_wants(flow: Flow, database: str, alertmanager_program: str) -> None:
    hook, pager, jsm, slack, teams = WebhookReceiver(), PagerDuty(), Jsm(), Slack(), Teams()

    async def scenario() -> None:
        await flow.create_topics()
        async with AsyncExitStack() as stack:
            mail = await stack.enter_async_context(mail_server())
            receivers = {"hook": hook, "pager": pager, "jsm": jsm, "slack": slack, "teams": teams}
            urls = {name: await stack.enter_async_context(serving(one.handle)) for name, one in receivers.items()}
            am = await stack.enter_async_context(alertmanager(alertmanager_program))
            file = flow.folder / "targets.yaml"
            file.write_text(TARGETS.format(**urls, am=am.url))
            service = start(
                flow, database, mail, SLO_TARGETS=str(file), SLO_NOTIFY_ALLOW_PRIVATE="true", KEY=KEY, SIGN=SECRET
            )
            await service.says("going on at")
            down, ticket = breach(at_ms=now_ms()), breach("boards", at_ms=now_ms(), severity="ticket")
            await publish(flow, [down, ticket])

            async def is_open() -> bool:
                shown = {alert["labels"]["incident"] for alert in await am.alerts()}
                ids = {down["incidentId"], ticket["incidentId"]}
                return (
                    shown == pager.alerts.keys() == ids
                    and len(hook.events) * len(mail.received) == 1
                    and bool(jsm.open)
                )

            await until(is_open, "both breaches to be open everywhere", service)
            assert pager.alerts == {down["incidentId"]: "critical", ticket["incidentId"]: "warning"}
            assert list(jsm.open) == [down["incidentId"]]
            await publish(flow, [recovery(down, after_min=0), recovery(ticket, after_min=0)])

            async def is_over() -> bool:
                return not await am.alerts() and not pager.alerts and not jsm.open and len(hook.events) == 2

            await until(is_over, "both breaches to be over everywhere", service)
            assert [event.get_attributes()["type"] for event in hook.events] == [
                "slo-streams.breach.v1",
                "slo-streams.recovery.v1",
            ]
            assert len(slack.messages) == 2  # of breaches alone
            assert len(teams.cards) == 2  # of the ticket alone
            assert KEY not in service.log
            assert await service.stop() == 0

    asyncio.run(scenario())
