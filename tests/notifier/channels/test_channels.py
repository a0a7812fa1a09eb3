"""Every channel over HTTP against a server that has the limits of its service, with names that try to do something."""

import asyncio
import random
import string
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import orjson
import pytest
from aiohttp import web

from streams.notifier.channel import Accepted, Message, Outcome, Permanent, Temporary, Unauthorised
from streams.notifier.channels.http import HttpChannel
from streams.notifier.channels.jsm import JsmChannel
from streams.notifier.channels.pagerduty import PagerDutyChannel
from streams.notifier.channels.slack import SlackChannel
from streams.notifier.channels.teams import TeamsChannel
from streams.notifier.channels.webhook import WebhookChannel
from streams.notifier.notification import Notification
from streams.notifier.target import Target
from streams.outbound.post import Poster
from streams.outbound.reach import Reach
from tests.notifier.alerts import BREACH, RECOVERY, digest, incident, reminder, standing, told
from tests.notifier.channels.receivers import KEY, NOW, SECRET, Jsm, PagerDuty, Receiver, Slack, Teams, WebhookReceiver
from tests.prober.servers import PRIVATE, Handler, posting, refusing, serving

Some = TypeVar("Some", bound=Receiver)
Make = Callable[[Poster], HttpChannel]

PUBLIC_URL = "https://slo.example"
HOSTILE = [
    "</script><script>alert(1)</script>",
    "<!channel> <@U0> <https://evil.example|click>",
    "[click](https://evil.example) **bold** `code`",
    "a\r\nX-Injected: 1\0",
    "\u202egnp.exe\u2066",
    '"} , {"routing_key": "x"',
    "é" * 256,
    "\U0001f600" * 256,
]
CHANNELS: dict[str, tuple[Make, str, str, type[Receiver]]] = {
    "webhook": (lambda posts: WebhookChannel(posts), "/hook", SECRET, WebhookReceiver),
    "pagerduty": (lambda posts: PagerDutyChannel(posts, PUBLIC_URL), "/v2/enqueue", KEY, PagerDuty),
    "jsm": (lambda posts: JsmChannel(posts, PUBLIC_URL), "/jsm/ops/integration/v2/alerts", KEY, Jsm),
    "slack": (lambda posts: SlackChannel(posts, PUBLIC_URL), "/services/T0/B0/XXXX", "", Slack),
    "teams": (lambda posts: TeamsChannel(posts, PUBLIC_URL), "/flow?sig=XXXX", "", Teams),
}
LISTED = {"slack": SlackChannel.most_listed, "teams": TeamsChannel.most_listed}


def deliver(name: str, receiver: Some, all_told: Sequence[Notification]) -> tuple[list[Outcome], list[Message]]:
    """Each rendered, and sent twice, as after a crash between sending and recording."""
    make, path, secret, _ = CHANNELS[name]

    async def main() -> tuple[list[Outcome], list[Message]]:
        async with serving(receiver.handle) as url, posting(PRIVATE) as posts:
            channel = make(posts)
            target = Target("t", name, url + path, secret=secret or None)
            messages = [channel.render(one, target, target.delivery_id(one.id), NOW) for one in all_told]
            outcomes = [await channel.send(message, target) for message in messages for _ in range(2)]
            return outcomes, messages

    return asyncio.run(main())


@pytest.mark.parametrize("name", CHANNELS)
def test_a_breach_its_reminder_and_its_recovery_are_accepted_and_a_second_copy_is_the_same(name: str) -> None:
    receiver = CHANNELS[name][3]()
    outcomes, _ = deliver(name, receiver, [told(), reminder(1), told(RECOVERY), standing()])
    assert all(isinstance(outcome, Accepted) for outcome in outcomes), outcomes
    assert receiver.bodies[::2] == receiver.bodies[1::2]


@pytest.mark.parametrize("name", CHANNELS)
@pytest.mark.parametrize("text", HOSTILE)
def test_names_of_others_break_no_limit_and_no_form(name: str, text: str) -> None:
    details = {"name": text, "partnerName": text}
    alert = told(appDetails=details, scope=text, metricName=text, appKey=text, objective=text)
    outcomes, _ = deliver(name, CHANNELS[name][3](), [alert, standing(text)])
    assert all(isinstance(outcome, Accepted) for outcome in outcomes), outcomes


@pytest.mark.parametrize("name", ["slack", "teams"])
def test_the_longest_digest_fits_and_lists_every_one_whatever_their_names_are(name: str) -> None:
    chance = random.Random(7)
    names = [f"app-{i:03} {''.join(chance.choices(string.printable, k=249))}" for i in range(LISTED[name])]
    alerts = [{**BREACH, "appDetails": {"name": one, "partnerName": None}} for one in names]
    outcomes, (message,) = deliver(name, CHANNELS[name][3](), [digest(*alerts)])
    assert all(isinstance(outcome, Accepted) for outcome in outcomes), outcomes
    assert all(one[:7].encode() in message.body for one in names)


def test_a_webhook_is_a_cloud_event_signed_by_its_delivery() -> None:
    receiver = WebhookReceiver()
    alert = told(appKey="com.exämple 100%")
    _, (message,) = deliver("webhook", receiver, [alert])
    event = receiver.events[0].get_attributes()
    assert (event["id"], event["type"], event["source"]) == (
        "fNrYLMgXlmU-breach",
        "slo-streams.breach.v1",
        "slo-streams",
    )
    assert event["subject"] == "com.exämple 100%"
    assert event["time"].isoformat() == "2026-03-24T15:40:00+00:00"
    assert orjson.loads(message.body) == alert.data
    assert receiver.ids == [Target("t", "webhook", "").delivery_id(alert.id)] * 2


def test_while_a_secret_is_replaced_both_sign() -> None:
    receiver = WebhookReceiver()
    other = "whsec_" + "AAAA" * 8

    async def main() -> Outcome:
        async with serving(receiver.handle) as url, posting(PRIVATE) as posts:
            channel = WebhookChannel(posts, f"{other} {SECRET}")
            target = Target("t", "webhook", url)
            return await channel.send(channel.render(told(), target, "d", NOW), target)

    assert isinstance(asyncio.run(main()), Accepted)


def test_pagerduty_opens_and_resolves_the_incident_by_its_id() -> None:
    service = PagerDuty()
    deliver("pagerduty", service, [told(), reminder(1)])
    assert service.alerts == {"fNrYLMgXlmU": "critical"}
    deliver("pagerduty", service, [told(RECOVERY)])
    assert service.alerts == {}
    deliver("pagerduty", service, [told(severity="ticket")])
    assert service.alerts == {"fNrYLMgXlmU": "warning"}
    assert orjson.loads(service.bodies[0])["links"] == [
        {"href": "https://slo.example/alerts/fNrYLMgXlmU", "text": "Read on"}
    ]


def test_jsm_creates_and_closes_by_alias() -> None:
    service = Jsm()
    outcomes, _ = deliver("jsm", service, [told()])
    assert outcomes[0] == Accepted("43a29c5c-3dbf-4fa4-9c26")
    assert list(service.open) == ["fNrYLMgXlmU"]
    assert service.open["fNrYLMgXlmU"]["details"]["sliValue"] == "98.7"
    deliver("jsm", service, [told(RECOVERY)])
    assert service.open == {}
    assert service.notes[0].startswith("[RECOVERY] Charts:")


def test_an_incident_is_one_alert_until_it_is_resolved() -> None:
    pager, desk = PagerDuty(), Jsm()
    for state, is_open in (("TRIAGE", True), ("IDENTIFIED", True), ("RESOLVED", False), ("CLOSED", False)):
        deliver("pagerduty", pager, [incident(state)])
        deliver("jsm", desk, [incident(state)])
        assert list(pager.alerts) == list(desk.open) == ["incident-i1"] * is_open


def test_stories_of_apps_with_the_longest_keys_are_told_apart() -> None:
    stories = [replace(standing(), thread=f"{'a' * 255}{last}-standing") for last in "xy"]
    pager, desk = PagerDuty(), Jsm()
    for service, name in ((pager, "pagerduty"), (desk, "jsm")):
        outcomes, _ = deliver(name, service, [*stories, *stories])
        assert all(isinstance(outcome, Accepted) for outcome in outcomes), outcomes
    assert len(pager.alerts) == 2
    assert set(pager.alerts) == set(desk.open)


def test_in_slack_nothing_of_others_is_a_mention_or_a_link() -> None:
    service = Slack()
    deliver("slack", service, [told(appDetails={"name": HOSTILE[1], "partnerName": None})])
    message = service.messages[0]
    assert "<" not in message["text"]
    markdown = [block["text"] for block in message["blocks"] if block.get("text", {}).get("type") == "mrkdwn"]
    assert all(text["text"].startswith("<https://slo.example/") and text["text"].count("<") == 1 for text in markdown)
    assert len(markdown) == 3


def test_in_teams_nothing_of_others_is_markdown() -> None:
    service = Teams()
    deliver("teams", service, [told(appDetails={"name": HOSTILE[2], "partnerName": None})])
    assert r"\[click\]\(https://evil.example\) \*\*bold\*\*" in service.cards[0]["body"][0]["text"]


@pytest.mark.parametrize("name", CHANNELS)
def test_nothing_secret_is_kept(name: str) -> None:
    _, messages = deliver(name, CHANNELS[name][3](), [told(), told(RECOVERY)])
    kept = repr([(message.body, message.headers) for message in messages])
    assert not any(secret in kept for secret in (KEY, SECRET, SECRET.removeprefix("whsec_"), "XXXX"))


# What answers mean


def outcome_of(act: Handler, reach: Reach = PRIVATE, *, timeout_s: float = 60) -> Outcome:
    async def main() -> Outcome:
        async with serving(act) as url, posting(reach, timeout_s=timeout_s) as posts:
            target = Target("t", "webhook", url)
            channel = WebhookChannel(posts)
            return await channel.send(channel.render(told(), target, "d", NOW), target)

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (200, {}, Accepted()),
        (204, {}, Accepted()),
        (400, {}, Permanent("400 why")),
        (401, {}, Unauthorised("401 why")),
        (403, {}, Unauthorised("403 why")),
        (404, {}, Permanent("404 why")),
        (408, {}, Temporary("408 why")),
        (413, {}, Permanent("413 why")),
        (429, {"Retry-After": "30"}, Temporary("429 why", 30, is_theirs=True)),
        (500, {}, Temporary("500 why")),
        (503, {"Retry-After": "7"}, Temporary("503 why", 7, is_theirs=True)),
        (504, {}, Temporary("504 why", is_theirs=True)),
    ],
)
def test_statuses(status: int, headers: dict[str, str], outcome: Outcome) -> None:
    async def act(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers=headers, text="" if status == 204 else "why\n")

    assert outcome_of(act) == outcome


@pytest.mark.parametrize(("status", "said"), [(301, "redirects"), (308, "redirects"), (410, "wants no more")])
def test_what_an_operator_has_to_change_is_said(status: int, said: str) -> None:
    async def act(_: web.Request) -> web.StreamResponse:
        return web.Response(status=status, headers={"Location": "http://169.254.169.254/"})

    outcome = outcome_of(act)
    assert isinstance(outcome, Permanent)
    assert said in outcome.why


def test_who_has_answered_410_is_not_called_again() -> None:
    called: list[str] = []

    async def act(request: web.Request) -> web.StreamResponse:
        called.append(request.path)
        return web.Response(status=410)

    async def main() -> list[Outcome]:
        async with serving(act) as url, posting(PRIVATE) as posts:
            channel = WebhookChannel(posts)
            targets = [Target(name, "webhook", f"{url}/{name}") for name in ("a", "b")]
            return [await channel.send(channel.render(told(), one, "d", NOW), one) for one in (*targets, *targets)]

    assert all(isinstance(outcome, Permanent) for outcome in asyncio.run(main()))
    assert called == ["/a", "/b"]


def test_whoever_does_not_answer_is_asked_again_later() -> None:
    async def act(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    assert outcome_of(act, timeout_s=0.5) == Temporary("no answer within 0.5 s", is_theirs=True)

    async def nobody() -> Outcome:
        with refusing() as url:
            async with posting(PRIVATE) as posts:
                target = Target("t", "webhook", url)
                channel = WebhookChannel(posts)
                return await channel.send(channel.render(told(), target, "d", NOW), target)

    outcome = asyncio.run(nobody())
    assert isinstance(outcome, Temporary)
    assert outcome.is_theirs


def test_an_address_that_is_not_public_is_not_called() -> None:
    called: list[Any] = []

    async def act(request: web.Request) -> web.StreamResponse:
        called.append(request)
        return web.Response()

    outcome = outcome_of(act, Reach())
    assert outcome == Permanent("the address may not be called: not https")
    assert not called
