"""Whatever else apprise can reach: chats, push services, SMS. Its library comes with the extra `chat`, loaded here.

It connects by itself: it looks names up anew, follows redirects, and tells a refusal for good from one for now only in
words. So it is for targets of the platform alone, and what it does not deliver is tried again until it is too old.
"""

import asyncio
from datetime import datetime
from importlib.util import find_spec
from typing import Any, Final

import orjson

from streams.compact import compact_json
from streams.notifier.channel import SEND_S, Accepted, Message, Outcome, Temporary
from streams.notifier.channels.reading import few_facts, is_over, row_text
from streams.notifier.mail.subject import subject
from streams.notifier.mail.words import words_of
from streams.notifier.notification import Kind, Notification
from streams.notifier.target import Target

APPRISE: Final = "apprise"
MISSING: Final = "needs a library that is not installed: pip install 'slo-streams[chat]'"
ROWS: Final = 100
_WHY: Final = 200  # characters
_MAIL: Final = ("mailto", "mailtos")


class ChatChannel:
    """Text and nothing else: none of it is markup, wherever it ends up."""

    name = APPRISE
    at_once = 4
    most_listed = ROWS

    def __init__(self, public_url: str | None = None) -> None:
        self._public_url = public_url

    def pause_key(self, target: Target) -> str:
        """Each address is a service of its own."""
        return f"{self.name} {target.id}"

    def render(self, told: Notification, target: Target, delivery_id: str, now: datetime) -> Message:
        """Headline, what it means, its few facts, the lines of a digest, where to read on."""
        words = words_of(told, target, self._public_url)
        rows = [row_text(row) for row in words.rows]
        facts = [f"{name}: {value}" for name, value in few_facts(told, words)]
        links = [f"{link.text}: {link.url}" for link in words.links]
        parts = ["\n".join(words.text), "\n".join(facts), "\n".join(rows), "\n".join(links)]
        document = {
            "title": subject(told),
            "body": "\n\n".join(filter(None, parts)),
            "type": "success" if is_over(told) else "failure" if told.kind is Kind.BREACH else "info",
        }
        return Message(delivery_id, compact_json(document))

    async def send(self, message: Message, target: Target) -> Outcome:
        """Hand it over, and wait for what the service says."""
        document = orjson.loads(message.body)
        sender = await asyncio.to_thread(_sender, target.address)
        if sender is None:
            return Temporary(MISSING if not is_installed() else "apprise does not know this kind of address")
        result = await sender.async_notify(
            title=document["title"],
            body=document["body"],
            notify_type=document["type"],
            body_format="text",
            timeout=SEND_S - 1,
        )
        if result:
            return Accepted()
        said = " ".join(line.message for one in result.results for attempt in one.attempts for line in attempt.logs)
        return Temporary(" ".join(said.split())[:_WHY] or f"apprise says {result.status.name}")

    async def close(self) -> None:
        """It keeps nothing open."""


def is_installed() -> bool:
    """Whether the extra `chat` is."""
    return find_spec(APPRISE) is not None


def check_apprise_url(address: str) -> None:
    """Whether apprise knows what to do with an address.

    Raises:
        ValueError: it does not, or is not installed; says what to do, and nothing of the address.
    """
    scheme = address.partition("://")[0].lower()
    if scheme in _MAIL:
        raise ValueError("is mail, which has a channel of its own: smtp")
    if not is_installed():
        raise ValueError(MISSING)
    if _sender(address) is None:
        raise ValueError("is no URL that apprise knows, as discord:// or ntfys:// with what belongs behind it")


def _sender(address: str) -> Any:
    """What sends to one address; None: there is none. Loading the library takes a second or two."""
    if not is_installed():
        return None
    import apprise

    asset = apprise.AppriseAsset(app_id="slo-streams", app_desc="Breaches, recoveries, incidents", app_url="")
    sender = apprise.Apprise(asset=asset)
    return sender if sender.add(address) else None
