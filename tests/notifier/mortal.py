"""`python -m tests.notifier.mortal`: notifiers to be killed at any moment, who take alerts in and mail them till then.

Each line of standard input, a `Post` as JSON, forks one: its process id is printed, and its address as soon as it is at
work, which is when a mail of its own was accepted. There is no broker: what a partition has at any offset is known
beforehand. Offsets and alerts are stored by the store of the service.
"""

import asyncio
import os
import signal
import sys
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
from aiokafka import TopicPartition

from streams.notifier.assembly import READER
from streams.notifier.channel import Accepted, Message, Outcome
from streams.notifier.mail.server import mail_server
from streams.notifier.mail.smtp import SmtpChannel
from streams.notifier.target import Target
from streams.settings import Settings
from streams.sink.store import PostgresStore
from streams.sink.work import Progress, SinkWork
from tests.notifier.office import SENDER, Office, breach, office, recovery

TOPIC: Final = "alerts"
_CHUNK: Final = 8
_PERIOD_S: Final = 0.05
_MOST_WAITING: Final = 40
_LONGEST_LIFE_S: Final = 300  # should nobody kill it
_WAITING: Final = """
select count(*) from slo.delivery where state = 'DUE' and (lease_until is null or lease_until < now())
"""


@dataclass(frozen=True, slots=True)
class Post:
    """Where it works: the partition that it takes in, and its name; the alerts there are of about `at_ms`."""

    url: str
    port: int
    partition: int
    at_ms: int
    name: str

    @property
    def address(self) -> str:
        """Whom its mails are from."""
        return f"{self.name}@{SENDER.domain}"

    def alerts(self, first: int, end: int) -> list[dict[str, Any]]:
        """Those at these offsets: breaches, each followed by its recovery."""
        found = []
        for offset in range(first, end):
            down = breach(f"app-{self.partition}-{offset // 2}", at_ms=self.at_ms)
            found.append(recovery(down) if offset % 2 else down)
        return found


class _Telling(SmtpChannel):
    """Says when the first mail was accepted."""

    is_at_work = False

    async def send(self, message: Message, target: Target) -> Outcome:
        outcome = await super().send(message, target)
        if isinstance(outcome, Accepted) and not self.is_at_work:
            self.is_at_work = True
            print(self._sender.address, flush=True)
        return outcome


async def _live(post: Post) -> None:
    sender = replace(SENDER, address=post.address)
    channel = _Telling(mail_server(f"smtp://127.0.0.1:{post.port}"), sender)
    async with office(post.url, post.port, channel=channel) as one, asyncio.TaskGroup() as both:
        one.courier._name = post.name
        both.create_task(one.courier.run())
        both.create_task(_take_in(one, post))


async def _take_in(one: Office, post: Post) -> None:
    """As much as is sent."""
    store = PostgresStore(Settings(), TopicPartition(TOPIC, post.partition), one.database, one.rows, reader=READER)
    await store.open()
    at = 0 if store.found is None else store.found.next_offset
    while True:
        [(waiting,)] = await one.database.run(_waiting)
        if waiting < _MOST_WAITING:
            await store.write(SinkWork(Progress(at + _CHUNK), one.read(*post.alerts(at, at + _CHUNK))))
            one.courier.wake.set()
            at += _CHUNK
        await asyncio.sleep(_PERIOD_S)


async def _waiting(connection: Any) -> list[Any]:
    found: list[Any] = await (await connection.execute(_WAITING)).fetchall()
    return found


def fork_each() -> None:
    """What they import is there when they begin."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them
    for line in sys.stdin:
        post = Post(**orjson.loads(line))
        pid = os.fork()
        if pid:
            print(pid, flush=True)
            continue
        try:
            signal.alarm(_LONGEST_LIFE_S)
            asyncio.run(_live(post))
        finally:
            os._exit(1)


if __name__ == "__main__":
    fork_each()
