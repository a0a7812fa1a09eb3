"""A message that says that it is a test. Pure."""

from datetime import UTC, datetime

from streams.notifier.channel import Channel, Message
from streams.notifier.notification import Kind, Notification, notice
from streams.notifier.target import Target


def trial(channel: Channel, target: Target, now_ms: int) -> Message:
    """What is sent to try a target out at a time, in epoch milliseconds."""
    text = "Nothing has happened. Somebody asked for this message with `slo-streams targets send-test`."
    data = notice(f"Test of the target {target.id}", [text], {"target": target.id, "channel": target.channel})
    told = Notification(f"test-{target.id}-{now_ms}", Kind.TEST, f"test-{target.id}", now_ms, data)
    return channel.render(told, target, target.delivery_id(told.id), datetime.fromtimestamp(now_ms / 1_000, UTC))
