"""Jira Service Management Operations, and Opsgenie, whose form it has: a breach creates, a recovery closes by alias.

Source: its Integration events API; a close by alias is asked for by `identifierType`.
"""

from datetime import datetime
from typing import Final
from urllib.parse import quote

import orjson

from streams.compact import compact_json
from streams.notifier.channel import Accepted, Message
from streams.notifier.channels.http import JSON, HttpChannel, Request
from streams.notifier.channels.reading import details, is_over, paragraphs, story_key
from streams.notifier.mail.names import shortened
from streams.notifier.mail.subject import subject
from streams.notifier.notification import OF_ALERTS, Notification
from streams.notifier.target import PAGE, Target
from streams.notifier.target_file.address import url_and_key
from streams.outbound.post import Answer

MESSAGE_LENGTH: Final = 130
DESCRIPTION_LENGTH: Final = 15_000
DETAILS_LENGTH: Final = 8_000
SOURCE_LENGTH: Final = 100
_ACTION: Final = ":action"  # no header of HTTP: what the URL ends with


class JsmChannel(HttpChannel):
    """`alias` is the incident's id."""

    name = "jsm"

    def render(self, told: Notification, target: Target, delivery_id: str, now: datetime) -> Message:
        """The alert, or the note that closes it."""
        alias = story_key(told)
        line = subject(told)
        if is_over(told):
            body: dict[str, object] = {"source": "slo-streams", "note": line}
            action = f"/{quote(alias, safe='')}/close?identifierType=alias"
            return Message(delivery_id, compact_json(body), {**JSON, _ACTION: action})
        text = "\n\n".join(paragraphs(told, target, self.public_url))
        body = {
            "message": shortened(line, MESSAGE_LENGTH),
            "alias": alias,
            "description": shortened(text, DESCRIPTION_LENGTH),
            "source": "slo-streams",
            "tags": ["slo-streams", told.kind.lower()],
            "details": _within(details(told)),
            "priority": "P1" if told.severity == PAGE and told.kind in OF_ALERTS else "P3",
            **({"entity": told.app_key} if told.app_key else {}),
        }
        return Message(delivery_id, compact_json(body), JSON)

    def request(self, message: Message, target: Target, now: datetime) -> Request:
        """With the key of the integration."""
        url, key = url_and_key(target)
        headers = {name: value for name, value in message.headers.items() if name != _ACTION}
        path = message.headers.get(_ACTION, "")
        return Request(f"{url.rstrip('/')}{path}", message.body, {**headers, "Authorization": f"GenieKey {key}"})

    def accepted(self, answer: Answer) -> Accepted:
        """It is done later; the request has a name to ask for."""
        try:
            return Accepted(str(orjson.loads(answer.text)["requestId"])[:SOURCE_LENGTH])
        except (orjson.JSONDecodeError, KeyError, TypeError):
            return Accepted()


def _within(found: dict[str, str]) -> dict[str, str]:
    """The details, as many as it takes."""
    kept, left = dict[str, str](), DETAILS_LENGTH
    for name, value in found.items():
        left -= len(name) + len(value)
        if left < 0:
            break
        kept[name] = value
    return kept
