"""`python -m tests.notifier.clerk URL PORT STEP NTH`: a notifier that is killed at a step of its work.

Steps: `claim`, before it is committed; `send`, before anything is sent; `sent`, when the server has a mail;
`record`, before that is committed; `none`. It works until nothing is due, and ends.
"""

import asyncio
import os
import signal
import sys
from typing import Any

from streams.database.patient import Connection
from streams.notifier import courier as courier_module
from streams.notifier.channel import Message, Outcome
from streams.notifier.claim import claim
from streams.notifier.mail.smtp import SmtpChannel
from streams.notifier.record import record
from streams.notifier.target import Target
from tests.notifier.office import office

LEASE_S = 1.0


class Killer:
    """Ends this process at the nth time that a step is come to."""

    def __init__(self, step: str, nth: int) -> None:
        self._step, self._left = step, nth

    def at(self, step: str) -> None:
        if step == self._step:
            self._left -= 1
            if not self._left:
                os.kill(os.getpid(), signal.SIGKILL)


async def work(url: str, port: int, killer: Killer) -> None:
    """Until nothing is due."""
    send = SmtpChannel.send

    async def killing_claim(connection: Connection, *rest: Any) -> Any:
        claimed = await claim(connection, *rest)
        killer.at("claim")
        return claimed

    async def killing_record(connection: Connection, channel: str, by: str, sent: Any, *rest: Any) -> None:
        await record(connection, channel, by, sent, *rest)
        if sent:
            killer.at("record")

    async def killing_send(self: SmtpChannel, message: Message, target: Target) -> Outcome:
        killer.at("send")
        outcome = await send(self, message, target)
        killer.at("sent")
        return outcome

    for place, name, function in (
        (courier_module, "claim", killing_claim),
        (courier_module, "record", killing_record),
        (SmtpChannel, "send", killing_send),
    ):
        setattr(place, name, function)
    async with office(url, port) as one:
        one.courier._lease_s = LEASE_S
        await one.work(1_000)


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], int(sys.argv[2]), Killer(sys.argv[3], int(sys.argv[4]))))
