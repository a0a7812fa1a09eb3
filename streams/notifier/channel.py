"""The seam to whatever carries notifications: a channel renders one once, and sends those bytes until they arrived."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from streams.notifier.notification import Notification
from streams.notifier.target import Target

SEND_S: Final = 30.0
"""The longest that a channel lets one message take."""


@dataclass(frozen=True, slots=True)
class Message:
    """What is stored of a rendered notification, and sent: the same bytes at every attempt.

    `delivery_id` is its id for the receiver. Nothing of it is secret: what only the sending needs (a token, a
    signature) is added by `send`.
    """

    delivery_id: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The receiver has it; `remote_id` is its own name for it."""

    remote_id: str | None = None


@dataclass(frozen=True, slots=True)
class Temporary:
    """Not now. `retry_after_s`: when the receiver wants to be asked again.

    `is_theirs`: nothing gets through at all, as the other side is away: others wait, too, until one got through.
    """

    why: str
    retry_after_s: float | None = None
    is_theirs: bool = False


@dataclass(frozen=True, slots=True)
class Permanent:
    """Never: this message, or this receiver."""

    why: str


@dataclass(frozen=True, slots=True)
class Unauthorised:
    """The channel's own name or secret is refused: nothing goes by it until somebody mends that."""

    why: str


Outcome = Accepted | Temporary | Permanent | Unauthorised


class Channel(Protocol):
    """One way to reach targets. `name` is that of `channel` in the targets file.

    `at_once` is how many messages it is given to send side by side, `most_listed` how many alerts one digest may list:
    more become several, as every one is listed.
    """

    name: str
    at_once: int
    most_listed: int

    def pause_key(self, target: Target) -> str:
        """What is paused where nothing gets through: the channel's own server, called by the channel's `name`, or this
        target's, by `name + " " + target.id`.
        """

    def render(self, told: Notification, target: Target, delivery_id: str, now: datetime) -> Message:
        """The message, without any I/O; `now` is the database's time, aware, UTC."""

    async def send(self, message: Message, target: Target) -> Outcome:
        """Send it; limits its own time to `SEND_S`. What it raises counts as temporary."""

    async def close(self) -> None:
        """Let go of connections."""
