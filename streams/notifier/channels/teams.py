"""Microsoft Teams: a workflow that takes a webhook and posts a card.

Sources: Adaptive Cards 1.4; the limit of 28 KB of the Teams connector.
"""

import re
from datetime import datetime
from typing import Any, Final

from streams.compact import compact_json
from streams.notifier.channel import Message
from streams.notifier.channels.http import JSON, HttpChannel, Request
from streams.notifier.channels.reading import few_facts, row_text
from streams.notifier.mail.names import shortened
from streams.notifier.mail.subject import subject
from streams.notifier.mail.words import words_of
from streams.notifier.notification import Notification
from streams.notifier.target import Target

MOST_BYTES: Final = 28_000
ROWS: Final = 50
_TEXT_LENGTH: Final = 2_000
_FACT_LENGTH: Final = 500
_COLOURS: Final = {"breach": "Attention", "recovery": "Good"}
_ACTING: Final = re.compile(r"([\\`*_\[\]()#<>~|])")  # what Markdown makes something of


class TeamsChannel(HttpChannel):
    """One card for each message."""

    name = "teams"
    most_listed = ROWS

    def render(self, told: Notification, target: Target, delivery_id: str, now: datetime) -> Message:
        """The card; the lines of a digest only as long as there is room for all of them."""
        line = subject(told)
        words = words_of(told, target, self.public_url)
        title = {"size": "Medium", "weight": "Bolder", "color": _COLOURS.get(words.state, "Default")}
        head = [{**_text(line), **title}, *map(_text, words.text)]
        if found := few_facts(told, words):
            facts = [
                {"title": escaped(name), "value": escaped(shortened(value, _FACT_LENGTH))} for name, value in found
            ]
            head.append({"type": "FactSet", "facts": facts})
        rows = [row_text(row) for row in words.rows]
        actions = [{"type": "Action.OpenUrl", "title": link.text, "url": link.url} for link in words.links]
        body = _card(head, rows, actions)
        longest = max(map(len, rows), default=0)
        while len(body) > MOST_BYTES and longest > 1:
            longest = longest * 3 // 4
            body = _card(head, [shortened(row, longest) for row in rows], actions)
        return Message(delivery_id, body, JSON)

    def request(self, message: Message, target: Target, now: datetime) -> Request:
        """The address is the secret."""
        return Request(target.address, message.body, message.headers)


def escaped(text: str) -> str:
    """Text that is only shown."""
    return _ACTING.sub(r"\\\1", text)


def _text(text: str) -> dict[str, Any]:
    return {"type": "TextBlock", "text": escaped(shortened(text, _TEXT_LENGTH)), "wrap": True}


def _card(head: list[dict[str, Any]], rows: list[str], actions: list[dict[str, Any]]) -> bytes:
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "msteams": {"width": "Full"},
        "body": [*head, *map(_text, rows)],
        "actions": actions,
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return compact_json({"type": "message", "attachments": [attachment]})
