"""Slack: an incoming webhook, with blocks inside their limits. Source: Slack's Block Kit reference."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from streams.compact import compact_json
from streams.notifier.channel import Message
from streams.notifier.channels.http import JSON, HttpChannel, Request
from streams.notifier.channels.reading import few_facts, row_text
from streams.notifier.mail.names import shortened
from streams.notifier.mail.subject import subject
from streams.notifier.mail.words import Link, words_of
from streams.notifier.notification import Notification
from streams.notifier.target import Target

HEADER_LENGTH: Final = 150
TEXT_LENGTH: Final = 3_000
FIELD_LENGTH: Final = 2_000
FIELDS: Final = 10
BLOCKS: Final = 50
ROWS: Final = 100
_ROWS_IN_A_BLOCK: Final = 10
_ROW_LENGTH: Final = TEXT_LENGTH // _ROWS_IN_A_BLOCK - 1


class SlackChannel(HttpChannel):
    """All that others named is plain text, in which nothing is a link or a mention."""

    name = "slack"
    most_listed = ROWS

    def render(self, told: Notification, target: Target, delivery_id: str, now: datetime) -> Message:
        """Headline, what it means, its few facts, where to read on."""
        line = subject(told)
        words = words_of(told, target, self.public_url)
        header = {"type": "header", "text": _plain(line, HEADER_LENGTH)}
        sections = [
            {"type": "section", "text": _plain(text, TEXT_LENGTH)} for text in (*words.text, *_rows(words.rows))
        ]
        blocks: list[dict[str, Any]] = [header, *sections[: BLOCKS - 6]]
        if found := few_facts(told, words):
            fields = [_plain(f"{name}: {value}", FIELD_LENGTH) for name, value in found[:FIELDS]]
            blocks.append({"type": "section", "fields": fields})
        links = map(_link, words.links)
        blocks += [{"type": "section", "text": link} for link in links if len(link["text"]) <= TEXT_LENGTH]
        body = {"text": escaped(line), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}
        return Message(delivery_id, compact_json(body), JSON)

    def request(self, message: Message, target: Target, now: datetime) -> Request:
        """The address is the secret."""
        return Request(target.address, message.body, message.headers)


def escaped(text: str) -> str:
    """Text of others where Slack would make links and mentions of it."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _plain(text: str, most: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": shortened(text, most), "emoji": False}


def _link(link: Link) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": f"<{escaped(link.url)}|{escaped(link.text)}>", "verbatim": True}


def _rows(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """A digest, some lines a block."""
    lines = [shortened(row_text(row), _ROW_LENGTH) for row in rows]
    return ["\n".join(lines[at : at + _ROWS_IN_A_BLOCK]) for at in range(0, len(lines), _ROWS_IN_A_BLOCK)]
