"""Deleting a consumer group: the admin client cannot. Source: the Kafka protocol guide, DeleteGroups."""

from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Int16, Int32, Schema, String

_DELETE_GROUPS = 42


class _Answer(Response):  # type: ignore[misc]
    API_KEY = _DELETE_GROUPS
    API_VERSION = 0
    SCHEMA = Schema(("throttle_time_ms", Int32), ("results", Array(("group", String("utf-8")), ("error_code", Int16))))


class _Question(RequestStruct):  # type: ignore[misc]
    API_KEY = _DELETE_GROUPS
    API_VERSION = 0
    RESPONSE_TYPE = _Answer
    SCHEMA = Schema(("groups", Array(String("utf-8"))))


class _DeleteGroups(Request[_Question]):  # type: ignore[misc]
    API_KEY = _DELETE_GROUPS

    def __init__(self, *groups: str) -> None:
        self._groups = groups

    def build(self, request_struct_class: type[_Question]) -> Any:
        return request_struct_class(self._groups)


async def delete_group(admin: AIOKafkaAdminClient, group: str) -> None:
    """Delete a group and its committed offsets.

    Raises:
        aiokafka.errors.KafkaError: not done; NonEmptyGroupError while a member is not known to have left.
    """
    answer = await admin._send_request(_DeleteGroups(group), await admin.find_coordinator(group))
    ((_, code),) = answer.results
    if code:
        raise for_code(code)(group)
