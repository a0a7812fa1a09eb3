"""What several channels read from a notification: its details, its paragraphs, its few facts, its link. Pure."""

import hashlib
from collections.abc import Mapping
from typing import Final

from streams.incidents.entry import State
from streams.notifier.mail.words import Words, words_of
from streams.notifier.notification import OF_ALERTS, Kind, Notification
from streams.notifier.target import Target

_NOBODY: Final = Target("", "", "")
KEY_LENGTH: Final = 250
"""Characters of a key by which a receiver knows a story: what PagerDuty (255) and Opsgenie (250) take."""
_HASHED: Final = 16
_FEW: Final = ("appKey", "scope", "objective", "severity", "incidentId", "breachedAt")


def story_key(told: Notification) -> str:
    """The key that all messages of one story have, its thread; of one that is too long the rest is a hash."""
    if len(told.thread) <= KEY_LENGTH:
        return told.thread
    rest = hashlib.sha256(told.thread.encode()).hexdigest()[:_HASHED]
    return f"{told.thread[: KEY_LENGTH - _HASHED - 1]}-{rest}"


def is_over(told: Notification) -> bool:
    """Whether what was opened at the receiver is to be closed: a breach has recovered, an incident is resolved."""
    if told.kind in (Kind.INCIDENT, Kind.SEVERITY):
        state = told.data["facts"].get("state")
        return state is not None and not State(state).is_open
    return told.kind is Kind.RECOVERY


def details(told: Notification) -> dict[str, str]:
    """Each field of what is told, as text."""
    return dict(words_of(told, _NOBODY, None).facts)


def few_facts(told: Notification, words: Words) -> list[tuple[str, str]]:
    """What a person in a chat needs of the fields of an alert; of a notice all, which are few."""
    return [fact for fact in words.facts if told.kind not in OF_ALERTS or fact[0] in _FEW]


def row_text(row: Mapping[str, str]) -> str:
    """A line of a digest."""
    return f"{row['type']} {row['app']}: {row['metric']} {row['figures']}, {row['time']}"


def paragraphs(told: Notification, target: Target, public_url: str | None) -> list[str]:
    """What it says, the link last."""
    words = words_of(told, target, public_url)
    return [words.headline, *words.text, *(f"{one.text}: {one.url}" for one in words.links[:1])]


def link(told: Notification, public_url: str | None) -> str | None:
    """Where to read on."""
    links = words_of(told, _NOBODY, public_url).links
    return links[0].url if links else None
