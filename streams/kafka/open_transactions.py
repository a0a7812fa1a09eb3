"""Transactions that are open on a partition, and whose they are: until they end, nothing behind them can be read.

Brokers tell it since Apache Kafka 3.0 (KIP-664). The requests are those of the Kafka protocol guide, which aiokafka
0.14.0 does not have.
"""

import logging
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import TopicPartition
from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError, for_code
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import CompactArray, CompactString, Int16, Int32, Int64, Schema, TaggedFields

from streams.kafka.connection import client_options
from streams.settings import Settings

log = logging.getLogger(__name__)

_NONE: Final = -1


@dataclass(frozen=True, slots=True)
class OpenTransaction:
    """`first_offset` is that of its first record in the partition, `last_ms` the time of its last one, epoch ms.

    `transactional_id` is None where this user may not see it.
    """

    producer_id: int
    transactional_id: str | None
    first_offset: int
    last_ms: int


async def oldest_open_transaction(settings: Settings, tp: TopicPartition) -> OpenTransaction | None:
    """The one that hides the most of a partition; None where there is none, or the brokers do not tell.

    Raises:
        KafkaError: they do not answer.
    """
    client = AIOKafkaClient(**client_options(settings))
    try:
        await client.bootstrap()
        await client.set_topics([tp.topic])
        leader = client.cluster.leader_for_partition(tp)
        if leader is None or leader == _NONE:
            return None
        answer = await client.send(leader, _DescribeProducers(tp))
        ((_topic, ((_partition, code, _message, producers, _),), _),) = answer.topics
        if code:
            raise for_code(code)(tp)
        opened = [(producer[5], producer[0], producer[3]) for producer in producers if producer[5] != _NONE]
        if not opened:
            return None
        first_offset, producer_id, last_ms = min(opened)
        return OpenTransaction(producer_id, await _transactional_id(client, producer_id), first_offset, last_ms)
    except NotImplementedError:
        return None
    finally:
        await client.close()


async def _transactional_id(client: AIOKafkaClient, producer_id: int) -> str | None:
    for broker in client.cluster.brokers():
        try:
            answer = await client.send(broker.nodeId, _ListTransactions(producer_id))
        except KafkaError as problem:
            log.debug("broker %s does not tell its transactions: %s", broker.nodeId, problem)
            continue
        for transactional_id, _producer_id, _state, _ in answer.transactions:
            return str(transactional_id)
    return None


class _DescribeProducersResponse(Response):  # type: ignore[misc]
    API_KEY = 61
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "topics",
            CompactArray(
                ("name", CompactString("utf-8")),
                (
                    "partitions",
                    CompactArray(
                        ("partition_index", Int32),
                        ("error_code", Int16),
                        ("error_message", CompactString("utf-8")),
                        (
                            "active_producers",
                            CompactArray(
                                ("producer_id", Int64),
                                ("producer_epoch", Int32),
                                ("last_sequence", Int32),
                                ("last_timestamp", Int64),
                                ("coordinator_epoch", Int32),
                                ("current_txn_start_offset", Int64),
                                ("tags", TaggedFields),
                            ),
                        ),
                        ("tags", TaggedFields),
                    ),
                ),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _DescribeProducersStruct(RequestStruct):  # type: ignore[misc]
    API_KEY = 61
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _DescribeProducersResponse
    SCHEMA = Schema(
        (
            "topics",
            CompactArray(
                ("name", CompactString("utf-8")), ("partition_indexes", CompactArray(Int32)), ("tags", TaggedFields)
            ),
        ),
        ("tags", TaggedFields),
    )


class _DescribeProducers(Request[_DescribeProducersStruct]):  # type: ignore[misc]
    API_KEY = 61

    def __init__(self, tp: TopicPartition) -> None:
        self._tp = tp

    def build(self, struct: Any) -> Any:
        return struct([(self._tp.topic, [self._tp.partition], {})], {})


class _ListTransactionsResponse(Response):  # type: ignore[misc]
    API_KEY = 66
    API_VERSION = 0
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("unknown_state_filters", CompactArray(CompactString("utf-8"))),
        (
            "transactions",
            CompactArray(
                ("transactional_id", CompactString("utf-8")),
                ("producer_id", Int64),
                ("state", CompactString("utf-8")),
                ("tags", TaggedFields),
            ),
        ),
        ("tags", TaggedFields),
    )


class _ListTransactionsStruct(RequestStruct):  # type: ignore[misc]
    API_KEY = 66
    API_VERSION = 0
    FLEXIBLE_VERSION = True
    RESPONSE_TYPE = _ListTransactionsResponse
    SCHEMA = Schema(
        ("state_filters", CompactArray(CompactString("utf-8"))),
        ("producer_id_filters", CompactArray(Int64)),
        ("tags", TaggedFields),
    )


class _ListTransactions(Request[_ListTransactionsStruct]):  # type: ignore[misc]
    API_KEY = 66

    def __init__(self, producer_id: int) -> None:
        self._producer_id = producer_id

    def build(self, struct: Any) -> Any:
        return struct([], [self._producer_id], {})
