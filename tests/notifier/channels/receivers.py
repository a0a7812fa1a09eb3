"""The services that notifications are posted to, as their published pages describe them: limits, keys, answers."""

import re
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from aiohttp import web
from cloudevents.core.bindings.http import HTTPMessage, from_binary_event
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from standardwebhooks import Webhook, WebhookVerificationError

KEY: Final = "R0UT1NGK3Y0123456789012345678901"
SECRET: Final = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


class Receiver:
    """Keeps what it accepted, and answers no to what breaks a rule."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one POST."""
        body = await request.read()
        assert request.method == "POST"
        assert request.content_type == "application/json"
        answer = self.answer(request, body)
        if answer.status < 300:
            self.bodies.append(body)
        return answer

    def answer(self, request: web.Request, body: bytes) -> web.Response:
        """What the service says."""
        raise NotImplementedError


class WebhookReceiver(Receiver):
    """Any endpoint that verifies Standard Webhooks and reads CloudEvents, both by their own libraries."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[CloudEvent] = []
        self.ids: list[str] = []

    def answer(self, request: web.Request, body: bytes) -> web.Response:
        headers = dict(request.headers)
        try:
            Webhook(SECRET).verify(body, headers)
        except WebhookVerificationError as problem:
            return web.Response(status=401, text=str(problem))
        event = from_binary_event(HTTPMessage(headers, body), JSONFormat())
        assert isinstance(event, CloudEvent)
        self.events.append(event)
        self.ids.append(request.headers["webhook-id"])
        return web.Response(status=204)


class PagerDuty(Receiver):
    """Events API v2."""

    def __init__(self) -> None:
        super().__init__()
        self.alerts: dict[str, str] = {}

    def answer(self, request: web.Request, body: bytes) -> web.Response:
        event = orjson.loads(body)
        faults = list(self._faults(request, body, event))
        if faults:
            document = {"status": "invalid event", "message": "Event object is invalid", "errors": faults}
            return web.json_response(document, status=400)
        key = event["dedup_key"]
        if event["event_action"] == "trigger":
            self.alerts[key] = event["payload"]["severity"]
        else:
            self.alerts.pop(key, None)
        return web.json_response({"status": "success", "message": "Event processed", "dedup_key": key}, status=202)

    def _faults(self, request: web.Request, body: bytes, event: dict[str, Any]) -> Any:
        payload = event.get("payload", {})
        if request.path != "/v2/enqueue" or len(body) > 512 * 1024:
            yield "no such event"
        if event.get("routing_key") != KEY:
            yield "'routing_key' is invalid (must be a 32 character integration key)"
        if event.get("event_action") not in ("trigger", "acknowledge", "resolve"):
            yield "'event_action' is invalid"
        if not 0 < len(event.get("dedup_key", "")) <= 255:
            yield "'dedup_key' is too long"
        if not 0 < len(payload.get("summary", "")) <= 1_024:
            yield "'payload.summary' is missing, blank or too long"
        if not payload.get("source") or payload.get("severity") not in ("critical", "error", "warning", "info"):
            yield "'payload.source' or 'payload.severity' is invalid"
        if datetime.fromisoformat(payload["timestamp"]).tzinfo is None:
            yield "'payload.timestamp' is invalid"
        if not all(link["href"].startswith("https://") and link["text"] for link in event.get("links", ())):
            yield "'links' is invalid"


class Jsm(Receiver):
    """Integration events of Jira Service Management Operations."""

    def __init__(self) -> None:
        super().__init__()
        self.open: dict[str, dict[str, Any]] = {}
        self.notes: list[str] = []

    def answer(self, request: web.Request, body: bytes) -> web.Response:
        if request.headers.get("Authorization") != f"GenieKey {KEY}":
            return web.json_response({"message": "Could not authenticate"}, status=401)
        alert = orjson.loads(body)
        if request.path == "/jsm/ops/integration/v2/alerts":
            details = alert.get("details", {})
            is_right = (
                0 < len(alert.get("message", "")) <= 130
                and len(alert.get("alias", "")) <= 512
                and len(alert.get("description", "")) <= 15_000
                and len(alert.get("entity", "")) <= 512
                and len(alert.get("source", "")) <= 100
                and len(alert.get("tags", ())) <= 20
                and all(len(tag) <= 50 for tag in alert.get("tags", ()))
                and sum(len(name) + len(value) for name, value in details.items()) <= 8_000
                and alert.get("priority") in ("P1", "P2", "P3", "P4", "P5")
            )
            if not is_right:
                return web.json_response({"message": "Request body is not processable"}, status=422)
            self.open[alert["alias"]] = alert
        else:
            found = re.fullmatch(r"/jsm/ops/integration/v2/alerts/([^/]+)/close", request.path)
            if found is None or request.query.get("identifierType") != "alias":
                return web.json_response({"message": "Alert does not exist"}, status=404)
            self.open.pop(found[1], None)
            self.notes.append(alert["note"])
        answer = {"result": "Request will be processed", "took": 0.1, "requestId": "43a29c5c-3dbf-4fa4-9c26"}
        return web.json_response(answer, status=202)


class Slack(Receiver):
    """An incoming webhook."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[dict[str, Any]] = []

    def answer(self, request: web.Request, body: bytes) -> web.Response:
        message = orjson.loads(body)
        if request.path != "/services/T0/B0/XXXX":
            return web.Response(status=404, text="no_service")
        blocks = message["blocks"]
        if not message.get("text"):
            return web.Response(status=400, text="no_text")
        if not 0 < len(blocks) <= 50 or not all(map(self._is_right, blocks)):
            return web.Response(status=400, text="invalid_blocks")
        self.messages.append(message)
        return web.Response(text="ok")

    def _is_right(self, block: dict[str, Any]) -> bool:
        if block["type"] == "header":
            return block["text"]["type"] == "plain_text" and 0 < len(block["text"]["text"]) <= 150
        if block["type"] != "section":
            return False
        fields = block.get("fields", [])
        has_text = "text" not in block or 0 < len(block["text"]["text"]) <= 3_000
        return has_text and len(fields) <= 10 and all(0 < len(field["text"]) <= 2_000 for field in fields)


class Teams(Receiver):
    """A workflow that posts the card of a webhook."""

    def __init__(self) -> None:
        super().__init__()
        self.cards: list[dict[str, Any]] = []

    def answer(self, request: web.Request, body: bytes) -> web.Response:
        if request.query.get("sig") != "XXXX":
            return web.Response(status=401, text="DirectApiAuthorizationRequired")
        if len(body) > 28 * 1024:
            return web.Response(status=413, text="RequestEntityTooLarge")
        message = orjson.loads(body)
        (attachment,) = message["attachments"]
        card = attachment["content"]
        if message["type"] != "message" or attachment["contentType"] != "application/vnd.microsoft.card.adaptive":
            return web.Response(status=400)
        if card["type"] != "AdaptiveCard" or float(card["version"]) > 1.5:
            return web.Response(status=400)
        assert {one["type"] for one in card["body"]} <= {"TextBlock", "FactSet"}
        assert all(one["url"].startswith("https://") for one in card["actions"])
        self.cards.append(card)
        return web.Response(status=202)


NOW: Final = datetime(2026, 3, 24, 15, 41, tzinfo=UTC)
