"""PagerDuty: a breach triggers, a recovery resolves. Source: its Events API v2, with the limits that it names."""

from datetime import UTC, datetime
from typing import Any, Final

import orjson

from streams.compact import compact_json
from streams.notifier.channel import Accepted, Message
from streams.notifier.channels.http import JSON, HttpChannel, Request
from streams.notifier.channels.reading import details, is_over, link, story_key
from streams.notifier.mail.names import shortened
from streams.notifier.mail.subject import subject
from streams.notifier.notification import OF_ALERTS, Notification
from streams.notifier.target import PAGE, Target
from streams.notifier.target_file.address import url_and_key
from streams.outbound.post import Answer

SUMMARY_LENGTH: Final = 1_024
_SAID_LENGTH: Final = 200


class PagerDutyChannel(HttpChannel):
    """`dedup_key` is the incident's id: what is told again folds into the alert that is open."""

    name = "pagerduty"

    def render(self, told: Notification, target: Target, delivery_id: str, now: datetime) -> Message:
        """All but the key of the integration."""
        event: dict[str, Any] = {
            "event_action": "resolve" if is_over(told) else "trigger",
            "dedup_key": story_key(told),
            "client": "slo-streams",
            "payload": {
                "summary": shortened(subject(told), SUMMARY_LENGTH),
                "source": told.app_key or "slo-streams",
                "severity": _severity(told),
                "timestamp": datetime.fromtimestamp(told.time_ms / 1_000, UTC).isoformat(timespec="milliseconds"),
                "custom_details": details(told),
            },
        }
        if told.kind in OF_ALERTS:
            event["payload"] |= {"component": told.data["scope"], "class": told.data["metricId"]}
        if told.partner:
            event["payload"]["group"] = told.partner
        if url := link(told, self.public_url):
            event |= {"client_url": url, "links": [{"href": url, "text": "Read on"}]}
        return Message(delivery_id, compact_json(event), JSON)

    def request(self, message: Message, target: Target, now: datetime) -> Request:
        """With the key of the integration."""
        url, key = url_and_key(target)
        return Request(url, compact_json({"routing_key": key, **orjson.loads(message.body)}), message.headers)

    def accepted(self, answer: Answer) -> Accepted:
        """PagerDuty repeats the key."""
        return Accepted(shortened(answer.text, _SAID_LENGTH))


def _severity(told: Notification) -> str:
    if told.kind not in OF_ALERTS:
        return "info"
    return "critical" if told.severity == PAGE else "warning"
