"""What was sent is shown to the platform as its reader has it, and sent again from there, by a real notifier."""

import asyncio

from streams.dashboard.viewer import Viewer
from tests.cli.test_deliveries_command import lead
from tests.dashboard.conftest import FORM_TOKEN, PLATFORM, Stage
from tests.notifier.mail_server import MailServer
from tests.notifier.office import SRE, Office, breach, recovery

OURS = {"Sec-Fetch-Site": "same-origin"}
TOKEN = {"form_token": FORM_TOKEN}
PARTNER = Viewer("Ann", frozenset({"acme"}))


def test_a_mail_that_was_refused_is_looked_at_and_sent_again(stage: Stage) -> None:
    refused = [SRE]

    async def scenario(one: Office, server: MailServer) -> None:
        down = breach(at_ms=await one.now_ms())
        await one.take_in(down, recovery(down))
        await one.work()
        [(name,)] = one.select("select id from slo.delivery where state = 'DEAD'")
        page = f"/deliveries/{name}"
        client = stage.as_(PLATFORM)
        shown = await asyncio.to_thread(client.get, page)
        assert "550 5.1.1 no such user" in shown.text
        assert f"incidentId: {down['incidentId']}" in shown.text
        assert "frame-src 'self'" in shown.headers["content-security-policy"]
        html = await asyncio.to_thread(client.get, f"{page}/html")
        assert html.headers["content-security-policy"].startswith("sandbox")
        assert 'id="incident-data"' in html.text
        refused.clear()
        again = await asyncio.to_thread(client.post, page, data=TOKEN, headers=OURS)
        assert (again.status_code, again.headers["location"]) == (303, f"{page}?done=due")
        shown = await asyncio.to_thread(client.get, again.headers["location"])
        assert "It is due now" in shown.text
        assert "asked for by ops" in shown.text
        await one.work()
        assert [subject.split("]")[0] for subject in server.subjects] == ["[BREACH", "[RECOVERY"]
        once_more = await asyncio.to_thread(client.post, page, data=TOKEN, headers=OURS)
        assert (once_more.status_code, "sent meanwhile" in once_more.text) == (422, True)
        client = stage.as_(PARTNER)
        for path in (page, f"{page}/html"):
            assert (await asyncio.to_thread(client.get, path)).status_code == 404
        assert (await asyncio.to_thread(client.post, page, data=TOKEN, headers=OURS)).status_code == 404

    lead(stage.url, scenario, at_recipient=lambda who, _times: "550 5.1.1 no such user" if who in refused else None)
