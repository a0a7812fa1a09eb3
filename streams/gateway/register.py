"""The operator's side of the installations: read from files, written to their topic, looked at."""

from collections.abc import Container, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import orjson
from pydantic import AliasChoices, BaseModel, ConfigDict, Field, SecretStr, ValidationError

from schemas import Installation, complaint
from schemas.fields import Text
from streams.client.producer import acknowledged_producer
from streams.gateway.installations import Installations, Installed
from streams.gateway.settings import GatewaySettings
from streams.gateway.topics_needed import installations_topic
from streams.gateway.vault import LockedError, Vault
from streams.kafka.reader import read_to_end, topic_reader
from streams.kafka.rights import READ, WRITE
from streams.kafka.topic_setup import ensure_topics

LONGEST_GRACE_MS: Final = 7 * 86_400_000
"""How long a former secret may stay good."""

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


async def store_with_grace(
    settings: GatewaySettings, vault: Vault, records: Mapping[str, Installation], until: str
) -> None:
    """Write installations; the secret that one had before for the same app and product stays good until then.

    Raises:
        KafkaError, UnusableClusterError: as `store`.
    """
    topic = installations_topic(settings)
    await ensure_topics(settings, [topic], {topic.name: READ + WRITE})
    before = await _newest(settings, records)
    await store(settings, [(key, _following(before.get(key), new, until, vault)) for key, new in records.items()])


def _following(old: Installation | None, new: Installation, until: str, vault: Vault) -> Installation:
    """The new record with the secret of the old one; where that is still the same, with what went before it."""
    if old is None or (old.app_key, old.product) != (new.app_key, new.product):
        return new
    try:
        is_same = vault.open(old) == vault.open(new)
    except LockedError:
        return new
    secret, good_until = (old.former_secret, old.former_until) if is_same else (old.secret, until)
    return new.model_copy(update={"former_secret": secret, "former_until": good_until})


async def _newest(settings: GatewaySettings, client_keys: Container[str]) -> dict[str, Installation]:
    """The newest records of these, where they can be read."""
    found: dict[str, Installation] = {}
    async with topic_reader(settings, settings.topics.installations) as (consumer, tps):
        async for record in read_to_end(consumer, tps):
            key = (record.key or b"").decode(errors="replace")
            found.pop(key, None)
            if key in client_keys and record.value:
                with suppress(ValidationError):
                    found[key] = Installation.model_validate_json(record.value)
    return found


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
