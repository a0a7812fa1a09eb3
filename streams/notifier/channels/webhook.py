"""Webhooks: a CloudEvent in binary mode, signed.

Sources: CloudEvents 1.0 and its HTTP binding (cloudevents.io); Standard Webhooks 1.0 (standardwebhooks.com).
"""

from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from standardwebhooks import Webhook

from streams.compact import compact_json
from streams.notifier.channel import Message
from streams.notifier.channels.http import JSON, HttpChannel, Request
from streams.notifier.mail.trace import traceparent
from streams.notifier.notification import Notification
from streams.notifier.target import Target
from streams.outbound.post import Poster
from streams.outlet.alert import SOURCE

_AS_IT_IS: Final = "".join(map(chr, range(0x21, 0x7F))).replace('"', "").replace("%", "")  # the binding, 3.1.3.2


class WebhookChannel(HttpChannel):
    """Posts the object of the alert, or what else there is to tell, as it is kept.

    `secret` signs for targets that have none of their own; several, with spaces between, while one replaces another.
    """

    name = "webhook"

    def __init__(self, posts: Poster, secret: str | None = None) -> None:
        super().__init__(posts)
        self._secret = secret

    def render(self, told: Notification, target: Target, delivery_id: str, now: datetime) -> Message:
        """The event: its id is the notification's, and that of the message the delivery's."""
        happened = datetime.fromtimestamp(told.time_ms / 1_000, UTC).isoformat(timespec="milliseconds")
        attributes = {
            "ce-specversion": "1.0",
            "ce-id": told.id,
            "ce-source": SOURCE,
            "ce-type": f"slo-streams.{told.kind.lower()}.v1",
            "ce-time": happened.replace("+00:00", "Z"),
            **({"ce-subject": told.app_key} if told.app_key else {}),
        }
        headers = {name: quote(value, safe=_AS_IT_IS) for name, value in attributes.items()}
        trace = {"traceparent": traceparent(told.thread, delivery_id)}
        return Message(delivery_id, compact_json(told.for_programs), {**JSON, **headers, **trace})

    def request(self, message: Message, target: Target, now: datetime) -> Request:
        """Signed with the time of this attempt, for receivers refuse what is older than minutes."""
        headers = {**message.headers, "webhook-id": message.delivery_id}
        secret = target.secret or self._secret
        if secret is not None:
            text = message.body.decode()
            signatures = [Webhook(one).sign(message.delivery_id, now, text) for one in secret.split()]
            headers |= {"webhook-timestamp": str(int(now.timestamp())), "webhook-signature": " ".join(signatures)}
        return Request(target.address, message.body, headers)
