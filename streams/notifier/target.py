"""Who is told: a target of the targets file, or the mail address that the catalogue has for an app."""

import hashlib
from dataclasses import dataclass, field
from typing import Final

from streams.notifier.notification import OF_ALERTS, Kind, Notification

SMTP: Final = "smtp"
PAGE: Final = "page"


@dataclass(frozen=True, slots=True)
class Target:
    """Somebody, or something, that is told of some things by one channel.

    `partner` and `app` limit it to one of them; None: all. `events` and `severities` limit it to some kinds, and to
    some severities of alerts; empty: all. One with a `role` also hears all that is addressed to that role. A `machine`
    gets every notification by itself, however many; a person a digest when they are too many. `timezone` is an IANA
    zone that times are shown in beside UTC. `address` may hold a secret, and `secret` is one: neither is for logs.
    """

    id: str
    channel: str
    address: str = field(repr=False)
    partner: str | None = None
    app: str | None = None
    events: frozenset[Kind] = frozenset()
    severities: frozenset[str] = frozenset()
    role: str | None = None
    machine: bool = False
    timezone: str = "UTC"
    secret: str | None = field(default=None, repr=False)

    @property
    def is_of_the_catalogue(self) -> bool:
        """Whether nobody set it up: it is an app's own address."""
        return self.channel == SMTP and self.id == self.address

    def wants(self, told: Notification) -> bool:
        """Whether it is to hear of this."""
        if told.role is not None:
            return told.role == self.role
        is_theirs = self.partner in (None, told.partner) and self.app in (None, told.app_key)
        is_asked = not self.events or told.kind in self.events
        is_grave = not self.severities or told.kind not in OF_ALERTS or told.severity in self.severities
        return is_theirs and is_asked and is_grave

    def delivery_id(self, notification_id: str) -> str:
        """The id of a notification's way to this target: the same, however often it is worked out."""
        return f"{notification_id}.{target_hash(self.channel, self.id)}"


def target_hash(channel: str, target_id: str) -> str:
    """A target in ten characters that tell nothing of it."""
    return hashlib.sha256(f"{channel}{target_id}".encode()).hexdigest()[:10]


def catalogue_target(email: str) -> Target:
    """The target that an app's entry in the catalogue is by itself: one mail for each alert of severity `page`."""
    return Target(email, SMTP, email, severities=frozenset({PAGE}), machine=True)
