"""Who may publish: the installations, as the newest record of each says, followed as they change.

A new secret holds from the moment its record is read, within a second or so; the former one as long as the record says.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from pydantic import ValidationError

from schemas import Installation, complaint
from schemas.event_time import epoch_ms
from streams.gateway.vault import LockedError, Vault
from streams.kafka.reader import read_to_end

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Installed:
    """An app in a customer's product, and the secret that its tokens are signed with.

    A former secret is good until `former_until_s`, epoch seconds.
    """

    client_key: str
    app_key: str
    product: str
    secret: str = field(repr=False)
    former_secret: str | None = field(default=None, repr=False)
    former_until_s: float = 0.0

    def secrets(self, now_s: float) -> tuple[str, ...]:
        """Those that are good at a time, epoch seconds: the newest first."""
        if self.former_secret is None or now_s >= self.former_until_s:
            return (self.secret,)
        return (self.secret, self.former_secret)


class Installations:
    """Every installation by its client key. A record that cannot be used closes its installation: nobody is let in.

    `closed` has those, with the reason.
    """

    def __init__(self, vault: Vault) -> None:
        self._vault = vault
        self._open: dict[str, Installed] = {}
        self.closed: dict[str, str] = {}
        self.is_complete = False

    def __iter__(self) -> Iterator[Installed]:
        return iter(self._open.values())

    def __len__(self) -> int:
        return len(self._open)

    def find(self, client_key: str) -> Installed | None:
        """The open installation with this client key."""
        return self._open.get(client_key)

    def apply(self, key: bytes | None, value: bytes | None) -> None:
        """Take the newest record of an installation: new, changed, or, without a value, removed."""
        client_key = (key or b"").decode(errors="replace")
        self._open.pop(client_key, None)
        self.closed.pop(client_key, None)
        if not value:
            return
        try:
            self._open[client_key] = self._opened(key, value)
        except ValidationError as problem:
            self.closed[client_key] = complaint(problem)
        except (LockedError, orjson.JSONDecodeError) as problem:
            self.closed[client_key] = str(problem)
        if client_key in self.closed:
            log.warning("installation %s is closed: %s", client_key, self.closed[client_key])

    def _opened(self, key: bytes | None, value: bytes) -> Installed:
        record = Installation.model_validate(orjson.loads(value))
        if record.client_key.encode() != key:
            raise LockedError("its key is not its clientKey")
        until_s = 0.0 if record.former_until is None else epoch_ms(record.former_until) / 1_000
        return Installed(
            record.client_key,
            record.app_key,
            record.product,
            self._vault.open(record),
            self._vault.open_former(record),
            until_s,
        )

    async def read(self, consumer: AIOKafkaConsumer, tps: Sequence[TopicPartition]) -> None:
        """Read the topic to its present end.

        Raises:
            KafkaError: the brokers do not answer.
        """
        async for record in read_to_end(consumer, tps):
            self.apply(record.key, record.value)
        self.is_complete = True

    async def follow(self, consumer: AIOKafkaConsumer) -> None:
        """Go on reading, for ever.

        Raises:
            KafkaError: this cannot be done any more.
        """
        while True:
            for records in (await consumer.getmany(timeout_ms=1_000)).values():
                for record in records:
                    self.apply(record.key, record.value)
