"""The operator's side of the installations: read from files, written to their topic, looked at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from schemas import Installation, complaint
from schemas.fields import Text
from streams.client.producer import acknowledged_producer
from streams.gateway.installations import Installations, Installed
from streams.gateway.settings import GatewaySettings
from streams.gateway.topics import installations_topic
from streams.gateway.vault import Vault
from streams.kafka.reader import topic_reader
from streams.kafka.rights import READ, WRITE
from streams.kafka.topics import ensure_topics

SAFE_BYTES: Final = 32
"""Of a secret; RFC 7518 asks for as many as HS256 has."""


class InvalidInstallationsError(Exception):
    """A list of installations cannot be used; the message has a line for each fault, and shows no secret."""


class NewInstallation(BaseModel):
    """One entry of a list; the payload of Connect's `installed` callback is one, too."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    client_key: Text = Field(alias="clientKey")
    app_key: Text = Field(validation_alias=AliasChoices("appKey", "key"))
    product: Text = Field(validation_alias=AliasChoices("product", "productType"))
    secret: SecretStr = Field(alias="sharedSecret", min_length=1, max_length=1_024)

    @property
    def is_weak(self) -> bool:
        """Whether its secret is shorter than it should be."""
        return len(self.secret.get_secret_value().encode()) < SAFE_BYTES

    def sealed(self, vault: Vault) -> Installation:
        """The record, its secret encrypted. Connect writes products in lower case: `jira` is `Jira`."""
        product = self.product.capitalize() if self.product.islower() else self.product
        return vault.seal(self.client_key, self.app_key, product, self.secret.get_secret_value())


def read_list(content: bytes) -> list[NewInstallation]:
    """Installations of a JSON object, a JSON array of them, or one object a line.

    Raises:
        InvalidInstallationsError: with every fault.
    """
    found, faults = [], []
    for place, entry in _entries(content):
        try:
            found.append(NewInstallation.model_validate(entry))
        except ValidationError as problem:
            faults.append(f"{place}: {complaint(problem)}")
    if not (found or faults):
        faults.append('no installation: write {"clientKey": ..., "appKey": ..., "product": ..., "sharedSecret": ...}')
    if faults:
        raise InvalidInstallationsError("\n".join(faults))
    return found


def _entries(content: bytes) -> Iterator[tuple[str, Any]]:
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError:
        for number, line in enumerate(content.split(b"\n"), 1):
            if line.strip():
                yield f"line {number}", _line(line, number)
        return
    for number, entry in enumerate(document if isinstance(document, list) else [document], 1):
        yield f"entry {number}", entry


def _line(line: bytes, number: int) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError as problem:
        raise InvalidInstallationsError(f"line {number}: not JSON: {problem.msg}") from None


@dataclass(frozen=True, slots=True)
class Listed:
    """What is on the topic: the open installations, and the client keys of closed ones with the reason."""

    open: list[Installed]
    closed: dict[str, str]


async def store(settings: GatewaySettings, records: Sequence[tuple[str, Installation | None]]) -> None:
    """Write installations by their client keys, None to remove one; done when all replicas have them.

    Raises:
        KafkaError: no broker answers.
        UnusableClusterError: the topic is missing and cannot be created, or cannot be used.
    """
    topic = installations_topic(settings)
    await ensure_topics(settings, [topic], {topic.name: READ + WRITE})
    async with acknowledged_producer(settings) as producer:
        for client_key, record in records:
            value = None if record is None else orjson.dumps(record.model_dump())
            await producer.send_and_wait(topic.name, value, client_key.encode())


async def listed(settings: GatewaySettings) -> Listed:
    """The installations as they are now, by client key.

    Raises:
        MissingTopicError: there never was one.
        KafkaError: no broker answers.
    """
    installations = Installations(Vault(settings.read_installation_keys()))
    async with topic_reader(settings, settings.topics.installations) as (consumer, tps):
        await installations.read(consumer, tps)
    return Listed(sorted(installations, key=lambda one: one.client_key), dict(sorted(installations.closed.items())))
