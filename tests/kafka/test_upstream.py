"""What is replaced in aiokafka: only where asked for, and only while it has the shape that the replacement fits.

An upgrade that moves one of these fails here first, by its name.
"""

import importlib
import inspect
import json
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any, Final

import faust
import pytest
from aiokafka import conn
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.coordinator.assignors.abstract import AbstractPartitionAssignor
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.protocol.api import Request
from aiokafka.record.default_records import _DefaultRecordBatchPy
from aiokafka.record.memory_records import _MemoryRecordsPy
from faust.app.base import BootStrategy
from faust.transport.drivers import aiokafka as driver

import streams
from streams.kafka.fetching import NotedFetcher
from streams.kafka.header_names import ReadableRecords

_PARTITION_RECORDS: Any = ReadableRecords.__base__  # in this process `fetcher` has ours

_TELL = """
import json
{imports}
from aiokafka import conn
from aiokafka.consumer import consumer, fetcher
print(json.dumps([
    *(f"{{it.__module__}}.{{it.__name__}}" for it in
      (fetcher.PartitionRecords, fetcher.MemoryRecords, consumer.Fetcher, consumer.GroupCoordinator)),
    conn.READER_LIMIT,
]))
"""


def in_fresh_interpreter(imports: str) -> list[Any]:
    told = subprocess.run([sys.executable, "-c", _TELL.format(imports=imports)], capture_output=True, check=True)
    found: list[Any] = json.loads(told.stdout)
    return found


UNTOUCHED = in_fresh_interpreter("")


@pytest.mark.parametrize("module", ["streams.client", "streams.kafka.connection", "streams.kafka.chunked_records"])
def test_an_import_changes_nothing(module: str) -> None:
    assert in_fresh_interpreter(f"import {module}") == UNTOUCHED


def test_all_is_replaced_where_asked_for() -> None:
    install = "from streams.kafka.aiokafka_0_14_0 import READER_LIMIT, install; install(); install()"
    assert in_fresh_interpreter(install) == [
        "streams.kafka.chunked_records.ChunkedRecords",
        "streams.kafka.header_names.FetchedBatches",
        "streams.kafka.fetching.NotedFetcher",
        "streams.kafka.membership.Coordinator",
        16 * 1024 * 1024,
    ]
    assert all(one not in UNTOUCHED for one in in_fresh_interpreter(install))


def test_the_versions_are_those_that_this_was_written_for() -> None:
    assert (version("aiokafka"), version("faust-streaming")) == ("0.14.0", "0.15.3")


_TAKES: Final = [
    (
        _PARTITION_RECORDS.__init__,
        (
            "self tp records aborted_transactions fetch_offset key_deserializer value_deserializer check_crcs "
            "isolation_level"
        ),
    ),
    (_PARTITION_RECORDS._unpack_records, "self"),
    (_PARTITION_RECORDS._contains_abort_marker, "self next_batch"),
    (_PARTITION_RECORDS._consume_aborted_up_to, "self batch_offset"),
    (_PARTITION_RECORDS._consumer_record, "self tp record"),
    (_MemoryRecordsPy.next_batch, "self _min_slice _magic_offset"),
    (_DefaultRecordBatchPy._read_msg, "self decode_varint"),
    (NotedFetcher.__bases__[0]._proc_fetch_request, "self assignment node_id request"),
    (NotedFetcher.__bases__[0].close, "self"),
    (GroupCoordinator._send_req, "self request"),
    (GroupCoordinator._on_join_complete, "self generation member_id protocol member_assignment_bytes"),
    (GroupCoordinator._push_error_to_user, "self exc"),
    (GroupCoordinator._lookup_assignor, "self name"),
    (BatchBuilder.__init__, "self batch_size compression_type is_transactional key_serializer value_serializer"),
    (conn.AIOKafkaConnection.connect, "self"),
    (driver.AIOKafkaConsumerThread._create_worker_consumer, "self transport"),
    (driver.Consumer._new_consumer_thread, "self"),
    (driver.Consumer._getmany, "self active_partitions timeout"),
    (driver.Consumer._seek, "self partition offset"),
    (driver.Consumer.perform_seek, "self"),
    (driver.Consumer.wait_empty, "self"),
    (driver.Consumer.force_commit, "self topics start_new_transaction"),
    (driver.Consumer.on_partitions_revoked, "self revoked"),
    (driver.Consumer.on_partitions_assigned, "self assigned generation_id"),
    (driver.AIOKafkaConsumerThread.seek_wait, "self partitions"),
    (faust.App._new_transport, "self"),
    (faust.App._create_directories, "self"),
    (faust.App._crash, "self reason"),
    (faust.App.on_first_start, "self"),
    (
        BootStrategy.__init__,
        "self app enable_web enable_kafka enable_kafka_producer enable_kafka_consumer enable_sensors",
    ),
    (driver.AIOKafkaConsumerThread.on_start, "self"),
    (driver.Consumer.on_stop, "self"),
    (faust.App.on_stop, "self"),
    (AbstractPartitionAssignor.metadata, "topics"),
    (AbstractPartitionAssignor.assign, "cluster members"),
    (AbstractPartitionAssignor.on_assignment, "assignment"),
    (ConsumerRebalanceListener.on_partitions_revoked, "self revoked"),
    (ConsumerRebalanceListener.on_partitions_assigned, "self assigned"),
    (Request.build, "self request_struct_class"),
]
"""What is overridden or called within, and its parameters."""


@pytest.mark.parametrize(("theirs", "parameters"), _TAKES, ids=lambda it: getattr(it, "__qualname__", ""))
def test_what_is_overridden_or_called_within_takes_what_it_took(theirs: Any, parameters: str) -> None:
    assert " ".join(inspect.signature(theirs).parameters) == parameters


def test_every_method_that_is_overridden_is_among_them() -> None:
    named = {inspect.unwrap(getattr(theirs, "__func__", theirs)) for theirs, _ in _TAKES}
    assert {theirs.__qualname__ for theirs in _overridden() - named} == set()


def _overridden() -> set[Any]:
    """Methods of aiokafka, Faust and mode that classes of ours have anew."""
    found = set()
    for module in pkgutil.walk_packages(streams.__path__, "streams."):
        if module.name.endswith("__main__"):
            continue
        for ours in vars(importlib.import_module(module.name)).values():
            if inspect.isclass(ours) and ours.__module__ == module.name:
                found |= set(_overridden_by(ours))
    return found


def _overridden_by(ours: type) -> Iterator[Any]:
    theirs = [one for one in ours.__mro__ if one.__module__.partition(".")[0] in ("aiokafka", "faust", "mode")]
    for name, own in vars(ours).items():
        if inspect.isfunction(getattr(own, "__func__", own)) and not name.startswith("__"):
            inherited = next((vars(one)[name] for one in theirs if name in vars(one)), None)
            if inherited is not None:
                yield inspect.unwrap(getattr(inherited, "__func__", inherited))
