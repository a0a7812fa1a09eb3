"""Users and rights on a Kafka under test: SCRAM users and ACLs, set by an administrator.

Numbers are those of the Kafka protocol: AlterUserScramCredentials (KIP-554) and CreateAcls (KIP-140, KIP-290).
"""

import hashlib
import os
from collections.abc import Iterable
from enum import IntEnum
from typing import Any, Final, NamedTuple

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import CreateAclsRequest
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    CompactArray,
    CompactBytes,
    CompactString,
    Int8,
    Int16,
    Int32,
    Schema,
    TaggedFields,
)

_SCRAM_SHA_512: Final = 2
_ITERATIONS: Final = 4096
_DENY: Final = 2
_ALLOW: Final = 3


class On(IntEnum):
    """What a right is on."""

    TOPIC = 2
    GROUP = 3
    TRANSACTIONAL_ID = 5


class Match(IntEnum):
    """Whether a name is a whole one or the beginning of many."""

    LITERAL = 3
    PREFIXED = 4


class May(IntEnum):
    """What may be done."""

    READ = 3
    WRITE = 4
    CREATE = 5
    DESCRIBE = 8


class Right(NamedTuple):
    """One line of an access control list, for a user yet to be named."""

    on: On
    name: str
    may: May
    match: Match = Match.LITERAL


class _AlterScramResponse(Response):  # type: ignore[misc]
    API_KEY = 51
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "results",
            CompactArray(
                ("user", CompactString()),
                ("error_code", Int16),
                ("error_message", CompactString()),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _AlterScramStruct(RequestStruct):  # type: ignore[misc]
    API_KEY = 51
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _AlterScramResponse
    SCHEMA = Schema(
        (
            "deletions",
            CompactArray(("name", CompactString()), ("mechanism", Int8), ("tags", TaggedFields)),
        ),
        (
            "upsertions",
            CompactArray(
                ("name", CompactString()),
                ("mechanism", Int8),
                ("iterations", Int32),
                ("salt", CompactBytes),
                ("salted_password", CompactBytes),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _AlterScram(Request[_AlterScramStruct]):  # type: ignore[misc]
    API_KEY = 51

    def __init__(self, user: str, password: str) -> None:
        salt = os.urandom(16)
        salted = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS)
        self._upsertion: tuple[Any, ...] = (user, _SCRAM_SHA_512, _ITERATIONS, salt, salted, {})

    def build(self, struct: Any) -> Any:
        return struct([], [self._upsertion], {})


async def add_scram_user(admin: AIOKafkaClient, user: str, password: str) -> None:
    """Make a user that logs in by SCRAM-SHA-512."""
    answer = await admin.send(admin.get_random_node(), _AlterScram(user, password))
    ((_, code, message, _),) = answer.results
    if code:
        raise for_code(code)(message)


async def allow(admin: AIOKafkaClient, user: str, rights: Iterable[Right]) -> None:
    """Give rights to a user, from any host."""
    await _create(admin, user, rights, _ALLOW)


async def deny(admin: AIOKafkaClient, user: str, rights: Iterable[Right]) -> None:
    """Take rights from a user, whatever else is allowed."""
    await _create(admin, user, rights, _DENY)


async def _create(admin: AIOKafkaClient, user: str, rights: Iterable[Right], permission: int) -> None:
    for right in rights:
        request = CreateAclsRequest(right.on, right.name, right.match, f"User:{user}", "*", right.may, permission)
        answer = await admin.send(admin.get_random_node(), request)
        for code, message in answer.creation_responses:
            if code:
                raise for_code(code)(message)
