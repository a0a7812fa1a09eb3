"""All targets that were set up, and which of them are to hear of something."""

from collections.abc import Iterable
from dataclasses import replace

from streams.notifier.notification import Notification
from streams.notifier.target import SMTP, Target, catalogue_target


class Targets:
    """The targets of the file; those of the catalogue come with each alert."""

    def __init__(self, targets: Iterable[Target] = ()) -> None:
        self._by_id = {target.id: target for target in targets}

    def wanting(self, told: Notification, email: str | None = None) -> list[Target]:
        """Who is to hear of this; `email` is the catalogue's for the app that it is of."""
        implicit = [] if email is None else [catalogue_target(email)]
        return [target for target in (*implicit, *self._by_id.values()) if target.wants(told)]

    def of_partners(self, told: Notification) -> list[Target]:
        """Those of any partner who want to hear of such things."""
        return [
            target
            for target in self._by_id.values()
            if target.partner is not None and target.wants(replace(told, partner=target.partner))
        ]

    def find(self, channel: str, target_id: str) -> Target | None:
        """The target of a delivery; None: it was taken out of the file since."""
        target = self._by_id.get(target_id)
        if target is None and channel == SMTP and "@" in target_id:
            return catalogue_target(target_id)
        return target if target is not None and target.channel == channel else None
